"""Event times as people and machines write them, and what is no time."""

import time
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.options.values import EventTime, read_event_time
from beam_pipeline.reading.event_time import iso, parse_event_time

PAST = datetime(2026, 11, 21, tzinfo=timezone.utc)
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(2025, 1, 1), timezones=st.just(timezone.utc))
ZONES = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(lambda delta: delta - delta % timedelta(minutes=1))


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2024-11-21T06:00:00Z", datetime(2024, 11, 21, 6)),
        ("2024-11-21t06:00:00.5z", datetime(2024, 11, 21, 6, 0, 0, 500_000)),
        ("2024-11-21 06:00", datetime(2024, 11, 21, 6)),
        ("2024-11-21T06:00:00+02:00", datetime(2024, 11, 21, 4)),
        ("2024-11-21T06:00:00-0130", datetime(2024, 11, 21, 7, 30)),
        ("2024-11-21T06:00:00+02", datetime(2024, 11, 21, 4)),
        (" 2024-11-21T06:00:00.123456789Z ", datetime(2024, 11, 21, 6, 0, 0, 123_456)),
        ("2024-11-21", datetime(2024, 11, 21)),
        (b"2024-11-21", datetime(2024, 11, 21)),
        (1_732_168_800, datetime(2024, 11, 21, 6)),
        (1_732_168_800.25, datetime(2024, 11, 21, 6, 0, 0, 250_000)),
        ("1732168800", datetime(2024, 11, 21, 6)),
        (0, datetime(1970, 1, 1)),
        (-86_400, datetime(1969, 12, 31)),
        (datetime(2024, 11, 21, 6), datetime(2024, 11, 21, 6)),
        (date(2024, 11, 21), datetime(2024, 11, 21)),
    ],
    ids=str,
)
def test_a_time(value: object, moment: datetime) -> None:
    assert parse_event_time(value) == pytest.approx(moment.replace(tzinfo=timezone.utc).timestamp(), abs=1e-6)


def test_an_attribute_has_milliseconds() -> None:
    assert parse_event_time("1732168800250", millis=True) == 1_732_168_800.25


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("yesterday", "'yesterday' is no time"),
        ("", "'' is no time"),
        ("2024-13-01", "is no time (month must be in 1..12)"),
        ("2024-02-30T00:00Z", "is no time (day"),
        ("2024-11-21T25:00Z", "is no time (hour"),
        ("2024-11-21T06:00:00+99:00", "is no time (Invalid hours in time zone offset)"),
        ("0001-01-01T00:00+05:00", "is no time"),
        (None, "is missing"),
        (True, "is true or false"),
        ([2024], "is a list"),
        (float("nan"), "is no time between"),
        (float("inf"), "is no time between"),
        (1_732_168_800_000, "is no time between"),
        ("9999-01-01", "lies more than a day ahead"),
    ],
    ids=str,
)
def test_no_time(value: object, said: str) -> None:
    with pytest.raises(ValueError, match="; write ISO-8601") as raised:
        parse_event_time(value)
    assert said in str(raised.value)


def test_a_clock_may_be_ahead_but_not_by_days() -> None:
    assert parse_event_time(time.time() + 3600) > time.time()
    with pytest.raises(ValueError, match="ahead"):
        parse_event_time(time.time() + 2 * 86_400)


@given(MOMENTS, ZONES)
def test_what_is_written_is_read(moment: datetime, zone: timedelta) -> None:
    try:
        written = moment.astimezone(timezone(zone)).isoformat()
    except OverflowError:
        return
    assert parse_event_time(written) == pytest.approx(moment.timestamp(), abs=1e-5)
    assert parse_event_time(iso(moment.timestamp())) == pytest.approx(moment.timestamp(), abs=1e-5)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.binary(), st.lists(st.integers())))
def test_anything_is_a_time_or_a_refusal(value: object) -> None:
    try:
        seconds = parse_event_time(value)
    except ValueError:
        return
    assert iso(seconds)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("arrival", EventTime()),
        ("attribute:ts", EventTime("attribute", "ts")),
        ("field:meta.published", EventTime("field", "meta.published")),
    ],
)
def test_the_option(text: str, read: EventTime) -> None:
    assert read_event_time(text) == read


@pytest.mark.parametrize("text", ["", "arrival:x", "field", "field:", "attribute:", "column:x"])
def test_no_such_option(text: str) -> None:
    with pytest.raises(ValueError, match="must be arrival, attribute:NAME or field:NAME"):
        read_event_time(text)
