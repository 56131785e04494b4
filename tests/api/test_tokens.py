"""Access tokens: who gets one, with what, and what passes for one."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from tests.api.calls import Calls, ask_token, calls_of, code, new_client
from tests.assembly import BASE_URL, NOON

from elicence.accounts.clients import disable_client, new_secret
from elicence.api.limits import Rates
from elicence.formats.jwk import thumbprint
from elicence.keys.keyring import Purpose, compromise

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Signing:
    """A client that signs, and its key."""

    def __init__(self, calls: Calls) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.jwk = json.loads(ECAlgorithm.to_jwk(self.key.public_key()))
        self.client = new_client(calls.house, public_keys=[self.jwk]).record
        self.now = int(calls.house.clock().timestamp())

    def assertion(self, header: dict[str, Any] | None = None, key: Any = None, **changes: Any) -> str:
        claims = {
            "iss": self.client.id, "sub": self.client.id, "aud": BASE_URL, "jti": "once", "iat": self.now,
            "exp": self.now + 60,
        } | changes  # fmt: skip
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, key or self.key, "ES256", headers={"kid": thumbprint(self.jwk)} | (header or {}))

    def ask(self, calls: Calls, assertion: str) -> Any:
        return ask_token(calls, {"client_assertion_type": ASSERTION, "client_assertion": assertion})


@pytest.fixture
def nobody(steady: Calls) -> Calls:
    return Calls(steady.house, steady.app, steady.loop)


def refusal(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["error"]


def test_a_secret_is_good_in_the_header_and_in_the_form(nobody: Calls) -> None:
    client = new_client(nobody.house)
    form = {"client_id": client.record.id, "client_secret": client.secret, "scope": "licences:read"}
    by_form, by_header = ask_token(nobody, form), ask_token(nobody, basic=(client.record.id, client.secret))
    assert by_form.json()["scope"] == "licences:read"
    assert by_header.json()["scope"] == "licences:issue licences:read licences:change licences:approve"
    assert by_header.json()["expires_in"] == 600
    claims = jwt.decode(by_header.json()["access_token"], options={"verify_signature": False})
    assert (claims["iss"], claims["aud"], claims["sub"]) == (BASE_URL, BASE_URL, client.record.id)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"scope": "licences:everything"}, (400, "invalid_scope")),
        ({"scope": ""}, (400, "invalid_scope")),
        ({"client_secret": "x", "client_id": "cli_x"}, (400, "invalid_request")),
    ],
)
def test_a_request_that_asks_wrongly_is_told_so(nobody: Calls, form: dict[str, str], expected: tuple[int, str]) -> None:
    client = new_client(nobody.house)
    assert refusal(ask_token(nobody, form, basic=(client.record.id, client.secret))) == expected


@pytest.mark.parametrize("client_id", ["", "cli_x", "cli_01m838z2g0e009c4awq0vrpza7", "a\0b", "x" * 9000, "' OR 1=1"])
def test_a_client_nobody_knows_is_one_answer(nobody: Calls, client_id: str) -> None:
    form = {"client_id": client_id, "client_secret": "els_live_x"}
    assert refusal(ask_token(nobody, form)) == (401, "invalid_client")


def test_a_wrong_an_old_and_a_disabled_clients_secret_get_the_same_answer(nobody: Calls) -> None:
    house = nobody.house
    client, agency = new_client(house), house.agencies["housing"]
    old = client.secret
    current = new_secret(house.assembly.registry, agency, client.record.id, entropy=house.desk.entropy).secret
    assert ask_token(nobody, basic=(client.record.id, current)).status_code == 200
    answers = [ask_token(nobody, basic=(client.record.id, secret)) for secret in (old, old[:-1], "", "\0", "é")]
    disable_client(house.assembly.registry, agency, client.record.id, now=house.clock())
    answers.append(ask_token(nobody, basic=(client.record.id, current)))
    bodies = [{k: v for k, v in each.json().items() if k != "request_id"} for each in answers]
    assert {refusal(each) for each in answers} == {(401, "invalid_client")}
    assert all(body == bodies[0] for body in bodies)
    assert all(each.headers["www-authenticate"].startswith("Basic") for each in answers)


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"{}", "application/json", (400, "invalid_request")),
        (b"grant_type=a&grant_type=b", "application/x-www-form-urlencoded", (400, "invalid_request")),
        (b"\xff", "application/x-www-form-urlencoded", (400, "invalid_request")),
        (b"%ff=%ff", "application/x-www-form-urlencoded", (400, "invalid_request")),
        (b"&".join(b"a%d=1" % n for n in range(99)), "application/x-www-form-urlencoded", (400, "invalid_request")),
        (b"", "application/x-www-form-urlencoded", (401, "invalid_client")),
        (b"grant_type=client_credentials", "application/x-www-form-urlencoded", (401, "invalid_client")),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    nobody: Calls, body: bytes, kind: str, expected: tuple[int, str]
) -> None:
    assert refusal(nobody("POST", "/oauth/token", content=body, headers={"Content-Type": kind})) == expected
    assert refusal(ask_token(nobody, basic=("a", "b"))) == (401, "invalid_client")


@pytest.mark.parametrize("header", ["Basic", "Basic !!", "Bearer x", "Basic " + base64.b64encode(b"\xff:x").decode()])
def test_a_header_that_is_no_basic_is_no_client(nobody: Calls, header: str) -> None:
    sent = {"grant_type": "client_credentials"}
    answer = nobody("POST", "/oauth/token", data=sent, headers={"Authorization": header})
    assert refusal(answer) == (401, "invalid_client")


def test_an_assertion_gets_a_token_once(both: Calls) -> None:
    signing = Signing(both)
    nobody = Calls(both.house, both.app, both.loop)
    assertion = signing.assertion()
    assert signing.ask(nobody, assertion).status_code == 200
    assert refusal(signing.ask(nobody, assertion)) == (401, "invalid_client")
    assert signing.ask(nobody, signing.assertion(jti="twice")).status_code == 200
    form = {
        "grant_type": "client_credentials", "client_assertion_type": ASSERTION,
        "client_assertion": signing.assertion(jti="at once"),
    }  # fmt: skip
    answers = nobody.at_once([("POST", "/oauth/token", {"data": form})] * 6)
    assert sorted(each.status_code for each in answers) == [200, 401, 401, 401, 401, 401]


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "cli_01m838z2g0e009c4awq0vrpza7"}, {"sub": None}, {"aud": "https://evil.example"},
        {"aud": [BASE_URL, "https://evil.example"]}, {"aud": None}, {"jti": None}, {"jti": ""}, {"jti": 7},
        {"exp": None}, {"exp": "9999999999"}, {"exp": 1}, {"exp": 2**40}, {"exp": True}, {"iat": 2**40}, {"nbf": 2**40},
        {"header": {"typ": "vc+jwt"}}, {"header": {"typ": "at+jwt"}}, {"header": {"kid": "other"}},
        {"header": {"jwk": {"kty": "EC"}}}, {"key": ec.generate_private_key(ec.SECP256R1())},
    ],
)  # fmt: skip
def test_an_assertion_with_one_thing_wrong_gets_none(nobody: Calls, changes: dict[str, Any]) -> None:
    signing = Signing(nobody)
    assert refusal(signing.ask(nobody, signing.assertion(**changes))) == (401, "invalid_client")
    assert signing.ask(nobody, signing.assertion()).status_code == 200


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "e30.e30.e30", "." * 100])
def test_what_is_no_assertion_at_all_gets_none(nobody: Calls, text: str) -> None:
    assert refusal(Signing(nobody).ask(nobody, text))[0] in {400, 401}


def test_an_unsigned_assertion_and_one_by_hmac_get_none(nobody: Calls) -> None:
    signing = Signing(nobody)
    claims = {"iss": signing.client.id, "sub": signing.client.id, "aud": BASE_URL, "jti": "j", "exp": signing.now + 60}
    kid = {"kid": thumbprint(signing.jwk)}
    for forged in (jwt.encode(claims, None, "none", headers=kid), jwt.encode(claims, "k" * 32, "HS256", headers=kid)):
        assert refusal(signing.ask(nobody, forged)) == (401, "invalid_client")


def bearer(calls: Calls, token: str) -> Any:
    return calls.get("/v1/licences", headers={"Authorization": f"Bearer {token}"})


def test_only_an_access_token_of_this_registry_passes_for_one(calls: Calls) -> None:
    licence = calls.issue()
    genuine = calls.headers["Authorization"].removeprefix("Bearer ")
    status_list = calls.get("/status/housing/1").text
    key = ec.generate_private_key(ec.SECP256R1())
    claims = jwt.decode(genuine, options={"verify_signature": False})
    kid = jwt.get_unverified_header(genuine)["kid"]
    forged = [
        licence["credential"]["jwt"], status_list, genuine[:-4] + "AAAA", genuine + "A",
        genuine.rpartition(".")[0] + ".",
        jwt.encode(claims, key, "ES256", headers={"kid": kid, "typ": "at+jwt"}),
        jwt.encode(claims, None, "none", headers={"kid": kid, "typ": "at+jwt"}),
        jwt.encode(claims, "x" * 32, "HS256", headers={"kid": kid, "typ": "at+jwt"}),
        "x", "a.b.c", "." * 500, "A" * 5000,
    ]  # fmt: skip
    assert bearer(calls, genuine).status_code == 200
    for token in forged:
        answer = bearer(calls, token)
        assert code(answer) == (401, "token_invalid")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    missing = calls.get("/v1/licences", headers={"Authorization": None})
    assert code(missing) == (401, "token_missing")
    assert missing.headers["www-authenticate"] == 'Bearer realm="elicence"'
    for header in ("Basic eDp5", "Bearer", "Bearer a b", b"Bearer \x80"):
        answer = calls.get("/v1/licences", headers={"Authorization": header})
        assert code(answer) == (401, "token_invalid")


def test_a_token_ends_and_so_does_a_disabled_client_within_seconds(calls: Calls) -> None:
    house = calls.house
    assert calls.get("/v1/licences").status_code == 200
    client = jwt.decode(calls.headers["Authorization"][7:], options={"verify_signature": False})["sub"]
    disable_client(house.assembly.registry, house.agencies["housing"], client, now=NOON)
    house.clock.move(seconds=6)
    assert code(calls.get("/v1/licences")) == (401, "token_invalid")
    other = calls.sign_in()
    assert other.get("/v1/licences").status_code == 200
    house.clock.move(seconds=600)
    assert code(other.get("/v1/licences")) == (401, "token_expired")


def test_a_token_under_a_compromised_key_is_good_no_more(calls: Calls) -> None:
    assembly = calls.house.assembly
    keyring = assembly.desk.chest.keyring
    (key,) = keyring.active(None, Purpose.ACCESS_TOKEN)
    assembly.save_keyring(compromise(keyring, key.kid, NOON))
    calls.house.clock.move(seconds=6)
    assert code(calls.get("/v1/licences")) == (401, "token_invalid")
    again = calls_of(calls.house)  # makes another key
    assert again.sign_in().get("/v1/licences").status_code == 200
    again.close()


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        (("licences:read",), "POST", "/v1/licences"),
        (("licences:read",), "POST", "/v1/licences/validate"),
        (("licences:issue",), "GET", "/v1/licences"),
        (("licences:issue", "licences:read"), "POST", "/v1/licences/lic_01m838z2g0e009c4awq0vrpza7/revoke"),
    ],
)
def test_a_scope_that_was_not_given_is_missed(steady: Calls, scopes: tuple[str, ...], method: str, path: str) -> None:
    answer = steady.sign_in(scopes=scopes)(method, path, json={})
    assert code(answer) == (403, "scope_missing")
    assert "insufficient_scope" in answer.headers["www-authenticate"]


def test_a_client_for_tests_issues_test_licences_only(calls: Calls) -> None:
    house = calls.house
    assembly = house.assembly
    keyring = assembly.maker.make_active(
        assembly.desk.chest.keyring, agency="housing", purpose=Purpose.CREDENTIAL, now=NOON, use="test"
    )
    assembly.save_keyring(keyring)
    assembly.publish()
    made = calls.sign_in(use="test").issue()
    assert made["use"] == "test"
    report = calls.post("/v1/verifications", {"content": made["qr"]["content"]}).json()
    assert report["verdict"] == "test_licence"


def test_calls_are_counted_by_client_and_by_address_and_the_clock_gives_them_back(calls: Calls) -> None:
    few = calls_of(calls.house, rates=Rates(clients={"standard": 3}, tokens=2, verifications=2, codes=1))
    client = few.sign_in()
    left = [client.get("/v1/licences") for _ in range(3)]
    assert [each.headers["ratelimit"] for each in left] == [f'"client";r={n};t=60' for n in (2, 1, 0)]
    assert left[0].headers["ratelimit-policy"] == '"client";q=3;w=60'
    refused = client.get("/v1/licences")
    assert code(refused) == (429, "rate_limited")
    assert refused.headers["retry-after"] == "60"
    other = few.sign_in()
    assert other.get("/v1/licences").status_code == 200
    assert code(ask_token(few, basic=("a", "b"))) == (429, "rate_limited")
    typed = {"content": calls.issue()["verification_code"]}
    assert few.post("/v1/verifications", typed).status_code == 200
    assert code(few.post("/v1/verifications", typed)) == (429, "rate_limited")
    assert code(few.post("/v1/verifications", {"content": "x"})) == (429, "rate_limited")
    calls.house.clock.move(seconds=61)
    assert client.get("/v1/licences").status_code == 200
    assert few.post("/v1/verifications", {"content": "x"}).status_code == 200
    few.close()
