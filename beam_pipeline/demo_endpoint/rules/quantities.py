"""Quantities and dates as a text writes them."""

import re

NUM = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
SCALE = r"(?: (?:hundred|thousand|million|billion|trillion))?"
SPELT = r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundreds?)"
MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
DATE = rf"(?:{MONTH} \d{{1,2}}(?:st|nd|rd|th)?, \d{{4}}|\d{{1,2}} {MONTH} \d{{4}}|{MONTH} \d{{4}})"
YEAR = r"(?:1[0-9]|20)\d\d"
PERIOD = r"(?:seconds?|minutes?|mins?|hours?|days?|weeks?|months?|years?|decades?|centuries)"
_UNIT = (
    r"(?:km²?|cm|mm|kg|mg|ml|g|lbs?|pounds?|ounces?|miles?|feet|foot|ft|inch(?:es)?|yards?|met(?:er|re)s?|kilomet(?:er|re)s?|"
    r"°C|°F|degrees(?: Celsius| Fahrenheit)?|[MG]Hz|volts?|watts?|kW|MW|[KMGT]B|bits?|bytes?|lit(?:er|re)s?|gallons?|cups?|"
    r"tbsp|tsp|tablespoons?|teaspoons?|acres|hectares|tons?|tonnes|square (?:miles|feet|kilomet(?:er|re)s|meters)|times)\b"
)
HEDGE = (
    r"(?:[Aa]bout|[Aa]pproximately|[Rr]oughly|[Nn]early|[Aa]lmost|[Aa]round|[Oo]ver|[Mm]ore than|[Aa]t least|[Ll]ess than|"
    r"[Uu]p to)"
)
_ALONE = r"(?<![-–/.\w$€£])"  # no digit, sign or letter just before: not the tail of a range or of a name
_IN_YEAR = "|".join(rf"(?<=\b{word} )" for word in ("[IiOo]n", "[Ff]rom", "[Ss]ince", "[Uu]ntil", "[Bb]y"))
# (answer type, what the question calls it, pattern), the most telling first.
QUANTITIES = (
    ("money", "amount of money", re.compile(rf"(?:US)?[$€£¥] ?{NUM}{SCALE}|\b{NUM}{SCALE} (?:dollars|euros|pounds)\b")),
    ("percentage", "percentage", re.compile(rf"{_ALONE}(?<!±)(?:{NUM} ?(?:-|–|to) ?)?{NUM} ?(?:%|percent\b|per cent\b)")),
    ("date", "date", re.compile(rf"\b{DATE}\b")),
    ("duration", "length of time", re.compile(rf"{_ALONE}(?<!,)(?:{NUM}|{SPELT}) {PERIOD}\b")),
    ("number", "quantity", re.compile(rf"{_ALONE}{NUM}{SCALE} ?{_UNIT}(?! \d)")),
    ("date", "year", re.compile(rf"(?:{_IN_YEAR}){YEAR}\b(?![-–]|s\b)")),
    ("number", "number", re.compile(rf"{_ALONE}(?<!:)\b{NUM}{SCALE}\b(?![-–/%:]| ?(?:%|percent|AM|PM|am|pm))")),
)
