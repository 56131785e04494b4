"""The offline bundle as a verifier meets it, forged from its description in docs/trust-bundle.md."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests import forge
from tests.forge import BASE, DAY, DICTIONARY, KEYS, NOW, T0, TYPES, b64, dumps, trusted_list

from elicence.errors import TrustFault
from elicence.formats.trust_bundle import MAX_BUNDLE
from elicence.verifier.bundle import Bundle, open_bundle
from elicence.verifier.trust import parse_roots
from elicence.verifier.verify import verify

LIST = f"{BASE}/status/city/3"
Members = dict[str, Any]


def parts() -> Members:
    return {
        "trusted_list": trusted_list().decode(),
        "status_lists": {LIST: forge.status_token()},
        "types": {f"types/{slug}/v1.json": document.decode() for slug, document in TYPES.items()},
        "contexts": {"ns/market-stall/v1": '{"@context": {}}'},
        "dictionaries": {"1": b64(DICTIONARY)},
    }


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def manifest(content: Mapping[str, Any]) -> Members:
    groups = {
        name: {k: digest(text) for k, text in content[name].items()} for name in ("status_lists", "types", "contexts")
    }
    groups["dictionaries"] = {
        k: hashlib.sha256(forge.unb64(text)).hexdigest() for k, text in content["dictionaries"].items()
    }
    return {
        "iss": BASE,
        "iat": T0 - 600,
        "exp": T0 + 7 * DAY,
        "trusted_list": digest(content["trusted_list"]),
        **groups,
    }


def signed(payload: bytes, name: str, **header: Any) -> str:
    head = {"alg": "ES256", "typ": "licence-bundle+jwt", "kid": KEYS[name].kid} | header
    to_sign = f"{b64(dumps(head))}.{b64(payload)}"
    return f"{to_sign}.{b64(KEYS[name].sign(to_sign.encode()))}"


def bundle(
    content: Members | None = None,
    *,
    roots: tuple[str, ...] = ("root-1",),
    changes: Mapping[str, Any] | None = None,
    header: Mapping[str, Any] | None = None,
    document: Mapping[str, Any] | None = None,
) -> bytes:  # fmt: skip
    """A genuine bundle, or one of other parts, with a changed manifest, header or document."""
    content = content or parts()
    payload = dumps(manifest(content) | dict(changes or {}))
    jwts = [signed(payload, name, **(header or {})) for name in roots]
    whole = {"object": "trust_bundle", "base_url": BASE, "manifest": b64(payload), "signatures": jwts, **content}
    return dumps(whole | dict(document or {}))


def opened(document: bytes, *, threshold: int = 1, now: Any = NOW, **more: Any) -> Bundle:
    return open_bundle(document, parse_roots(forge.roots(threshold)), now=now, **more)


def refused(document: bytes, **more: Any) -> str:
    with pytest.raises(TrustFault) as caught:
        opened(document, **more)
    return caught.value.code


def without(name: str) -> bytes:
    return dumps({key: value for key, value in json.loads(bundle()).items() if key != name})


def test_a_genuine_bundle_is_all_that_verifying_needs() -> None:
    found = opened(bundle())
    report = verify(forge.licence(), trust=found.trust, sources=found.sources, now=NOW)
    assert report.verdict == "valid"
    assert found.issued_at == NOW - timedelta(minutes=10)
    assert found.expires_at == NOW + timedelta(days=7)
    assert found.contexts == parts()["contexts"]
    assert found.sources.dictionaries() == {1: DICTIONARY}


def test_a_bundle_without_status_lists_is_one() -> None:
    found = opened(bundle(parts() | {"status_lists": {}}))
    report = verify(forge.licence(), trust=found.trust, sources=found.sources, now=NOW)
    assert report.verdict == "status_unknown"


@pytest.mark.parametrize(
    "change",
    [
        lambda each: each["status_lists"].clear(),
        lambda each: each["status_lists"].update({LIST: forge.status_token({"values": {"1": 1}})}),
        lambda each: each["status_lists"].update({f"{BASE}/status/port/3": forge.status_token({"issuer": "port"})}),
        lambda each: each["types"].pop("types/market-stall/v1.json"),
        lambda each: each["types"].update({"types/market-stall/v1.json": TYPES["market-stall"].decode() + " "}),
        lambda each: each["types"].update({"types/market-stall/v2.json": "{}"}),
        lambda each: each["contexts"].update({"ns/market-stall/v1": "{}"}),
        lambda each: each["dictionaries"].update({"1": b64(DICTIONARY[:-1])}),
        lambda each: each["dictionaries"].update({"2": b64(DICTIONARY)}),
        lambda each: each.update(trusted_list=trusted_list({"set": {"/version": 8}}).decode()),
        lambda each: each.update(trusted_list=each["trusted_list"] + " "),
    ],
)
def test_a_part_taken_out_put_in_or_changed_is_noticed(change: Callable[[Members], Any]) -> None:
    document = json.loads(bundle())
    change(document)
    assert refused(dumps(document)) == "trust_bad"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: b"", "trust_bad"),
        (lambda: b"[]", "trust_bad"),
        (lambda: b"{}", "trust_bad"),
        (lambda: b"\xff" + bundle(), "trust_bad"),
        (lambda: bundle()[:-1], "trust_bad"),
        (lambda: bundle() + b"{}", "trust_bad"),
        (lambda: bundle(document={"extra": 1}), "trust_bad"),
        (lambda: bundle(document={"object": "bundle"}), "trust_bad"),
        (lambda: bundle(document={"base_url": "https://other.example"}), "trust_bad"),
        (lambda: bundle(document={"signatures": []}), "trust_bad"),
        (lambda: bundle(document={"signatures": None}), "trust_bad"),
        (lambda: bundle(document={"signatures": [None]}), "trust_bad"),
        (lambda: bundle(document={"signatures": [signed(b"{}", "root-1")]}), "trust_bad"),
        (lambda: bundle(roots=("root-1",) * 17), "trust_bad"),
        (lambda: bundle(document={"manifest": b64(b"{}")}), "trust_bad"),
        (lambda: bundle(document={"manifest": None}), "trust_bad"),
        (lambda: bundle(document={"trusted_list": None}), "trust_bad"),
        (lambda: bundle(document={"types": []}), "trust_bad"),
        (lambda: bundle(document={"types": {"types/market-stall/v1.json": 1}}), "trust_bad"),
        (lambda: bundle(document={"types": {"": "x"}}), "trust_bad"),
        (lambda: bundle(document={"types": {"x" * 513: "x"}}), "trust_bad"),
        (lambda: bundle(document={"dictionaries": {"0": ""}}), "trust_bad"),
        (lambda: bundle(document={"dictionaries": {"1": "=="}}), "trust_bad"),
        (lambda: bundle().replace(b'"object":', b'"object":"x","object":'), "trust_bad"),
        (lambda: bundle(document={"types": {"a": "x" * MAX_BUNDLE}}), "trust_too_large"),
        (lambda: bundle(changes={"iss": "ftp://x"}), "trust_bad"),
        (lambda: bundle(changes={"iss": "https://other.example"}), "trust_bad"),
        (lambda: bundle(changes={"iat": "now"}), "trust_bad"),
        (lambda: bundle(changes={"iat": -1}), "trust_bad"),
        (lambda: bundle(changes={"iat": True}), "trust_bad"),
        (lambda: bundle(changes={"exp": 10**12}), "trust_bad"),
        (lambda: bundle(changes={"exp": T0 - 600}), "trust_bad"),
        (lambda: bundle(changes={"trusted_list": "0" * 63}), "trust_bad"),
        (lambda: bundle(changes={"types": {}}), "trust_bad"),
        (lambda: bundle(changes={"types": None}), "trust_bad"),
        (lambda: bundle(changes={"extra": 1}), "trust_bad"),
        (lambda: bundle(changes={"iat": T0 + 61}), "trust_bad"),
        (lambda: bundle(changes={"exp": T0}), "trust_expired"),
    ],
)
def test_what_is_no_bundle_is_refused(make: Callable[[], bytes], code: str) -> None:
    assert refused(make()) == code


@pytest.mark.parametrize(
    "name", ["object", "base_url", "manifest", "signatures", "trusted_list", "status_lists", "types"]
)
def test_a_bundle_lacks_nothing(name: str) -> None:
    assert refused(without(name)) == "trust_bad"


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "licence-trusted-list+jwt"},
        {"typ": "statuslist+jwt"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"crit": ["exp"]},
        {"jwk": KEYS["root-1"].jwk},
        {"kid": None},
    ],
)
def test_a_signature_of_another_kind_does_not_count(header: Mapping[str, Any]) -> None:
    assert refused(bundle(header=header)) == "trust_bad"


@pytest.mark.parametrize("names", [("stranger",), ("city",), ("city-status",), ("stranger", "city")])
def test_only_roots_count(names: tuple[str, ...]) -> None:
    assert refused(bundle(roots=names)) == "trust_untrusted"


def test_as_many_different_roots_as_must_agree_have_signed() -> None:
    both = parts() | {"trusted_list": trusted_list({"roots": ["root-1", "root-2"]}).decode()}
    assert opened(bundle(both, roots=("root-1", "root-2")), threshold=2).trust.version == 7
    for names in (("root-1",), ("root-1", "root-1"), ("root-1", "stranger")):
        assert refused(bundle(both, roots=names), threshold=2) == "trust_untrusted"


def test_the_signature_of_a_trusted_list_is_none_of_a_bundle() -> None:
    jwts = json.loads(trusted_list())["signatures"]
    segment = json.loads(trusted_list())["list"]
    assert refused(bundle(document={"manifest": segment, "signatures": jwts})) == "trust_bad"


def test_not_a_byte_of_the_manifest_can_be_changed() -> None:
    document = json.loads(bundle())
    head, body, mark = document["signatures"][0].split(".")
    for at in range(0, len(body), 7):
        other = body[:at] + ("A" if body[at] != "A" else "B") + body[at + 1 :]
        changed = document | {"manifest": other, "signatures": [f"{head}.{other}.{mark}"]}
        assert refused(dumps(changed)) in {"trust_bad", "trust_untrusted"}


def test_an_older_bundle_than_one_seen_before_is_refused() -> None:
    made = NOW - timedelta(minutes=10)
    assert opened(bundle(), newest_bundle=made).issued_at == made
    assert refused(bundle(), newest_bundle=made + timedelta(seconds=1)) == "trust_rollback"
    assert refused(bundle(), newest_seen=8) == "trust_rollback"


def test_it_serves_from_its_making_to_its_end() -> None:
    made, ends = NOW - timedelta(minutes=10), NOW + timedelta(days=7)
    for now in (made - timedelta(seconds=60), ends - timedelta(seconds=1)):
        assert opened(bundle(), now=now).expires_at == ends
    assert refused(bundle(), now=made - timedelta(seconds=61)) == "trust_bad"
    assert refused(bundle(), now=ends) == "trust_expired"


@pytest.mark.parametrize(
    "change",
    [
        {"trusted_list": trusted_list({"roots": ["stranger"]}).decode()},
        {"trusted_list": trusted_list({"set": {"/exp": T0}}).decode()},
        {"trusted_list": "{}"},
        {"status_lists": {"https://other.example/status/city/3": forge.status_token()}},
        {"status_lists": {f"{LIST}/revocation": forge.status_token()}},
        {"status_lists": {f"{BASE}/../etc/passwd": "x"}},
        {"types": {"types/../../x/v1.json": "{}"}},
        {"types": {"market-stall": "{}"}},
    ],
)
def test_what_the_roots_sign_as_a_bundle_is_judged_part_by_part(change: Members) -> None:
    assert refused(bundle(parts() | change)) in {"trust_bad", "trust_untrusted", "trust_expired"}


def test_another_registrys_trusted_list_is_not_believed_here() -> None:
    document = bundle(changes={"iss": "https://other.example"}, document={"base_url": "https://other.example"})
    assert refused(document) == "trust_bad"
