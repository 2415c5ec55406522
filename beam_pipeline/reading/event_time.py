"""Reads the time of a row: ISO-8601 or seconds, in UTC where no zone is given."""

import re
import time
from datetime import date, datetime, timedelta, timezone
from typing import Any

from dateutil.parser import isoparse

# Beyond this a time is a mistake (milliseconds taken for seconds, the year 9999), and its window would never close.
AHEAD_S = 86_400.0

_LOWEST, _HIGHEST = -62_135_596_800, 253_402_300_799  # the years 1 and 9999
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NUMBER = re.compile(r"\d{9,}(?:\.\d+)?")
# Of the forms of ISO-8601 those with a whole date: "2024" may be anything, and "2024-11-21+02:00" is no time of day.
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\S+)?")
_SPACE_BEFORE_ZONE = re.compile(r"\s(?=[Zz+-])")
_WRITE = "write ISO-8601 such as 2026-11-21T06:00:00Z, or seconds since 1970"


def parse_event_time(value: Any, millis: bool = False) -> float:
    """Seconds since the epoch. Times without a zone are UTC, a date is its first moment.

    With `millis` numbers are milliseconds, as Pub/Sub's attributes have them. ValueError, which says what to write, if the
    value is no time or lies more than a day ahead.
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
            seconds = value / 1000 if millis else float(value)
            if not _LOWEST <= seconds <= _HIGHEST:  # NaN is not either
                raise ValueError(f"{value} is no time between the years 1 and 9999; {_WRITE}")
        case date():
            moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
        case _:
            raise ValueError(f"is a {type(value).__name__}; {_WRITE}")
    if seconds > time.time() + AHEAD_S:
        raise ValueError(f"{iso(seconds)} lies more than a day ahead; {_WRITE}")
    return seconds


def _parse_iso(text: str) -> datetime:
    compact = _SPACE_BEFORE_ZONE.sub("", text)
    if not _ISO.fullmatch(compact):
        raise ValueError(f"{text[:60]!r} is no time; {_WRITE}")
    try:
        read = isoparse(compact)  # digits beyond microseconds are cut off, as Beam's own times do
        return read.astimezone(timezone.utc) if read.tzinfo else read.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:60]!r} is no time ({error}); {_WRITE}") from None


def iso(seconds: float) -> str:
    """A time for a reader: ISO-8601 in UTC, with microseconds where it has any."""
    return (_EPOCH + timedelta(microseconds=round(seconds * 1e6))).isoformat().replace("+00:00", "Z")
