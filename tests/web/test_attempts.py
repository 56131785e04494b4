"""How often an address may look codes up."""

from elicence.web.attempts import attempts_per_minute


def test_an_address_has_its_own_count_and_is_told_when_to_come_again() -> None:
    attempt = attempts_per_minute(2)
    assert [attempt("192.0.2.1") for _ in range(3)] == [None, None, 60]
    assert attempt("192.0.2.2") is None
    assert attempt("") is None


def test_one_ipv6_network_is_one_caller() -> None:
    attempt = attempts_per_minute(2)
    assert [attempt(f"2001:db8::{n}") for n in range(1, 4)] == [None, None, 60]
    assert attempt("2001:db8:0:1::1") is None
