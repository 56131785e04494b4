"""What we publish read by others: another JOSE library, and readers of ten lines that know only the standards."""

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet
from tests.assembly import House, example, house

from elicence.formats.vcdm import check_data_model
from elicence.issuer.change_status import change_status
from elicence.issuer.issue import issue
from elicence.issuer.new_version import correct
from elicence.issuer.read import LicenceView
from elicence.licences.lifecycle import Action


@pytest.fixture
def built(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, None) as opened:
        yield opened


def issued(built: House, type_slug: str = "food-business-licence") -> LicenceView:
    answer = issue(built.desk, built.caller(), example(type_slug), idempotency_key=type_slug, now=built.clock())
    assert isinstance(answer, LicenceView)
    built.assembly.publish()
    return answer


def change(built: House, licence: LicenceView, action: Action) -> None:
    reason = None if action is Action.REINSTATE else "issued_in_error"
    change_status(built.desk, built.caller(), licence.id, action, reason=reason, now=built.clock())
    built.assembly.publish()


def payload(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def token_status(published: Path, credential: str) -> int:
    """Token Status List: two bits an entry, least significant first, zlib."""
    entry = payload(credential)["credentialStatus"][0]
    place = entry["statusListCredential"].removesuffix("/revocation").split("/", 3)[3]
    listed = payload((published / f"{place}.statuslist+jwt").read_text())["status_list"]
    packed = zlib.decompress(base64.urlsafe_b64decode(listed["lst"] + "=="))
    index, bits = int(entry["statusListIndex"]), listed["bits"]
    return packed[index * bits // 8] >> index * bits % 8 & (1 << bits) - 1


def bitstring_status(published: Path, credential: str) -> dict[str, int]:
    """Bitstring Status List: a list for each purpose, one bit an entry, most significant first, gzip after a `u`."""
    found = {}
    for entry in payload(credential)["credentialStatus"]:
        family, _, purpose = entry["statusListCredential"].split("/", 3)[3].rpartition("/")
        listed = payload((published / f"{family}.{purpose}.vc+jwt").read_text())["credentialSubject"]
        bits = gzip.decompress(base64.urlsafe_b64decode(listed["encodedList"][1:] + "=="))
        index = int(entry["statusListIndex"])
        found[listed["statusPurpose"]] = bits[index // 8] >> 7 - index % 8 & 1
    return found


def keys_at(published: Path, place: str) -> KeySet:
    return KeySet.import_key_set(json.loads((published / place).read_bytes()))


@pytest.mark.parametrize("place", [".well-known/jwks.json", "a/housing/jwks.json"])
def test_another_jose_library_accepts_what_we_sign_with_the_published_keys(built: House, place: str) -> None:
    licence = issued(built)
    published = built.settings.published_dir
    lists = [path.read_text() for path in (published / "status" / "housing").iterdir()]
    keys = {key.kid: key for key in keys_at(published, place).keys}
    assert len(lists) == 3
    for token in (licence.credential, *lists):
        kid = jws.extract_compact(token.encode()).headers()["kid"].rpartition("#")[2]
        checked = jws.deserialize_compact(token, keys[kid], algorithms=["ES256"])
        assert json.loads(checked.payload) == payload(token)
        assert keys[kid].thumbprint() == kid


def test_another_jose_library_refuses_it_under_the_key_of_the_lists_and_after_one_changed_byte(built: House) -> None:
    licence = issued(built)
    keys = keys_at(built.settings.published_dir, "a/housing/jwks.json").keys
    head, body, signature = licence.credential.split(".")
    (key,) = (key for key in keys if key.kid == licence.kid)
    (other,) = (key for key in keys if key.kid != licence.kid)
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(licence.credential, other, algorithms=["ES256"])
    changed = body[:40] + ("A" if body[40] != "A" else "B") + body[41:]
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(f"{head}.{changed}.{signature}", key, algorithms=["ES256"])


def test_another_jose_library_finds_the_root_in_the_trusted_list(built: House) -> None:
    issued(built)
    published = built.settings.published_dir
    document = json.loads((published / "trusted-list.json").read_bytes())
    (root,) = KeySet.import_key_set(json.loads((published / "roots.json").read_bytes())).keys
    (token,) = document["signatures"]
    checked = jws.deserialize_compact(token, root, algorithms=["ES256"])
    assert token.split(".")[1] == document["list"]
    assert checked.headers() == {"alg": "ES256", "typ": "licence-trusted-list+jwt", "kid": root.thumbprint()}


def test_both_lists_tell_the_same_of_a_licence_through_its_whole_life(built: House) -> None:
    licence, published = issued(built), built.settings.published_dir
    life = [
        (None, 0, {"revocation": 0, "suspension": 0}),
        (Action.SUSPEND, 2, {"revocation": 0, "suspension": 1}),
        (Action.REINSTATE, 0, {"revocation": 0, "suspension": 0}),
        (Action.REVOKE, 1, {"revocation": 1, "suspension": 0}),
    ]
    for action, token, bits in life:
        if action is not None:
            built.clock.move(seconds=1)
            change(built, licence, action)
        assert token_status(published, licence.credential) == token, action
        assert bitstring_status(published, licence.credential) == bits, action


def test_both_lists_tell_of_a_correction_that_the_old_version_no_longer_counts(built: House) -> None:
    old, published = issued(built), built.settings.published_dir
    new = correct(
        built.desk, built.caller(), old.id, {"claims": {"complaint_phone": "12345"}},
        reason="issued_in_error", if_version=old.row_version, idempotency_key="correction", now=built.clock(),
    )  # fmt: skip
    assert isinstance(new, LicenceView)
    built.assembly.publish()
    assert (token_status(published, old.credential), token_status(published, new.credential)) == (3, 0)
    assert bitstring_status(published, old.credential) == {"revocation": 1, "suspension": 0}
    assert bitstring_status(published, new.credential) == {"revocation": 0, "suspension": 0}


def test_the_did_document_and_the_key_sets_hold_the_same_keys(built: House) -> None:
    licence, published = issued(built), built.settings.published_dir
    document = json.loads((published / "a/housing/did.json").read_bytes())
    metadata = json.loads((published / ".well-known/jwt-vc-issuer/a/housing").read_bytes())
    methods = {method["id"]: method["publicKeyJwk"] for method in document["verificationMethod"]}
    listed = json.loads((published / "a/housing/jwks.json").read_bytes())["keys"]
    assert document["id"] == payload(licence.credential)["iss"]
    assert methods == {f"{document['id']}#{key['kid']}": key for key in listed}
    assert metadata["jwks"]["keys"] == listed
    assert metadata["issuer"] in document["alsoKnownAs"]
    kid = jws.extract_compact(licence.credential.encode()).headers()["kid"]
    assert kid in methods
    assert kid in document["assertionMethod"]


@pytest.mark.parametrize(
    "type_slug", ["food-business-licence", "real-estate-registration", "degree", "business-licence-tax-certificate"]
)
def test_the_credential_keeps_the_data_model_and_its_context_is_the_pinned_one(built: House, type_slug: str) -> None:
    licence, published = issued(built, type_slug), built.settings.published_dir
    credential = payload(licence.credential)
    check_data_model(credential)
    trusted = payload(f".{json.loads((published / 'trusted-list.json').read_bytes())['list']}.")
    pinned = {each["context"]: each for each in trusted["types"]}[credential["@context"][1]]
    place = pinned["context"].split("/", 3)[3]
    assert hashlib.sha256((published / place).read_bytes()).hexdigest() == pinned["context_sha256"]
    document = (published / "types" / pinned["slug"] / f"v{pinned['version']}.json").read_bytes()
    assert hashlib.sha256(document).hexdigest() == pinned["type_sha256"]
    terms = json.loads((published / place).read_bytes())["@context"]
    assert credential["type"][1] in terms
    for name in (published / "status" / "housing").glob("*.vc+jwt"):
        check_data_model(payload(name.read_text()))
