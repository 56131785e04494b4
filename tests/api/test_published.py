"""The published files: the bytes of the folder, cacheable, of the right type; they are all a verifier needs."""

import hashlib
import json
from typing import Any

import pytest
from tests.api.calls import Calls, code, food
from tests.assembly import BASE_URL

from elicence.verifier.bundle import open_bundle
from elicence.verifier.trust import parse_roots
from elicence.verifier.verify import verify

FILES = {
    "/trusted-list.json": ("trusted-list.json", "application/json"),
    "/.well-known/jwks.json": (".well-known/jwks.json", "application/jwk-set+json"),
    "/.well-known/jwt-vc-issuer/a/housing": (".well-known/jwt-vc-issuer/a/housing", "application/json"),
    "/a/housing/did.json": ("a/housing/did.json", "application/did+json"),
    "/a/housing/jwks.json": ("a/housing/jwks.json", "application/jwk-set+json"),
    "/ns/degree/v1": ("ns/degree/v1", "application/ld+json"),
    "/types/degree/v1.json": ("types/degree/v1.json", "application/json"),
    "/v1/trust/bundle": ("v1/trust/bundle", "application/json"),
    "/qr/dictionary-1.bin": ("qr/dictionary-1.bin", "application/octet-stream"),
    "/status/housing/1": ("status/housing/1.statuslist+jwt", "application/statuslist+jwt"),
    "/status/housing/1/revocation": ("status/housing/1.revocation.vc+jwt", "application/vc+jwt"),
    "/status/housing/1/suspension": ("status/housing/1.suspension.vc+jwt", "application/vc+jwt"),
}


@pytest.fixture(scope="module")
def licence(steady: Calls) -> dict[str, Any]:
    made = steady.issue(600)
    steady.house.assembly.publish()
    return made


@pytest.mark.parametrize("url", FILES)
def test_a_file_is_served_as_it_lies_and_cached(steady: Calls, licence: dict[str, Any], url: str) -> None:
    place, kind = FILES[url]
    answer = steady.get(url, headers={"Authorization": None})
    assert answer.content == (steady.house.settings.published_dir / place).read_bytes()
    assert answer.headers["content-type"].partition(";")[0] == kind
    assert answer.headers["access-control-allow-origin"] == "*"
    unchanging = url.startswith(("/ns/", "/types/", "/qr/"))
    assert ("immutable" in answer.headers["cache-control"]) is unchanging
    tag = answer.headers["etag"]
    for names in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        again = steady.get(url, headers={"If-None-Match": names})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert steady.get(url, headers={"If-None-Match": '"x"'}).status_code == 200
    assert code(steady.get(f"{url}?x=1"))[0] == 422


@pytest.mark.parametrize(
    "url",
    ["/status/nobody/1", "/status/housing/99", "/a/nobody/did.json", "/ns/degree/v9", "/types/degree/v0.json",
     "/qr/dictionary-9.bin", "/status/housing/1/suspicion", "/status/HOUSING/1", "/ns/%2e%2e/v1", "/v1/types/nix",
     "/v1/types/%00", "/v1/types/degree?version=9", "/problems/nix", "/types/degree/v1.json.json"],
)  # fmt: skip
def test_what_is_not_published_is_404(steady: Calls, url: str) -> None:
    assert code(steady.get(url))[0] == 404


def test_a_list_of_the_past_is_answered_while_it_was_good(calls: Calls) -> None:
    house = calls.house
    licence = calls.issue()
    house.assembly.publish()
    first = calls.get("/status/housing/1")
    published = int(house.clock().timestamp())
    house.clock.move(minutes=5)
    calls.post(f"/v1/licences/{licence['id']}/revoke", {"reason": "penalty"})
    house.assembly.publish()
    assert calls.get("/status/housing/1").content != first.content
    past = calls.get(f"/status/housing/1?time={published + 1}")
    assert past.content == first.content
    assert past.headers["etag"] == first.headers["etag"]
    assert past.headers["content-type"] == "application/statuslist+jwt"
    bits = calls.get(f"/status/housing/1/revocation?time={published + 1}")
    assert bits.status_code == 200
    for time in (published - 10, published + 10_000_000, 0, 9_999_999_999):
        assert code(calls.get(f"/status/housing/1?time={time}")) == (404, "status_list_not_found")
    for time in ("x", "-1", "1.5", "99999999999", ""):
        assert code(calls.get(f"/status/housing/1?time={time}"))[0] == 422
    assert code(calls.get(f"/status/nobody/1?time={published}")) == (404, "status_list_not_found")


def test_with_the_bundle_alone_a_licence_is_verified(calls: Calls) -> None:
    licence, published = calls.issue(600), calls.house.settings.published_dir
    calls.house.clock.move(minutes=2)
    calls.house.assembly.publish()
    answer = calls.get("/v1/trust/bundle")
    assert answer.content == (published / "v1/trust/bundle").read_bytes()
    roots, now = parse_roots((published / "roots.json").read_bytes()), calls.house.clock()
    bundle = open_bundle(answer.content, roots, now=now)
    assert bundle.trust.base_url == BASE_URL
    assert bundle.issued_at == now
    assert verify(licence["qr"]["content"], trust=bundle.trust, sources=bundle.sources, now=now).verdict == "valid"
    for place, text in bundle.contexts.items():
        digests = {each.context_sha256 for each in bundle.trust.payload.types}
        assert hashlib.sha256(text.encode()).hexdigest() in digests, place


def test_where_no_bundle_is_published_yet_there_is_none(calls: Calls) -> None:
    (calls.house.settings.published_dir / "v1/trust/bundle").unlink()
    assert code(calls.get("/v1/trust/bundle")) == (404, "not_found")


def test_types_are_listed_and_their_schema_takes_what_issuing_takes(steady: Calls) -> None:
    listed = steady.get("/v1/types").json()["data"]
    assert [each["slug"] for each in listed] == sorted({each["slug"] for each in listed})
    for each in listed:
        assert steady.get(each["document_url"]).json() == steady.get(f"/v1/types/{each['slug']}").json()["document"]
        schema = steady.get(each["schema_url"])
        assert schema.headers["content-type"] == "application/schema+json"
        assert schema.json()["properties"]["type"]["const"] == each["slug"]
        assert steady.get(each["context_url"]).status_code == 200


def test_a_server_that_cannot_write_or_does_not_get_its_lists_out_is_not_ready(calls: Calls) -> None:
    assembly = calls.house.assembly
    assembly.pulse.beat(calls.house.clock())
    assert calls.get("/readyz").status_code == 200
    calls.house.clock.move(seconds=61)
    assert calls.get("/readyz").status_code == 503
    assembly.pulse.beat(calls.house.clock())
    assert calls.get("/readyz").status_code == 200
    assembly.registry._store._writer._committer.sound = False  # type: ignore[attr-defined]
    answer = calls.get("/readyz")
    assert code(answer) == (503, "store_unavailable")


def test_health_and_readiness_are_told_apart(steady: Calls) -> None:
    assert steady.get("/healthz").json() == {"status": "ok"}
    assert steady.get("/readyz").json() == {"status": "ready"}
    place = steady.house.settings.published_dir / "trusted-list.json"
    kept = place.read_bytes()
    place.unlink()
    try:
        answer = steady.get("/readyz")
        assert code(answer) == (503, "store_unavailable")
        assert answer.headers["retry-after"] == "2"
        assert code(steady.get("/trusted-list.json")) == (404, "not_found")
    finally:
        place.write_bytes(kept)


def test_every_problem_leads_to_its_words(steady: Calls) -> None:
    problem = steady.post("/v1/licences", food(), headers={"Authorization": None}).json()
    told = steady.get(problem["type"].removeprefix(BASE_URL)).json()
    assert told["title"]["en"] == problem["title"]
    assert json.dumps(told)


def test_a_published_file_that_cannot_be_read_is_not_called_absent(calls: Calls) -> None:
    """A process without file descriptors left: a list that is there must not look as if it were not."""
    place = calls.house.settings.published_dir / "trusted-list.json"
    assert calls.get("/trusted-list.json").status_code == 200
    place.unlink()
    place.symlink_to(place)  # ELOOP stands for every failure of the machine: opening fails, and not for want of a file
    answer = calls.get("/trusted-list.json")
    assert code(answer) == (503, "store_unavailable")
