"""Reads the time of a row: ISO-8601 or seconds, in UTC where no zone is given."""

import re
import time
from datetime import date, datetime, timedelta, timezone
from typing import Any

# Beyond this a time is a mistake (milliseconds taken for seconds, the year 9999), and its window would never close.
AHEAD_S = 86_400.0

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NUMBER = re.compile(r"\d{9,}(?:\.\d+)?")
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
_WRITE = "write ISO-8601 such as 2026-11-21T06:00:00Z, or seconds since 1970"


def parse_event_time(value: Any, millis: bool = False) -> float:
    """Seconds since the epoch. Times without a zone are UTC, a date is its first moment.

    `millis`: numbers are milliseconds, as Pub/Sub's attributes have them.

    Raises:
        ValueError: the value is no time, or lies more than a day ahead; the message says what to write.
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        value = value.strip()
        value = float(value) if _NUMBER.fullmatch(value) else _parse_iso(value)
    match value:
        case bool() | None:
            raise ValueError(f"{'is missing' if value is None else 'is true or false'}; {_WRITE}")
        case int() | float():
            seconds = _seconds(value, millis)
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
            seconds = (aware - _EPOCH) / timedelta(seconds=1)
        case date():
            seconds = (datetime(value.year, value.month, value.day, tzinfo=timezone.utc) - _EPOCH) / timedelta(seconds=1)
        case _:
            raise ValueError(f"is a {type(value).__name__}; {_WRITE}")
    if seconds > time.time() + AHEAD_S:
        raise ValueError(f"{iso(seconds)} lies more than a day ahead; {_WRITE}")
    return seconds


def _seconds(value: int | float, millis: bool) -> float:
    seconds = value / 1000 if millis else float(value)
    lowest, highest = -62_135_596_800, 253_402_300_799  # the years 1 and 9999
    if not lowest <= seconds <= highest:  # NaN is not either
        raise ValueError(f"{value} is no time between the years 1 and 9999; {_WRITE}")
    return seconds


def _parse_iso(text: str) -> datetime:
    found = _ISO.fullmatch(text)
    if not found:
        raise ValueError(f"{text[:60]!r} is no time; {_WRITE}")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    # Digits beyond microseconds are cut off, as Beam's own times do.
    micros = int((fraction or "0").ljust(6, "0")[:6])
    try:
        read = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micros, tzinfo=timezone.utc
        )
        return read - _offset(zone or "Z")
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:60]!r} is no time ({error}); {_WRITE}") from None


def _offset(zone: str) -> timedelta:
    if zone in "Zz":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    if hours > 23 or minutes > 59:
        raise ValueError(f"there is no zone {zone}")
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)


def iso(seconds: float) -> str:
    """A time for a reader: ISO-8601 in UTC, with microseconds where it has any."""
    return (_EPOCH + timedelta(microseconds=round(seconds * 1e6))).isoformat().replace("+00:00", "Z")
