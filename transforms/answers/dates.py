"""Dates as far as they are known, in whatever order they are written."""

import re
from dataclasses import dataclass

from transforms.text import normalise

_MAX_CHARS = 120

MONTHS = ("january february march april may june july august september october november december").split()
MONTH_NUMBERS = {form: number for number, name in enumerate(MONTHS, 1) for form in (name, name[:3])} | {"sept": 9}
_MONTH = r"(?P<month>" + "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True)) + r")\.?"
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{3,4})"
_DATE_FORMS = tuple(
    re.compile(rf"(?:in |on )?(?:the )?{_WEEKDAY}(?:the )?{form}", re.ASCII)
    for form in (
        rf"{_DAY}(?: of)?[ -]?{_MONTH}(?:(?:,| of)?[ -]?{_YEAR})?",
        rf"{_MONTH} ?(?:the )?{_DAY}(?:,? ?(?<!\d){_YEAR})?",
        rf"{_MONTH}(?:,| of)?[ -]?{_YEAR}",
        r"(?P<year>\d{4})-(?P<monthno>\d{2})(?:-(?P<day>\d{1,2}))?",
        r"(?P<year>\d{4})[/.](?P<monthno>\d{1,2})[/.](?P<day>\d{1,2})",
        r"(?P<year>\d{4}) (?P<month>" + "|".join(MONTHS) + r")(?: (?P<day>\d{1,2}))?",
        r"(?:(?P<year>\d{3,4}) ?[\u5e74\ub144] ?)?(?P<monthno>\d\d?) ?[\u6708\uc6d4](?: ?(?P<day>\d\d?) ?[\u65e5\u53f7\uc77c])?",
        r"(?:the )?(?:year )?(?P<year>\d{4})(?: ?[\u5e74\ub144])?",
    )
)
_NUMERIC_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
_ERA = re.compile(
    r"(?:in )?(?:(?:ad|a\.d\.?) (?P<after>\d{1,4})|(?P<number>\d{1,4}) ?(?P<era>bce?|b\.c\.(?:e\.)?|ad|a\.d\.|ce|c\.e\.))\.?"
)
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date as far as it is known; 0 stands for what is not said."""

    year: int = 0
    month: int = 0
    day: int = 0

    def __str__(self) -> str:
        year = f"{self.year:04d}" if self.year and self.month else str(self.year) if self.year else "-"
        return year + (f"-{self.month:02d}" if self.month else "") + (f"-{self.day:02d}" if self.day else "")


def parse_date(text: str) -> PartialDate | None:
    """The date that a whole text says, day first or month first, with or without the year.

    "05/04/1923" could be read two ways and is not parsed; a year alone is left to the numbers.
    """
    if len(text) > _MAX_CHARS:
        return None
    text = normalise(text).strip(" .,;")
    numeric = _NUMERIC_DATE.fullmatch(text)
    if numeric:
        first, second, year = (int(part) for part in numeric.groups())
        if first == second or first > 12:
            return _valid_date(year, second, first)
        return _valid_date(year, first, second) if second > 12 else None
    bare = re.fullmatch(r"--(\d\d)(?:-(\d\d))?", text)
    if bare:
        return _valid_date(0, int(bare[1]), int(bare[2] or 0))
    for found in filter(None, (form.fullmatch(text) for form in _DATE_FORMS)):
        said = {part: written for part, written in found.groupdict().items() if written}
        month = MONTH_NUMBERS[said["month"]] if "month" in said else int(said.get("monthno", 0))
        date = _valid_date(int(said.get("year", 0)), month, int(said.get("day", 0)), "day" in said)
        if date:
            return date
    return None


def _valid_date(year: int, month: int, day: int, has_day: bool = False) -> PartialDate | None:
    if month == 0:
        return PartialDate(year) if year and not has_day else None
    if not 1 <= month <= 12 or day > _DAYS_IN_MONTH[month - 1] or (has_day and day < 1):
        return None
    return PartialDate(year, month, day)


def parse_era(text: str) -> str | None:
    """A year with its era, in one form: "AD 79" -> "79", "44 BCE" -> "44 bc"."""
    era = _ERA.fullmatch(text.lower()) if len(text) < 20 else None
    if not era:
        return None
    return era["after"] or (f"{int(era['number'])} bc" if era["era"].startswith("b") else str(int(era["number"])))
