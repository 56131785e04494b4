from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicence.errors import RequestError
from elicence.licences.licence_type import ValidityRule
from elicence.licences.validity import end_of_suspension, instants, last_day, last_day_after

SHANGHAI = "Asia/Shanghai"
FIXED = ValidityRule("fixed", SHANGHAI, months=60)
DURATION = ValidityRule("duration", SHANGHAI, max_months=36)
UNTIL_AGE = ValidityRule("until_age", SHANGHAI, age=16, birth_date_claim="birth_date")
OPEN = ValidityRule("open_ended", SHANGHAI)
OPEN_WITH_END = ValidityRule("open_ended", SHANGHAI, end_allowed=True)
FIRST = date(2026, 11, 23)


def period(
    rule: ValidityRule, first: date, last: date | None = None, **options: date
) -> tuple[datetime, datetime | None]:  # fmt: skip
    return instants(rule.time_zone, first, last_day(rule, first, last, **options))


def refusal(rule: ValidityRule, *dates: date | None, **options: date) -> tuple[str, str]:
    with pytest.raises(RequestError) as caught:
        last_day(rule, *dates, **options)
    (problem,) = caught.value.problems
    return problem.pointer, problem.code


def test_the_last_day_counts_whole_in_the_zone_of_the_type():
    begins, ends = period(FIXED, FIRST)
    assert begins.isoformat() == "2026-11-23T00:00:00+08:00"
    assert ends.isoformat() == "2031-11-22T23:59:59+08:00"
    assert begins == datetime(2026, 11, 22, 16, tzinfo=UTC)


def test_a_licence_without_end_has_none():
    assert period(OPEN, FIRST)[1] is None
    assert period(OPEN_WITH_END, FIRST)[1] is None
    assert period(OPEN_WITH_END, FIRST, FIRST)[1].isoformat() == "2026-11-23T23:59:59+08:00"
    assert refusal(OPEN, FIRST, date(2030, 1, 1)) == ("/valid_until", "period")


def test_a_licence_may_be_endless_or_at_most_so_many_months_long():
    rule = ValidityRule("open_ended", SHANGHAI, end_allowed=True, max_months=240)
    assert last_day(rule, FIRST) is None
    assert last_day(rule, FIRST, date(2046, 11, 22)) == date(2046, 11, 22)
    assert refusal(rule, FIRST, date(2046, 11, 23)) == ("/valid_until", "period")
    renewed = date(2036, 11, 23)
    assert last_day(rule, FIRST, date(2056, 11, 22), counts_from=renewed) == date(2056, 11, 22)


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        (date(2026, 11, 23), 12, date(2027, 11, 22)),
        (date(2026, 1, 1), 12, date(2026, 12, 31)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 28)),
        (date(2027, 3, 1), 12, date(2028, 2, 29)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 8, 31), 1, date(2026, 9, 30)),
    ],
)
def test_months_end_on_the_day_before_the_corresponding_day(first, months, last):
    assert last_day_after(first, months) == last


@given(st.dates(date(1912, 1, 1), date(2500, 1, 1)), st.integers(1, 1200))
def test_whole_months_are_never_longer_than_their_calendar_and_always_grow(first, months):
    last = last_day_after(first, months)
    assert first <= last < last_day_after(first, months + 1)
    assert abs((last - first).days + 1 - months * 30.436875) < 4


def test_a_fixed_length_is_computed_and_a_stated_day_must_agree():
    assert last_day(FIXED, FIRST) == last_day(FIXED, FIRST, date(2031, 11, 22)) == date(2031, 11, 22)
    assert refusal(FIXED, FIRST, date(2031, 11, 23)) == ("/valid_until", "period")
    assert refusal(FIXED, FIRST, date(2031, 11, 21)) == ("/valid_until", "period")


def test_a_chosen_length_is_needed_and_bounded():
    assert last_day(DURATION, FIRST, FIRST) == FIRST
    assert last_day(DURATION, FIRST, date(2029, 11, 22)) == date(2029, 11, 22)
    assert refusal(DURATION, FIRST, date(2029, 11, 23)) == ("/valid_until", "period")
    assert refusal(DURATION, FIRST) == ("/valid_until", "field_missing")
    unbounded = ValidityRule("duration", SHANGHAI)
    assert last_day(unbounded, FIRST, date(2126, 1, 1)) == date(2126, 1, 1)


def test_a_licence_until_an_age_ends_before_that_birthday():
    assert last_day(UNTIL_AGE, FIRST, None, date(2015, 5, 6)) == date(2031, 5, 5)
    assert last_day(UNTIL_AGE, FIRST, None, date(2012, 2, 29)) == date(2028, 2, 28)
    assert last_day(ValidityRule("until_age", SHANGHAI, age=18), FIRST, None, date(2012, 2, 29)) == date(2030, 2, 28)
    assert refusal(UNTIL_AGE, FIRST, date(2031, 5, 6), date(2015, 5, 6)) == ("/valid_until", "period")
    assert refusal(UNTIL_AGE, FIRST, None, date(2010, 11, 23)) == ("/valid_from", "period")
    assert last_day(UNTIL_AGE, FIRST, None, date(2010, 11, 24)) == FIRST
    assert refusal(UNTIL_AGE, FIRST) == ("/claims/birth_date", "field_missing")
    assert refusal(ValidityRule("until_age", SHANGHAI, age=16), FIRST) == ("/holders", "field_missing")


def test_a_renewal_keeps_the_first_day_and_counts_from_the_day_after_the_old_last_one():
    begins, ends = period(FIXED, FIRST, counts_from=date(2031, 11, 23))
    assert begins.date() == FIRST
    assert ends.date() == date(2036, 11, 22)
    assert refusal(DURATION, FIRST, date(2029, 11, 22), counts_from=date(2029, 11, 23)) == (
        "/valid_until",
        "before_valid_from",
    )
    assert last_day(DURATION, FIRST, date(2032, 11, 22), counts_from=date(2029, 11, 23)) == date(2032, 11, 22)


@pytest.mark.parametrize("rule", [FIXED, DURATION, UNTIL_AGE, OPEN, OPEN_WITH_END])
def test_a_last_day_before_the_first_is_refused(rule):
    assert refusal(rule, FIRST, FIRST - timedelta(days=1), date(2015, 5, 6)) == ("/valid_until", "before_valid_from")


@pytest.mark.parametrize("rule", [FIXED, DURATION, UNTIL_AGE, OPEN, OPEN_WITH_END])
def test_stand_ins_for_ever_and_dates_before_civil_time_are_refused(rule):
    assert refusal(rule, FIRST, date.max, date(2015, 5, 6)) == ("/valid_until", "date")
    assert refusal(rule, date.min, None, date(2015, 5, 6)) == ("/valid_from", "date")
    assert refusal(rule, date.max, None, date(2015, 5, 6)) == ("/valid_from", "date")


def test_the_offset_is_the_one_of_each_day():
    begins, ends = period(ValidityRule("duration", "America/Los_Angeles"), date(2026, 7, 1), date(2026, 12, 31))
    assert (begins.isoformat(), ends.isoformat()) == ("2026-07-01T00:00:00-07:00", "2026-12-31T23:59:59-08:00")
    summer = period(ValidityRule("duration", SHANGHAI), date(1988, 7, 1), date(1988, 12, 31))
    assert summer[0].isoformat() == "1988-07-01T00:00:00+09:00"


def test_a_day_without_midnight_and_a_day_with_two_count_whole():
    havana = ValidityRule("duration", "America/Havana")
    # On 2026-03-08 clocks go from 24:00 to 01:00; on 2026-11-01 they go back from 01:00 to 00:00.
    begins, _ = period(havana, date(2026, 3, 8), date(2026, 3, 9))
    assert begins == datetime(2026, 3, 8, 5, tzinfo=UTC)
    azores = ValidityRule("duration", "Atlantic/Azores")
    # On 2026-10-25 clocks go back from 01:00 to 00:00: the day before ends once, the day itself has 25 hours.
    begins, ends = period(azores, date(2026, 10, 25), date(2026, 10, 25))
    assert ends - begins == timedelta(hours=25, seconds=-1)


def test_a_rule_without_its_figure_is_a_defect_of_the_type_and_not_of_the_request():
    with pytest.raises(LookupError):
        last_day(ValidityRule("fixed", SHANGHAI), FIRST)


def test_a_suspension_ends_with_the_last_second_of_its_last_day_in_the_zone_of_the_type():
    now = datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)
    assert end_of_suspension(SHANGHAI, date(2026, 11, 23), now=now) == now
    assert end_of_suspension(SHANGHAI, date(2027, 1, 31), now=now).isoformat() == "2027-01-31T23:59:59+08:00"
    late = now + timedelta(seconds=1)
    for last, moment, code in (
        (date(2026, 11, 23), late, "period"),
        (date(2026, 11, 22), now, "period"),
        (date(3000, 1, 1), now, "date"),
        (date(1, 1, 1), now, "date"),
        (date(9999, 12, 31), now, "date"),
    ):
        with pytest.raises(RequestError) as caught:
            end_of_suspension(SHANGHAI, last, now=moment)
        assert [(each.pointer, each.code) for each in caught.value.problems] == [("/until", code)]
