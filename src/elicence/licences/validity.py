"""From civil dates to instants: when a licence begins and ends, by the rule of its type.

Requests carry dates without a zone; the licence type names the zone. The first day counts from its first second, the
last day counts whole. A duration of months ends on the day before the corresponding day, or on the last day of a month
that has no such day (29 February and one year: through 28 February).

>>> from elicence.licences.licence_type import ValidityRule
>>> first = date(2026, 11, 23)
>>> begins, ends = instants("Asia/Shanghai", first, last_day(ValidityRule("fixed", "Asia/Shanghai", months=60), first))
>>> begins.isoformat(), ends.isoformat()
('2026-11-23T00:00:00+08:00', '2031-11-22T23:59:59+08:00')
"""

from calendar import monthrange
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from elicence.errors import Problem, RequestError
from elicence.licences.licence_type import ValidityRule

__all__ = ["end_of_suspension", "instants", "last_day", "last_day_after"]

# Registers hold first days of a century ago; later than these years a date is a stand-in for "for ever".
_YEARS = range(1900, 3000)
_ONE_DAY = timedelta(days=1)


def instants(time_zone: str, first: date, last: date | None) -> tuple[datetime, datetime | None]:
    """First second of the first day and last second of the last, each with the zone's offset of that day."""
    zone = ZoneInfo(time_zone)
    begins = _instant(datetime.combine(first, time.min, zone))
    if last is None:
        return begins, None
    # Where clocks are set back over midnight, the last second of the day is the later one.
    return begins, _instant(datetime.combine(last, time(23, 59, 59), zone).replace(fold=1))


def end_of_suspension(time_zone: str, last: date, *, now: datetime) -> datetime:
    """The last second of a suspension whose last day is `last`: today in the zone of the type, or later.

    Raises `RequestError` with the problem `date` or `period` at `/until`.
    """
    if last.year not in _YEARS:
        raise _refused("/until", "date", f"Years go from {_YEARS.start} to {_YEARS.stop - 1}.")
    _, ends = instants(time_zone, last, last)
    if ends is None or ends < now:
        raise _refused("/until", "period", "The last day of a suspension is today or later.")
    return ends


def last_day(
    rule: ValidityRule,
    valid_from: date,
    valid_until: date | None = None,
    birth_date: date | None = None,
    *,
    counts_from: date | None = None,
) -> date | None:
    """The last day the rule gives or allows, None for no end.

    Raises `RequestError` with a problem at `/valid_from` or `/valid_until`: `date`, `before_valid_from`,
    `field_missing`, or `period` (not a length the type allows).
    """
    starts = counts_from or valid_from
    for pointer, day in (("/valid_from", valid_from), ("/valid_until", valid_until), ("/valid_from", starts)):
        if day is not None and day.year not in _YEARS:
            raise _refused(pointer, "date", f"Years go from {_YEARS.start} to {_YEARS.stop - 1}.")
    if valid_until is not None and valid_until < starts:
        raise _refused("/valid_until", "before_valid_from", "The last day lies before the first day.")
    match rule.rule:
        case "open_ended":
            return _open_ended(rule, starts, valid_until)
        case "duration":
            return _at_most(rule, starts, valid_until)
        case "fixed":
            return _exactly(last_day_after(starts, _given(rule.months)), valid_until)
        case "until_age":
            return _exactly(_before_birthday(rule, starts, birth_date), valid_until)


def last_day_after(first: date, months: int) -> date:
    """The last day of a time of whole months that begins on `first`.

    >>> last_day_after(date(2028, 2, 29), 12), last_day_after(date(2026, 8, 31), 1)
    (datetime.date(2029, 2, 28), datetime.date(2026, 9, 30))
    """
    year, month0 = divmod(first.year * 12 + first.month - 1 + months, 12)
    days = monthrange(year, month0 + 1)[1]
    if first.day > days:
        return date(year, month0 + 1, days)
    return date(year, month0 + 1, first.day) - _ONE_DAY


def _open_ended(rule: ValidityRule, starts: date, valid_until: date | None) -> date | None:
    if valid_until is None:
        return None
    if not rule.end_allowed:
        raise _refused("/valid_until", "period", "Licences of this type have no last day.")
    return _at_most(rule, starts, valid_until)


def _at_most(rule: ValidityRule, starts: date, valid_until: date | None) -> date:
    if valid_until is None:
        raise _refused("/valid_until", "field_missing", "Licences of this type need a last day.")
    if rule.max_months is not None and valid_until > last_day_after(starts, rule.max_months):
        raise _refused("/valid_until", "period", f"The licence may run at most {rule.max_months} months.")
    return valid_until


def _exactly(ruled: date, valid_until: date | None) -> date:
    if valid_until is not None and valid_until != ruled:
        raise _refused("/valid_until", "period", "The last day is not the one the rule of the type gives.")
    return ruled


def _before_birthday(rule: ValidityRule, starts: date, birth_date: date | None) -> date:
    if birth_date is None:
        pointer = f"/claims/{rule.birth_date_claim}" if rule.birth_date_claim else "/holders"
        raise _refused(pointer, "field_missing", "The last day depends on a birth date, and none is given.")
    ends = last_day_after(birth_date, 12 * _given(rule.age))
    if ends < starts:
        raise _refused("/valid_from", "period", "The holder has already reached the age at which the licence ends.")
    return ends


def _given(number: int | None) -> int:
    """The figure of the rule; its absence is a defect of the type file, which the type lint refuses."""
    if number is None:
        raise LookupError("the validity rule of the type lacks its figure")
    return number


def _instant(local: datetime) -> datetime:
    """The same instant with a plain offset, so that it keeps its text whatever the zone database says later."""
    offset = local.utcoffset() or timedelta()
    # Local mean time, in use until railways and radio, has offsets with seconds, which no credential can write.
    if offset % timedelta(minutes=1):
        raise _refused("/valid_from", "date", "On that day the time zone of the type had no offset of whole minutes.")
    return local.replace(tzinfo=timezone(offset), fold=0)


def _refused(pointer: str, code: str, sentence: str) -> RequestError:
    return RequestError("validation_failed", sentence, [Problem(pointer, code, sentence)])
