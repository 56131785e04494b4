"""Published files: whole or not there, durable, readable by a web server, and left alone when they are right."""

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from elicence.errors import PublishFault
from elicence.issuer.published_folder import PublishedFolder


@pytest.fixture
def folder(tmp_path: Path) -> PublishedFolder:
    return PublishedFolder(tmp_path / "published")


def names(folder: PublishedFolder) -> list[str]:
    return sorted(path.relative_to(folder.root).as_posix() for path in folder.root.rglob("*") if path.is_file())


def test_a_file_is_written_with_the_folders_it_needs_and_read_back(folder):
    assert folder.read("a/b/c.json") is None
    assert folder.write("a/b/c.json", b"one") is True
    assert folder.read("a/b/c.json") == b"one"
    assert names(folder) == ["a/b/c.json"]


def test_the_same_content_is_not_written_again(folder):
    folder.write("x", b"one")
    before = (folder.root / "x").stat()
    assert folder.write("x", b"one") is False
    after = (folder.root / "x").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert folder.write("x", b"two") is True


def test_what_lies_there_and_was_seen_to_be_right_is_read_again_once_anybody_touched_it(folder):
    path = folder.root / "x"
    folder.write("x", b"right")
    assert folder.write("x", b"right") is False  # read, and from now on known
    time.sleep(0.02)  # the clock of a file system ticks slowly
    for spoil in (
        lambda: path.write_bytes(b"wrong"),
        lambda: (path.with_name("y").write_bytes(b"wrong"), path.with_name("y").replace(path)),
        lambda: (path.write_bytes(b"wrong"), os.utime(path, (1, 1))),
        path.unlink,
    ):
        spoil()
        assert folder.write("x", b"right") is True
        assert folder.read("x") == b"right"
        assert folder.write("x", b"right") is False
        time.sleep(0.02)
    assert folder.write("x", b"other") is True
    assert folder.write("x", b"right") is True


def test_what_nobody_touched_is_not_read_again(folder, monkeypatch):
    folder.write("x", b"right")
    assert folder.write("x", b"right") is False
    monkeypatch.setattr(PublishedFolder, "read", lambda *_: pytest.fail("it was read"))
    assert folder.write("x", b"right") is False


def test_a_web_server_may_read_the_file_whatever_the_umask(folder):
    before = os.umask(0o077)
    try:
        folder.write("x", b"one")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder.root / "x").stat().st_mode) == 0o644


def test_whoever_has_the_old_file_open_reads_it_to_its_end(folder):
    folder.write("x", b"old" * 1000)
    with (folder.root / "x").open("rb") as reader:
        first = reader.read(10)
        folder.write("x", b"new" * 2000)
        assert first + reader.read() == b"old" * 1000


def test_readers_never_meet_half_a_file(folder):
    contents = [bytes([65 + n]) * 200_000 for n in range(2)]
    folder.write("x", contents[0])
    stop, seen = threading.Event(), set()

    def read() -> None:
        while not stop.is_set():
            seen.add(folder.read("x"))

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(60):
        folder.write("x", contents[n % 2])
    stop.set()
    reader.join()
    assert seen <= set(contents)


@pytest.mark.parametrize("failing", ["fsync", "write", "rename"])
def test_a_disk_that_fails_is_a_publish_fault_and_leaves_the_old_file_and_no_rubbish(folder, monkeypatch, failing):
    folder.write("x", b"old")

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    match failing:
        case "fsync":
            monkeypatch.setattr(os, "fsync", fail)
        case "write":
            monkeypatch.setattr(os, "fchmod", fail)
        case "rename":
            monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(PublishFault, match="publish_io"):
        folder.write("x", b"new")
    monkeypatch.undo()
    assert folder.read("x") == b"old"
    assert names(folder) == ["x"]


def test_a_file_where_a_folder_should_be_is_a_publish_fault(folder):
    folder.write("a", b"file")
    with pytest.raises(PublishFault, match="publish_io"):
        folder.write("a/b", b"x")
    (folder.root / "d").mkdir()
    with pytest.raises(PublishFault, match="publish_io"):
        folder.write("d", b"x")


def test_writers_at_once_leave_one_whole_file(folder):
    contents = [bytes([65 + n]) * 50_000 for n in range(8)]
    threads = [threading.Thread(target=folder.write, args=("x", content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert folder.read("x") in contents
    assert names(folder) == ["x"]
