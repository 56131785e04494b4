import os
import stat
import threading
from pathlib import Path

import pytest

from elicence.errors import KeyFault
from elicence.keys.private_files import create_passphrase, read_guarded, read_passphrase, write_private


def fault_of(path: Path, *, secret: bool = True) -> str:
    with pytest.raises(KeyFault) as caught:
        read_guarded(path, secret=secret)
    return caught.value.code


@pytest.fixture
def secret_file(keys_dir):
    path = keys_dir / "private" / "thing"
    write_private(path, b"content", replace=False)
    return path


def test_a_private_file_is_for_its_owner_only_and_reads_back(secret_file):
    assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600
    assert read_guarded(secret_file) == b"content"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777])
def test_a_file_open_to_anybody_else_is_exposed(secret_file, mode):
    secret_file.chmod(mode)
    assert fault_of(secret_file) == "key_exposed"


@pytest.mark.parametrize(("mode", "fine"), [(0o644, True), (0o444, True), (0o664, False), (0o646, False)])
def test_a_public_file_may_be_read_by_all_and_written_by_nobody_else(secret_file, mode, fine):
    secret_file.chmod(mode)
    if fine:
        assert read_guarded(secret_file, secret=False) == b"content"
    else:
        assert fault_of(secret_file, secret=False) == "key_exposed"


def test_what_is_not_a_regular_file_is_refused_at_once(keys_dir, secret_file):
    link = keys_dir / "private" / "link"
    link.symlink_to(secret_file)
    dangling = keys_dir / "private" / "dangling"
    dangling.symlink_to(keys_dir / "nowhere")
    pipe = keys_dir / "private" / "pipe"
    os.mkfifo(pipe, 0o600)
    for path in (
        link,
        dangling,
        pipe,
        keys_dir / "private",
        keys_dir / "missing",
        keys_dir / "no" / "folder",
        Path("/dev/null"),
    ):
        assert fault_of(path) == "key_unreadable"


def test_a_folder_that_others_can_write_to_is_exposed_unless_sticky(secret_file):
    secret_file.parent.chmod(0o777)
    assert fault_of(secret_file) == "key_exposed"
    secret_file.parent.chmod(0o1777)
    assert read_guarded(secret_file) == b"content"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_exposed(secret_file):
    os.chown(secret_file, 12345, 12345)
    assert fault_of(secret_file) == "key_exposed"


def test_a_file_of_sixteen_megabytes_is_no_key(secret_file):
    os.truncate(secret_file, 16 * 1024 * 1024)
    assert fault_of(secret_file) == "key_unreadable"


def test_a_file_is_replaced_only_on_request_and_leaves_nothing_behind(secret_file):
    with pytest.raises(FileExistsError):
        write_private(secret_file, b"other", replace=False)
    assert read_guarded(secret_file) == b"content"
    secret_file.chmod(0o644)
    write_private(secret_file, b"other", replace=True)
    assert read_guarded(secret_file) == b"other"
    assert [path.name for path in secret_file.parent.iterdir()] == ["thing"]


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(secret_file, monkeypatch):
    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        write_private(secret_file, b"other", replace=True)
    assert read_guarded(secret_file) == b"content"
    assert [path.name for path in secret_file.parent.iterdir()] == ["thing"]


def test_file_and_folder_are_synced_in_that_order(keys_dir, monkeypatch):
    synced = []
    real = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    write_private(keys_dir / "private" / "new", b"x", replace=False)
    assert synced == [False, True]


def test_readers_see_the_old_file_or_the_new_one_and_never_a_part(secret_file):
    versions = [bytes([letter]) * 50_000 for letter in b"abcdef"]
    write_private(secret_file, versions[0], replace=True)
    writer = threading.Thread(target=lambda: [write_private(secret_file, each, replace=True) for each in versions * 5])
    writer.start()
    while writer.is_alive():
        assert read_guarded(secret_file) in versions
    writer.join()


def test_a_passphrase_file_is_random_private_and_made_once(keys_dir, entropy):
    path = keys_dir / "passphrase"
    passphrase = create_passphrase(path, entropy)
    assert len(passphrase) == 32
    assert read_passphrase(path) == passphrase
    with pytest.raises(KeyFault) as caught:
        create_passphrase(path, entropy)
    assert caught.value.code == "key_passphrase"
    assert read_passphrase(path) == passphrase


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n"])
def test_an_empty_passphrase_file_is_refused(keys_dir, content):
    write_private(keys_dir / "passphrase", content, replace=False)
    with pytest.raises(KeyFault) as caught:
        read_passphrase(keys_dir / "passphrase")
    assert caught.value.code == "key_passphrase"


def test_blanks_belong_to_a_passphrase_and_the_line_end_does_not(keys_dir):
    write_private(keys_dir / "passphrase", b" two words \r\n", replace=False)
    assert read_passphrase(keys_dir / "passphrase") == b" two words "
