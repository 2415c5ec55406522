"""Quantities and dates as a text writes them."""

import re

NUM = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?: (?:hundred|thousand|million|billion|trillion))?"
SPELT = r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty)"
MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
DATE = rf"(?:{MONTH} \d{{1,2}}, \d{{4}}|\d{{1,2}} {MONTH} \d{{4}}|{MONTH} \d{{4}})"
YEAR = r"(?:1[0-9]|20)\d\d"
PERIOD = r"(?:seconds?|minutes?|mins?|hours?|days?|weeks?|months?|years?|decades?|centuries)"
_UNIT = (
    r"(?:km²?|cm|mm|kg|mg|ml|g|lbs?|pounds?|ounces?|miles?|feet|foot|ft|inch(?:es)?|yards?|met(?:er|re)s?|kilomet(?:er|re)s?|"
    r"°C|°F|degrees(?: Celsius| Fahrenheit)?|(?:[MG]|kilo|mega)?[Hh](?:ert)?z|volts?|watts?|[kM]W|[KMGT]B|bits?|bytes?|"
    r"lit(?:er|re)s?|gallons?|acres|hectares|tons?|tonnes|square (?:miles|feet|kilomet(?:er|re)s|met(?:er|re)s))\b"
)
_ALONE = r"(?<![-–/.,:±\w$€£])"  # no digit, sign or letter just before: not the tail of a range or of a name
# (answer type, what a question calls it, pattern), the most telling first.
QUANTITIES = (
    ("money", "amount of money", re.compile(rf"(?:US)?[$€£¥] ?{NUM}|\b{NUM} (?:dollars|euros|pounds)\b")),
    ("percentage", "percentage", re.compile(rf"{_ALONE}{NUM} ?(?:%|percent\b|per cent\b)(?! (?:to|or) \d)")),
    ("date", "date", re.compile(rf"\b{DATE}\b")),
    ("duration", "length of time", re.compile(rf"{_ALONE}(?:{NUM}|{SPELT}) {PERIOD}\b(?!,? (?:and |to )?\d)")),
    ("number", "quantity", re.compile(rf"{_ALONE}{NUM} ?{_UNIT}(?! \d)")),
    ("date", "year", re.compile(rf"(?:(?<=[IiOo]n )|(?<=[Ff]rom )|(?<=[Ss]ince )|(?<=[Uu]ntil )){YEAR}\b(?![-–]|s\b)")),
    ("number", "number", re.compile(rf"{_ALONE}(?!{YEAR}\b)\b{NUM}\b(?![.,]\d|[-–/%:]| ?(?:{_UNIT}|%|per|[AaPp][Mm]\b|to \d))")),
)
