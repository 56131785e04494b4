"""Step 0 names what was scanned, and takes only what may be a licence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import forge

from elicence.errors import FormatError
from elicence.verifier.decode import decode, is_foreign_token, looks_like, verification_code
from elicence.verifier.verdicts import catalogue

DICTIONARIES = {1: forge.DICTIONARY}
TOKEN = forge.licence()
DIGITS = forge.frame(TOKEN)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (TOKEN, "token"),
        (f" {TOKEN}\r\n", "token"),
        (DIGITS, "digits"),
        (f"{DIGITS}\n", "digits"),
        (f"https://licence.example/v#{DIGITS}", "licence_url"),
        (f"HTTPS://LICENCE.EXAMPLE/V#{DIGITS}\r", "licence_url"),
        (f"https://another.example:8443/v#{DIGITS}", "licence_url"),
        (f"http://localhost:8000/v#{DIGITS}", "licence_url"),
        ("".join(chr(ord(digit) + 0xFEE0) for digit in DIGITS), "digits"),
    ],
    ids=lambda value: value[:30],
)
def test_every_form_of_a_licence_code_gives_back_the_exact_token(text: str, kind: str) -> None:
    decoded = decode(text, DICTIONARIES)
    assert (decoded.kind, decoded.jws_text, decoded.code) == (kind, TOKEN, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("000G-40R4-0M3S", "000G-40R4-0M3S"),
        ("000g40r40m3s", "000G40R40M3S"),
        ("000g 40r4 0m3s\r\n", "000G 40R4 0M3S"),
        ("https://licence.example/v/000G40R40M3S", "000G40R40M3S"),
        ("HTTPS://LICENCE.EXAMPLE/V/000G-40R4-0M3S", "000G-40R4-0M3S"),
        ("０００Ｇ－４０Ｒ４－０Ｍ３Ｓ", "000G-40R4-0M3S"),
    ],
)
def test_a_verification_code_is_recognised_for_a_look_up(text: str, code: str) -> None:
    decoded = decode(text, DICTIONARIES)
    assert (decoded.kind, decoded.jws_text, decoded.code) == ("verification_code", None, code)


LOOKS = [
    ("", "empty"),
    (" \r\n", "empty"),
    ("https://example.org/menu", "web_link"),
    ("www.example.org", "web_link"),
    ("https://licence.example/v", "web_link"),
    ("https://licence.example/p#123456", "presentation"),
    ("https://qr.alipay.com/fkx123", "payment"),
    ("wxp://f2f0abc", "payment"),
    ("bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "payment"),
    ("00020101021129370016A000000677010111", "payment"),
    ("WIFI:T:WPA;S:office;P:secret;;", "wifi"),
    ("BEGIN:VCARD\nN:Wang\nEND:VCARD", "contact"),
    ("BEGIN:VEVENT\nEND:VEVENT", "calendar"),
    ("HC1:6BFOXN*TS0BI$ZD", "health_certificate"),
    ("shc:/567629095243206034602924374044603122", "health_certificate"),
    ("mailto:a@example.org", "email"),
    ("tel:+8613800000000", "phone"),
    ("+86 138 0000 0000", "phone"),
    ("geo:30.2,120.1", "place"),
    ("otpauth://totp/x?secret=A", "one_time_password"),
    ("6901234567892", "number"),
    ('{"credential":{}}', "foreign_record"),
    ("did:web:example.org", "foreign_record"),
    ("javascript:alert(1)", "other_link"),
    ("data:text/html,hello", "other_link"),
    ("你好", "text"),
    ("just words", "text"),
]


@pytest.mark.parametrize(("text", "kind"), LOOKS)
def test_anything_else_is_named_for_what_it_looks_like(text: str, kind: str) -> None:
    assert looks_like(text) == kind
    with pytest.raises(FormatError, match="qr_not_licence") as caught:
        decode(text, DICTIONARIES)
    assert caught.value.facts["looks_like"] == kind
    assert text.strip() == "" or text not in str(caught.value)


@pytest.mark.parametrize("path", [f"/v#{DIGITS}", "/v/000G-40R4-0M3S"], ids=["licence", "verification code"])
def test_a_code_of_this_registry_leads_to_this_registry(path: str) -> None:
    for site in ("https://licence.example", "HTTPS://LICENCE.EXAMPLE"):
        assert not decode(site + path, DICTIONARIES, registry="https://licence.example").elsewhere
    for site in ("https://licence.example.evil", "https://licence.example:8443", "http://localhost", "https://a"):
        assert decode(site + path, DICTIONARIES, registry="https://licence.example").elsewhere
        assert not decode(site + path, DICTIONARIES).elsewhere
        assert verification_code(site + path, DICTIONARIES, registry="https://licence.example") is None


def test_every_name_of_a_look_alike_has_words_and_a_sample() -> None:
    assert {kind for _, kind in LOOKS} | {"other_site"} == set(catalogue().words["looks_like"])


def test_a_foreign_token_is_told_from_a_broken_licence() -> None:
    foreign = forge.licence({"header": {"set": {"/typ": "JWT", "/alg": "RS256"}}})
    assert is_foreign_token(foreign)
    assert not is_foreign_token(TOKEN)
    assert not is_foreign_token(TOKEN[:20])
    assert not is_foreign_token("ey!!.x.y")
    assert is_foreign_token(f"{forge.b64(b'[]')}.x.y") is False


@given(st.text(max_size=200))
def test_any_text_is_decoded_or_refused_with_a_code(text: str) -> None:
    try:
        decoded = decode(text, DICTIONARIES)
    except FormatError as fault:
        assert fault.code.startswith("qr_")  # noqa: PT017
    else:
        assert (decoded.jws_text is None) != (decoded.code is None)
