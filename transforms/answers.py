"""Answers as values: their types, one canonical form for every spelling, and when two of them agree.

Shared by the rules that check a pair and by the reward that scores a response, so both mean the
same thing by "the same answer". Linear in the length of what is given, and never raises.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal, get_args

from transforms.text import normalise, unify

AnswerType = Literal[
    "number", "percentage", "money", "date", "duration", "name", "place", "term", "expression", "code", "list", "yes_no", "option"
]
ANSWER_TYPES: tuple[str, ...] = get_args(AnswerType)
VALUE_TYPES = frozenset({"number", "percentage", "money", "date", "duration"})

# Longer answers are compared as plain text: no checkable answer is that long, and nothing hostile
# gets to the parsers.
MAX_CHARS = 1000
_MAX_VALUE_CHARS = 120
_MAX_EXPONENT = 60


# --- Units ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure: `symbol` names it, `factor` of them make one of what `base` names."""

    symbol: str
    base: str
    factor: Fraction = Fraction(1)


_SI_PREFIXES = {
    "": ("", 0), "k": ("kilo", 3), "M": ("mega", 6), "G": ("giga", 9), "T": ("tera", 12), "P": ("peta", 15),
    "c": ("centi", -2), "d": ("deci", -1), "m": ("milli", -3), "u": ("micro", -6), "n": ("nano", -9), "p": ("pico", -12),
    "h": ("hecto", 2),
}  # fmt: skip
# symbol: (prefixes it takes, names)
_SI_UNITS: dict[str, tuple[str, tuple[str, ...]]] = {
    "m": ("k c d m u n", ("metre", "meter")),  # "5 pm" is a time of day
    "g": ("k M m u n", ("gram", "gramme")),
    "s": ("m u n p", ("second", "sec")),
    "L": ("m c d u h k", ("litre", "liter", "l")),
    "A": ("k m u n", ("ampere", "amp")),
    "V": ("k M m u", ("volt",)),
    "W": ("k M G T m u", ("watt",)),
    "J": ("k M G m", ("joule",)),
    "N": ("k M m", ("newton",)),
    "Pa": ("k M G h", ("pascal",)),
    "Hz": ("k M G T", ("hertz",)),
    "Wh": ("k M G T", ("watt hour",)),
    "Ah": ("m", ("ampere hour", "amp hour")),
    "eV": ("k M G T m", ("electronvolt", "electron volt")),
    "cal": ("k", ("calorie",)),
    "mol": ("k m u n", ("mole",)),
    "M": ("m u n", ("molar",)),
    "F": ("m u n p", ("farad",)),
    "H": ("m u", ("henry",)),
    "T": ("m u", ("tesla",)),
    "C": ("m u", ("coulomb",)),
    "ohm": ("k M m", ("ohm",)),
    "B": ("k M G T P", ("byte",)),
    "bit": ("k M G T", ("bit",)),
    "Sv": ("m u", ("sievert",)),
    "Gy": ("m", ("gray",)),
    "Bq": ("k M G T", ("becquerel",)),
    "bar": ("m k", ("bar",)),
    "lm": ("", ("lumen",)),
    "lx": ("", ("lux",)),
    "cd": ("", ("candela",)),
    "dB": ("", ("decibel",)),
    "pc": ("k M", ("parsec",)),
    "K": ("m", ("kelvin",)),
}
# symbol: (base, how many of the base, other spellings; plurals in -s are added)
_OTHER_UNITS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "%": ("%", "1", ("percent", "per cent", "pct", "percentage")),
    "pp": ("pp", "1", ("percentage point", "percent point")),
    "ppm": ("ppm", "1", ("part per million", "parts per million")),
    "ppb": ("ppb", "1", ("part per billion", "parts per billion")),
    "min": ("s", "60", ("minute", "mins")),
    "h": ("s", "3600", ("hour", "hr")),
    "day": ("s", "86400", ("d",)),
    "week": ("s", "604800", ("wk",)),
    "month": ("month", "1", ("mo",)),
    "year": ("month", "12", ("yr", "annum")),
    "decade": ("month", "120", ()),
    "century": ("month", "1200", ("centuries",)),
    "millennium": ("month", "12000", ("millennia",)),
    "in": ("m", "0.0254", ("inch", "inches", '"', "''")),
    "ft": ("m", "0.3048", ("foot", "feet", "'")),
    "yd": ("m", "0.9144", ("yard",)),
    "mi": ("m", "1609.344", ("mile",)),
    "nmi": ("m", "1852", ("nautical mile",)),
    "angstrom": ("m", "0.0000000001", ("\u00e5",)),
    "ly": ("m", "9460730472580800", ("light year", "light-year", "lightyear")),
    "au": ("m", "149597870700", ("astronomical unit",)),
    "t": ("g", "1000000", ("tonne", "metric ton")),
    "Mt": ("g", "1000000000000", ("megatonne", "megaton")),
    "ton": ("ton", "1", ("short ton",)),
    "lb": ("g", "453.59237", ("pound", "lbs")),
    "oz": ("g", "28.349523125", ("ounce",)),
    "st": ("g", "6350.29318", ("stone",)),
    "ha": ("m^2", "10000", ("hectare",)),
    "acre": ("acre", "1", ()),
    "gal": ("gal", "1", ("gallon",)),
    "qt": ("gal", "0.25", ("quart",)),
    "pt": ("gal", "0.125", ("pint",)),
    "cup": ("gal", "0.0625", ()),
    "tbsp": ("tbsp", "1", ("tablespoon",)),
    "tsp": ("tsp", "1", ("teaspoon",)),
    "bbl": ("bbl", "1", ("barrel",)),
    "hp": ("hp", "1", ("horsepower",)),
    "psi": ("psi", "1", ("pounds per square inch",)),
    "atm": ("atm", "1", ("atmosphere",)),
    "mmHg": ("mmHg", "1", ("mm hg", "millimetres of mercury", "millimeters of mercury")),
    "\u00b0C": ("\u00b0C", "1", ("celsius", "degree celsius", "degrees celsius", "degree c", "degrees c", "deg c", "centigrade")),
    "\u00b0F": ("\u00b0F", "1", ("fahrenheit", "degree fahrenheit", "degrees fahrenheit", "degree f", "degrees f", "deg f")),
    "\u00b0": ("\u00b0", "1", ("degree", "deg")),
    "rad": ("rad", "1", ("radian",)),
    "rpm": ("rpm", "1", ("revolutions per minute", "revolution per minute", "rev/min")),
    "bpm": ("bpm", "1", ("beats per minute", "beat per minute")),
    "kn": ("kn", "1", ("knot",)),
    "KiB": ("B", "1024", ("kibibyte",)),
    "MiB": ("B", "1048576", ("mebibyte",)),
    "GiB": ("B", "1073741824", ("gibibyte",)),
    "IU": ("IU", "1", ("international unit",)),
    "pH": ("pH", "1", ()),
    "Da": ("Da", "1", ("dalton",)),
    "kDa": ("Da", "1000", ("kilodalton",)),
    "px": ("px", "1", ("pixel",)),
    "dpi": ("dpi", "1", ("dots per inch",)),
    "people": ("people", "1", ("person", "persons")),
}
# One symbol for what is written in many ways that the grammar of "a per b" does not cover.
_SHORTHAND = {
    "kph": "km/h", "kmh": "km/h", "kmph": "km/h", "mph": "mi/h", "mps": "m/s", "fps": "ft/s", "cc": "cm^3", "sqm": "m^2",
    "sqft": "ft^2", "sqkm": "km^2", "mbps": "Mbit/s", "gbps": "Gbit/s", "kbps": "kbit/s", "kB": "kB", "KB": "kB",
    "kcal": "kcal", "Kcal": "kcal", "Cal": "kcal", "Ml": "ML", "Kg": "kg", "KG": "kg", "Km": "km", "KM": "km",
    "\u03a9": "ohm", "k\u03a9": "kohm", "M\u03a9": "Mohm", "kw": "kW", "kwh": "kWh", "y": "year",
    "hz": "Hz", "khz": "kHz", "mhz": "MHz", "ghz": "GHz",
}  # fmt: skip
# A unit of currency is not one of measure, but it stands where a unit stands.
_CURRENCIES: dict[str, tuple[str, ...]] = {
    "USD": ("$", "US$", "$US", "dollar", "us dollar", "u.s. dollar", "american dollar", "united states dollar"),
    "EUR": ("\u20ac", "euro"),
    "GBP": ("\u00a3", "pound sterling", "pounds sterling", "british pound", "sterling"),
    "JPY": ("\u00a5", "yen", "japanese yen"),
    "CNY": ("RMB", "yuan", "renminbi", "CN\u00a5"),
    "INR": ("\u20b9", "Rs", "Rs.", "rupee", "indian rupee"),
    "CAD": ("C$", "CA$", "canadian dollar"),
    "AUD": ("A$", "AU$", "australian dollar"),
    "NZD": ("NZ$", "new zealand dollar"),
    "HKD": ("HK$", "hong kong dollar"),
    "SGD": ("S$", "singapore dollar"),
    "CHF": ("Fr.", "swiss franc"),
    "KRW": ("\u20a9", "won", "south korean won"),
    "RUB": ("\u20bd", "ruble", "rouble", "russian ruble"),
    "BRL": ("R$", "real", "reais", "brazilian real"),
    "MXN": ("MX$", "mexican peso"),
    "TRY": ("\u20ba", "lira", "turkish lira"),
    "ILS": ("\u20aa", "shekel"),
    "NGN": ("\u20a6", "naira"),
    "VND": ("\u20ab", "dong"),
    "SEK": ("swedish krona", "swedish kronor"),
    "NOK": ("norwegian krone", "norwegian kroner"),
    "DKK": ("danish krone", "danish kroner"),
    "PLN": ("zloty", "z\u0142oty"),
    "ZAR": ("south african rand", "rand"),
    "cent": ("\u00a2", "cents"),
    "penny": ("pence",),
}

_IRREGULAR_PLURALS = {"people": "person", "children": "child", "men": "man", "women": "woman", "mice": "mouse", "teeth": "tooth"}


def singular(word: str) -> str:
    """Drop an English plural ending, the same way for every word; not a dictionary."""
    if word in _IRREGULAR_PLURALS:
        return _IRREGULAR_PLURALS[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _build_units() -> tuple[dict[str, Unit], dict[str, Unit], dict[str, list[str]]]:
    """Every unit by symbol (case counts), by word (lower case), and every spelling by symbol."""
    symbols: dict[str, Unit] = {}
    by_word: dict[str, Unit] = {}
    spellings: dict[str, list[str]] = {}

    def add(unit: Unit, names: tuple[str, ...]) -> None:
        symbols[unit.symbol] = unit
        known = spellings.setdefault(unit.symbol, [unit.symbol])
        for name in names:
            for form in (name, name + "s") if name[-1].isalpha() and len(name) > 1 and not name.endswith("s") else (name,):
                by_word.setdefault(form.lower(), unit)
                known.append(form)

    for symbol, (prefixes, names) in _SI_UNITS.items():
        for prefix in ["", *prefixes.split()]:
            word, power = _SI_PREFIXES[prefix]
            add(
                Unit(prefix + symbol, symbol, Fraction(10) ** power),
                tuple(word + name for name in names if word or len(name) > 1),
            )
    for symbol, (base, factor, names) in _OTHER_UNITS.items():
        spelled = symbol.islower() and symbol.isascii() and len(symbol) > 2  # "day" has a plural, "kn" has none
        add(Unit(symbol, base, Fraction(factor)), (symbol, *names) if spelled else names)
    for litre in ("l", "ml", "cl", "dl", "ul", "hl"):
        symbols[litre] = symbols[litre[:-1] + "L"]
        spellings[litre[:-1] + "L"].append(litre)
    return symbols, by_word, spellings


_SYMBOLS, _UNIT_WORDS, _SPELLINGS = _build_units()
_LOWER_SYMBOLS: dict[str, list[Unit]] = {}
for _symbol, _unit in _SYMBOLS.items():
    _LOWER_SYMBOLS.setdefault(_symbol.lower(), []).append(_unit)
for _currency, _names in _CURRENCIES.items():
    for _name in (_currency, *_names):
        _UNIT_WORDS.setdefault(_name.lower(), Unit(_currency, _currency))
        if _name[-1].isalpha() and len(_name) > 2 and _name.islower():
            _UNIT_WORDS.setdefault(_name + "s", Unit(_currency, _currency))

_POWER = re.compile(r"(?:\^|\*\*)?([23])$| (squared|cubed)$")
_AREA = re.compile(r"(square|sq\.?|cubic|cu\.?) (.*)", re.IGNORECASE)
_COUNTED = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+){0,3}")


@lru_cache(maxsize=4096)
def parse_unit(text: str, money: bool = False) -> Unit | None:
    """The known unit that a text names, however it is spelled; None if it names none.

    "km/h", "kph" and "kilometres per hour" are one unit, "MW" and "mW" are two. `money` settles
    "pounds" and its like in favour of a currency.
    """
    text = text.strip().replace("\u00b5", "u").replace("\u03bc", "u").replace("\u2126", "ohm")
    if not text or len(text) > 60:
        return None
    if money:
        named = {"pound": "GBP", "pounds": "GBP", "franc": "CHF", "peso": "MXN", "pesos": "MXN", "p": "penny", "c": "cent"}
        if text.lower() in named:
            return Unit(named[text.lower()], named[text.lower()])
    text = _SHORTHAND.get(text, text)
    whole = _simple_unit(text)
    if whole:
        return whole
    parts = re.split(r" ?/ ?| per | an? (?=hour|minute|second|day|week|month|year)", text)
    if len(parts) not in (2, 3):
        return None
    units = [_simple_unit(part) for part in parts]
    factor = Fraction(1)
    for position, unit in enumerate(units):
        if unit is None:
            return None
        factor = factor / unit.factor if position else unit.factor
    known = [unit for unit in units if unit]
    return Unit("/".join(unit.symbol for unit in known), "/".join(unit.base for unit in known), factor)


def _simple_unit(text: str) -> Unit | None:
    text = text.strip()
    power = 1
    area = _AREA.fullmatch(text)
    raised = None if area else _POWER.search(text)
    if area:
        power, text = (2 if area[1].lower().startswith("sq") else 3), area[2]
    elif raised:
        power, text = int(raised[1] or (2 if raised[2] == "squared" else 3)), text[: raised.start()]
    text = text.strip()
    lower = text.lower()
    unit = _SYMBOLS.get(text) or _UNIT_WORDS.get(lower) or _SYMBOLS.get(text.rstrip(".")) or _UNIT_WORDS.get(lower.rstrip("."))
    if unit is None and lower in _SHORTHAND:
        unit = parse_unit(_SHORTHAND[lower]) if _SHORTHAND[lower] != text else None
    if unit is None:
        candidates = _LOWER_SYMBOLS.get(lower.rstrip("."), [])
        unit = candidates[0] if len(candidates) == 1 and len(text) > 1 else None
    if unit is None or power == 1:
        return unit
    return Unit(f"{unit.symbol}^{power}", f"{unit.base}^{power}", unit.factor**power)


def unit_spellings(symbol: str) -> list[str]:
    """Every way known of writing a unit, for a search; the symbol itself comes first."""
    if symbol in _CURRENCIES:
        names = _CURRENCIES[symbol]
        return [symbol, *names, *(name + "s" for name in names if name.islower() and name.isalpha())]
    if "/" in symbol:
        combined = [short for short, full in _SHORTHAND.items() if full == symbol]
        first, second, *more = symbol.split("/")
        if more:
            return [symbol]
        joined = [a + by + b for a in unit_spellings(first) for b in unit_spellings(second) for by in ("/", " per ", " / ")]
        return [symbol, *combined, *joined][:400]
    if symbol.endswith(("^2", "^3")):
        base, power = symbol[:-2], symbol[-1]
        known = unit_spellings(base)
        words = ("square ", "sq ", "sq. ") if power == "2" else ("cubic ", "cu ", "cu. ")
        short = [s for s, full in _SHORTHAND.items() if full == symbol]
        return [symbol, base + power, *short, *(word + name for name in known for word in words)]
    return [*_SPELLINGS.get(symbol, [symbol, symbol + "s"]), *(short for short, full in _SHORTHAND.items() if full == symbol)]


# --- Numbers and quantities ----------------------------------------------------------------------

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen"
).split()
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
SMALL_NUMBERS = {word: value for value, word in enumerate(_ONES)} | _TENS | {"fourty": 40}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHORT_SCALES = {"k": 10**3, "m": 10**6, "mn": 10**6, "mm": 10**6, "mio": 10**6, "bn": 10**9, "b": 10**9, "tn": 10**12}
_PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5}
_PARTS |= {"sixth": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10, "sixths": 6}
_ORDINALS = dict(
    zip(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
        "sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        range(1, 21),
        strict=True,
    )
)

_DIGITS = re.compile(
    r"(?P<grouped>\d{1,3}(?:,\d{3})+|\d{1,3}(?:[ '_]\d{3})+|\d{1,3}(?:\.\d{3}){2,}|"
    r"\d{1,2}(?:,\d{2})+,\d{3})(?![\d])(?P<tail>\.\d+)?"
    r"|(?P<comma>\d{1,9},\d{1,2}(?![\d,])|0,\d+(?![\d,]))"
    r"|(?P<plain>\d+(?:\.\d+)?|\.\d+)",
    re.ASCII,
)
_FRACTION = re.compile(r" ?/ ?(\d{1,9})(?![\d/.,])", re.ASCII)
_MIXED = re.compile(r"[ -](\d{1,4}) ?/ ?(\d{1,4})(?![\d/.,])", re.ASCII)
_AND_A_HALF = re.compile(r" and (?:an?|one) (half|third|quarter)(?![A-Za-z])", re.IGNORECASE)
_TIMES_TEN = re.compile(r" ?(?:[x\u00d7*\u00b7]|\\times|\\cdot) ?10 ?(?:\^|\*\*) ?\{?([+-]?\d{1,3})\}?(?!\d)", re.ASCII)
_EXPONENT = re.compile(r"[eE]([+-]?\d{1,3})(?![\w.])", re.ASCII)
_TEN_TO = re.compile(r"10 ?(?:\^|\*\*) ?\{?([+-]?\d{1,3})\}?(?!\d)", re.ASCII)
_NUMBER_WORD = re.compile(r"[A-Za-z]+")
_APPROXIMATELY = re.compile(r"(?:about|approximately|approx\.?|around|roughly|circa|ca?\.|~|\u2248|exactly)\s*", re.IGNORECASE)
_SIGN = re.compile(r"([+-])\s?|(minus|negative|plus)\s+", re.IGNORECASE)
_CURRENCY = re.compile(
    r"(?:"
    + "|".join(
        sorted(
            (re.escape(n) for code, names in _CURRENCIES.items() for n in (code, *names) if not n.islower() or not n.isalpha()),
            key=len,
            reverse=True,
        )
    )
    + r")(?![A-Za-z])"
)
_GAP = re.compile(r"[ -]?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit; `unit` is "" for a bare number. Equal if they measure the same."""

    value: Fraction
    unit: str = ""
    base: str = ""
    factor: Fraction = Fraction(1)

    def same(self, other: "Quantity") -> bool:
        """Whether both say the same number, in units that convert exactly."""
        return self.base == other.base and self.value * self.factor == other.value * other.factor

    def __str__(self) -> str:
        number = format_number(self.value)
        return f"{number}%" if self.unit == "%" else f"{number} {self.unit}".rstrip()


def format_number(value: Fraction) -> str:
    """Write a number in plain digits, or as a reduced fraction where decimals would not end."""
    denominator, places = value.denominator, 0
    for prime in (2, 5):
        count = 0
        while denominator % prime == 0 and count <= _MAX_EXPONENT:
            denominator //= prime
            count += 1
        places = max(places, count)
    if denominator != 1 or places > _MAX_EXPONENT:
        return f"{value.numerator}/{value.denominator}"
    if places == 0:
        return str(value.numerator)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def read_number(text: str, start: int = 0) -> tuple[Fraction, int] | None:
    """Read a number, in digits or in words, that begins at `start`: its value and its end."""
    return _read_digits(text, start) or _read_words(text, start)


def _read_digits(text: str, start: int) -> tuple[Fraction, int] | None:
    ten = _TEN_TO.match(text, start)
    if ten and abs(int(ten[1])) <= _MAX_EXPONENT:
        return Fraction(10) ** int(ten[1]), ten.end()
    found = _DIGITS.match(text, start)
    if not found or found.end() - start > 80:
        return None
    if found["grouped"]:
        written = re.sub(r"[^0-9]", "", found["grouped"]) + (found["tail"] or "")
    else:
        written = (found["comma"] or found["plain"]).replace(",", ".")
    value, end = Fraction(written), found.end()
    power = _TIMES_TEN.match(text, end) or _EXPONENT.match(text, end)
    if power:
        if abs(int(power[1])) > _MAX_EXPONENT:
            return None
        return value * Fraction(10) ** int(power[1]), power.end()
    over = _FRACTION.match(text, end)
    if over and int(over[1]) and "." not in written:
        return value / int(over[1]), over.end()
    mixed = _MIXED.match(text, end)
    if mixed and int(mixed[2]) and "." not in written:
        return value + Fraction(int(mixed[1]), int(mixed[2])), mixed.end()
    half = _AND_A_HALF.match(text, end)
    if half:
        return value + Fraction(1, _PARTS[half[1].lower()]), half.end()
    return _scaled(text, value, end)


def _scaled(text: str, value: Fraction, end: int) -> tuple[Fraction, int]:
    """Multiply by the scale words that follow: "1.5 million", "3 hundred thousand"."""
    for _ in range(3):
        gap = _GAP.match(text, end)
        word = _NUMBER_WORD.match(text, gap.end() if gap else end)
        factor = ({"hundred": 100, "dozen": 12} | SCALES).get(word[0].lower()) if word else None
        if not word or not factor:
            break
        value, end = value * factor, word.end()
    return value, end


def _read_words(text: str, start: int) -> tuple[Fraction, int] | None:
    """Read a spelled-out number: "twenty-two", "one hundred and five", "two and a half", "half"."""
    found: list[tuple[str, int]] = []
    position = start
    for _ in range(24):
        word = _NUMBER_WORD.match(text, position)
        if not word or len(word[0]) > 12:
            break
        found.append((word[0].lower(), word.end()))
        gap = _GAP.match(text, word.end())
        if not gap or gap.end() == word.end():
            break
        position = gap.end()
    return _number_of_words(found)


def _number_of_words(found: list[tuple[str, int]]) -> tuple[Fraction, int] | None:
    total = current = Fraction(0)
    end = 0
    last = "start"  # what kind of word came last: decides what may follow
    index = 0
    while index < len(found):
        word, stop = found[index]
        following = found[index + 1][0] if index + 1 < len(found) else ""
        after = found[index + 2][0] if index + 2 < len(found) else ""
        if word in SMALL_NUMBERS and following in _PARTS and last == "start" and SMALL_NUMBERS[word]:
            return Fraction(SMALL_NUMBERS[word], _PARTS[following]), found[index + 1][1]
        if word in ("a", "an") and last == "start" and following in ("half", "quarter", "third"):
            return Fraction(1, _PARTS[following]), found[index + 1][1]
        if word in ("half", "quarter") and last == "start":
            return Fraction(1, _PARTS[word]), stop
        if word == "and" and following in ("a", "one") and after in ("half", "quarter", "third") and last != "start":
            return total + current + Fraction(1, _PARTS[after]), found[index + 2][1]
        if word in ("a", "an") and last == "start" and following in ("hundred", "thousand", "million", "billion", "dozen"):
            current, last = Fraction(1), "one"
        elif word in _TENS and last in ("start", "scale", "and"):
            current, last = current + _TENS[word], "ten"
        elif word in SMALL_NUMBERS and (last in ("start", "scale", "and") or (last == "ten" and 0 < SMALL_NUMBERS[word] < 10)):
            current, last = current + SMALL_NUMBERS[word], "one"
        elif word == "hundred" and last in ("one", "ten") and current < 100:
            current, last = current * 100, "scale"
        elif word == "dozen" and last in ("one", "ten", "start"):
            current, last = (current or Fraction(1)) * 12, "one"
        elif word in SCALES and last != "start" and (current or total):
            total, current, last = total + (current or 1) * SCALES[word], Fraction(0), "scale"
        elif word == "and" and last == "scale" and following in SMALL_NUMBERS:
            last = "and"
            index += 1
            continue
        elif word == "point" and last in ("one", "ten") and following in SMALL_NUMBERS and SMALL_NUMBERS[following] < 10:
            return _spelled_decimals(found, index, total + current)
        else:
            break
        end = stop
        index += 1
    return (total + current, end) if end else None


def _spelled_decimals(found: list[tuple[str, int]], index: int, value: Fraction) -> tuple[Fraction, int]:
    place, end = Fraction(1, 10), found[index][1]
    for word, stop in found[index + 1 :]:
        if word not in SMALL_NUMBERS or SMALL_NUMBERS[word] > 9:
            break
        value, place, end = value + place * SMALL_NUMBERS[word], place / 10, stop
    return value, end


_UNIT_END = re.compile(r"[ -]?(?:[^\W\d_]+\.?|[%\u00b0'\"$\u20ac\u00a3\u00a5\u20b9\u2030]+[CFK]?)(?:(?:\^|\*\*)?[23](?!\d))?")
_UNIT_JOIN = re.compile(r" ?/ ?| ")


def read_unit(text: str, start: int, money: bool = False) -> tuple[Unit, int] | None:
    """Read the longest known unit that begins at `start` (a space or hyphen may come first)."""
    ends: list[int] = []
    position = start
    for _ in range(5):
        piece = _UNIT_END.match(text, position)
        if not piece or piece.end() - start > 60:
            break
        ends.append(piece.end())
        join = _UNIT_JOIN.match(text, piece.end())
        if not join:
            break
        position = join.end() if "/" in join[0] else piece.end()
    for end in reversed(ends):
        written = text[start:end].lstrip(" -")
        if written == "in" and text[end : end + 2].strip()[:1].isalnum():
            continue  # "30 in total" is not 30 inches
        unit = parse_unit(written, money)
        if unit:
            return unit, end
        if written.endswith("."):
            unit = parse_unit(written[:-1], money)
            if unit:
                return unit, end - 1
    return None


def read_quantity(text: str, start: int = 0, money: bool = False) -> tuple[Quantity, int] | None:
    """Read a quantity that begins at `start`: "-5", "$1.5 million", "12 km/h", "5 ft 11 in", "twenty percent"."""
    position, sign = start, 1
    currency = _CURRENCY.match(text, position)
    signed = None if currency else _SIGN.match(text, position)
    if signed:
        sign = -1 if signed[0].strip().lower() in ("-", "minus", "negative") else 1
        position = signed.end()
        currency = _CURRENCY.match(text, position)
    if currency:
        position = currency.end() + (text[currency.end() : currency.end() + 1] == " ")
    found = read_number(text, position)
    if not found:
        return None
    value, end = found
    if currency:
        value, end = _short_scale(text, value, end)
        unit = _UNIT_WORDS[currency[0].lower()]
        again = read_unit(text, end, money=True)  # "$5 USD", "$5 dollars"
        end = again[1] if again and again[0].symbol in _CURRENCIES else end
        return Quantity(sign * value, unit.symbol, unit.base), end
    if money:
        value, end = _short_scale(text, value, end)
    named = read_unit(text, end, money)
    if not named:
        return Quantity(sign * value), end
    unit, end = named
    quantity, end = _compound(text, Quantity(sign * value, unit.symbol, unit.base, unit.factor), end)
    return quantity, end


def _short_scale(text: str, value: Fraction, end: int) -> tuple[Fraction, int]:
    """Money alone is written "$1.5m" or "EUR 3bn"."""
    found = re.compile(r" ?([A-Za-z]{1,3})(?![A-Za-z])").match(text, end)
    factor = _SHORT_SCALES.get(found[1].lower()) if found else None
    return (value * factor, found.end()) if found and factor else (value, end)


def _compound(text: str, quantity: Quantity, end: int) -> tuple[Quantity, int]:
    """Add the smaller units that follow: "5 ft 11 in", "1 hour and 30 minutes"."""
    for _ in range(4):
        gap = re.compile(r",? (?:and )?|(?=\d)").match(text, end)
        number = read_number(text, gap.end()) if gap and quantity.base in ("m", "g", "s", "month") else None
        named = read_unit(text, number[1]) if number else None
        if not number or not named or named[0].base != quantity.base or named[0].factor >= quantity.factor:
            break
        unit = named[0]
        value = quantity.value * quantity.factor / unit.factor + number[0]
        quantity, end = Quantity(value, unit.symbol, unit.base, unit.factor), named[1]
    return quantity, end


_TEXT_COMMAND = re.compile(r"\\(?:text|mathrm|mathbf|operatorname)\{([^{}]*)\}")
_FRAC = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")


def _without_latex(text: str) -> str:
    if text[:1] == "$" and text[-1:] == "$" and len(text) > 2:
        text = text[1:-1].strip()
    if "\\" in text:
        text = _FRAC.sub(r"\1/\2", _TEXT_COMMAND.sub(r" \1 ", text))
        text = text.replace("\\%", "%").replace("\\,", " ").replace("\\ ", " ").replace("^\\circ", "\u00b0").replace("\\$", "$")
    return " ".join(text.split())


def parse_quantity(text: str, answer_type: str | None = None) -> Quantity | None:
    """The quantity that a whole text says; None if it says anything else.

    Typed as a value, whatever is counted may be the unit ("30 committees"); otherwise only known units.
    """
    text = _without_latex(unify(text[: 4 * _MAX_VALUE_CHARS])).strip(" .,;:")
    if not text or len(text) > _MAX_VALUE_CHARS:
        return None
    about = _APPROXIMATELY.match(text)
    text = text[about.end() :] if about else text
    money = answer_type == "money"
    found = read_quantity(text, 0, money)
    if not found and answer_type in ("duration", "number"):  # "a year", "an hour"
        one = re.match(r"(?:an?|per) (?=[A-Za-z])", text)
        named = read_unit(text, one.end()) if one else None
        found = (Quantity(Fraction(1), named[0].symbol, named[0].base, named[0].factor), named[1]) if named else None
    if not found:
        return None
    quantity, end = found
    rest = text[end:].strip(" .,;:")
    if re.fullmatch(r"(?:an?|of an?) [a-z]+", rest) and quantity.value == Fraction(1, 2):  # "half an hour"
        named = read_unit(rest, rest.rindex(" ") + 1)
        if named and named[1] == len(rest):
            return Quantity(quantity.value, named[0].symbol, named[0].base, named[0].factor)
    if not rest:
        return quantity
    if answer_type in VALUE_TYPES and answer_type != "date" and not quantity.unit and text[end : end + 1] in " -":
        counted = _COUNTED.fullmatch(rest)
        if counted:
            *before, last = rest.lower().replace("-", " ").split()
            unit = " ".join([*before, singular(singular(last))])
            return Quantity(quantity.value, unit, unit)
    return None


def quantities_in(text: str) -> Iterator[tuple[int, int, Quantity]]:
    """Every number or quantity in a short text (as `unify` leaves it): start, end, what it says."""
    position = 0
    for candidate in re.finditer(
        r"(?<![\w.])(?:(?<![\d)\]] )-)?(?:[$\u20ac\u00a3\u00a5\u20b9]|US\$)? ?\.?\d|\b[A-Za-z]{3,9}\b", text
    ):
        if candidate.start() < position:
            continue
        found = read_quantity(text, candidate.start() + (text[candidate.start()] == " "))
        if found:
            position = found[1]
            yield candidate.start(), found[1], found[0]


# --- Dates ---------------------------------------------------------------------------------------

MONTHS = ("january february march april may june july august september october november december").split()
_MONTH_NUMBERS = {name: number for number, name in enumerate(MONTHS, 1)} | {
    name[:3]: number for number, name in enumerate(MONTHS, 1)
}
_MONTH_NUMBERS["sept"] = 9
_MONTH = r"(?P<month>" + "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True)) + r")\.?"
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
        r"(?:the )?(?:year )?(?P<year>\d{4})",
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
    if len(text) > _MAX_VALUE_CHARS:
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
    for form in _DATE_FORMS:
        found = form.fullmatch(text)
        if found:
            said = found.groupdict()
            month = _MONTH_NUMBERS[said["month"]] if said.get("month") else int(said.get("monthno") or 0)
            date = _valid_date(
                int(said.get("year") or 0), month, int(said.get("day") or 0), "day" in said and said["day"] is not None
            )
            if date:
                return date
    return None


def _valid_date(year: int, month: int, day: int, has_day: bool = False) -> PartialDate | None:
    if month == 0:
        return PartialDate(year) if year and not has_day else None
    if not 1 <= month <= 12 or day > _DAYS_IN_MONTH[month - 1] or (has_day and day < 1):
        return None
    return PartialDate(year, month, day)


# --- Canonical forms -----------------------------------------------------------------------------

_YES = frozenset({"yes", "y", "yeah", "yep", "true", "correct", "affirmative", "right"})
_NO = frozenset({"no", "n", "nope", "nah", "false", "incorrect", "negative", "wrong", "not"})
_LETTERS = str.maketrans(
    {"\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00e6": "ae", "\u0153": "oe", "\u00fe": "th", "\u00f0": "d", "\u0131": "i"}
)
_ARTICLE = re.compile(r"(?:the|an|a) (?=\S)")
_TITLES = re.compile(
    r"(?:(?:mr|mrs|ms|miss|dr|prof|professor|sir|dame|lord|lady|rev|reverend|president|saint|st|general|gen|colonel|"
    r"captain|capt|senator|judge|justice|doctor|madame|mme|monsieur|herr|frau)\.? )+"
    r"(?=\S)"
)
_OUTER = "\"'.,;:!? "
_QUOTED = ((' "', '"'), ("'", "'"), ("(", ")"), ("[", "]"))
_INITIALS = re.compile(r"(?<![\w.])(?:[^\W\d_]\.[ ]?){2,}|(?<![\w.'])(?:[^\W\d_] )+[^\W\d_](?![\w'.])")
_OPTION_MARK = re.compile(r"\(?[a-h1-9]\)[ ]*(?=\S)|[a-h][.:] (?=\S)")
_RANGE = re.compile(r"(?<=\d) ?(?:-| to | until ) ?(?=\d)")
_WORD_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=\w)|(?<=\w)-(?=[^\W\d_])")
_WORD_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])|(?<=s)'(?= |$)")
_LOOSE_MARK = re.compile(r"(?<!\d)[,;]|[,;](?!\d)|(?<=[^\W\d_])\.(?= |$)|\"")
_ORDINAL = re.compile(r"\b(?:(" + "|".join(_TENS) + r")-)?(" + "|".join(_ORDINALS) + r")\b(?= |$)")


def _fold_text(text: str) -> str:
    """The form of a text that does not depend on case, accents, hyphens or loose punctuation."""
    text = normalise(text).replace(" & ", " and ")
    if not text.isascii():
        bare = "".join(
            char for char in unicodedata.normalize("NFKD", text.translate(_LETTERS)) if not unicodedata.combining(char)
        )
        text = normalise(unicodedata.normalize("NFC", bare))
    text = _INITIALS.sub(lambda m: re.sub(r"[. ]", "", m[0]) + (" " if m[0].endswith(" ") else ""), text)
    text = _ORDINAL.sub(lambda m: _ordinal(_TENS.get(m[1] or "", 0) + _ORDINALS[m[2]]), text)
    text = _WORD_APOSTROPHE.sub("", _WORD_HYPHEN.sub(" ", _RANGE.sub("-", text)))
    text = " ".join(_LOOSE_MARK.sub("", text).split())
    return text.strip(_OUTER) or text


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _unquoted(text: str) -> str:
    text = text.strip()
    for _ in range(4):
        if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'`":
            text = text[1:-1].strip()
        elif len(text) > 6 and text.startswith("```") and text.endswith("```"):
            text = text[3:-3].strip()
        else:
            break
    return text


def _code(text: str) -> str:
    for odd, plain in (("\u2018", "'"), ("\u2019", "'"), ("\u201c", '"'), ("\u201d", '"'), ("\u2013", "-"), ("\u2212", "-")):
        text = text.replace(odd, plain)
    text = " ".join(text.replace("\u200b", "").replace("\u00a0", " ").split())
    return _unquoted(text).replace('"', "'") or text


_EXPRESSION_WORDS = (
    ("\\left", ""), ("\\right", ""), ("\\cdot", "*"), ("\\times", "*"), ("\\div", "/"), ("\\leq", "<="), ("\\geq", ">="),
    ("\\le", "<="), ("\\ge", ">="), ("\\neq", "!="), ("\\pi", "\u03c0"), ("\\infty", "\u221e"), ("\\sqrt", "sqrt"),
    ("\\pm", "\u00b1"),
    ("\u221a", "sqrt"), ("\u00d7", "*"), ("\u00b7", "*"), ("\u22c5", "*"), ("\u00f7", "/"), ("**", "^"), ("\u2264", "<="),
    ("\u2265", ">="), ("\u2260", "!="), ("\\", ""),
)  # fmt: skip
_RAISED = re.compile("([\u207a\u207b]?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)")
_GROUPED_ATOM = re.compile(r"\{([^{}]{0,1})\}|\(([\w.]+)\)(?=$)|\\[,;! ]")


def _expression(text: str) -> str:
    """A formula without its spaces and its dress; case counts. No algebra is done here."""
    text = _RAISED.sub(r"^\1", text)
    text = unify(text)
    for mark in ("$$", "$"):
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            text = text[len(mark) : -len(mark)]
    if text.startswith(("\\(", "\\[")) and text.endswith(("\\)", "\\]")):
        text = text[2:-2]
    text = _FRAC.sub(r"(\1)/(\2)", _TEXT_COMMAND.sub(r"\1", text))
    for written, plain in _EXPRESSION_WORDS:
        text = text.replace(written, plain)
    text = re.sub(r"(?<![a-zA-Z])pi(?![a-zA-Z])", "\u03c0", text)
    text = re.sub(r"\{([^{}]*)\}", lambda m: m[1] if len(m[1]) < 2 else f"({m[1]})", text)
    text = re.sub(r"\(([a-zA-Z0-9\u03c0])\)", r"\1", text) if not re.search(r"[A-Za-z]\(", text) else text
    text = "".join(text.split()).replace('"', "'")
    return text.rstrip(".,;") or text


_LIST_SPLIT = re.compile(r"\s*(?:;|\n|,(?!\d{3}(?!\d))|\s(?:and|&|or)\s|,\s)\s*(?:(?:and|or|&)\s+)?")
_BULLET = re.compile(r"(?:[-*\u2022]|\(?\d{1,2}[.)])\s+")


def list_items(answer: str) -> list[str]:
    """The items of a list as they are written, without bullets, brackets and the last "and"."""
    text = answer[: 4 * MAX_CHARS].strip()
    for opening, closing in (("[", "]"), ("{", "}"), ("(", ")")):
        if text.startswith(opening) and text.endswith(closing):
            text = text[1:-1]
    lines = [_BULLET.sub("", line.strip(), count=1) for line in text.splitlines()]
    items = [item.strip(" .,;") for item in _LIST_SPLIT.split("\n".join(lines))]
    return [item for item in items if item]


def _yes_no(text: str) -> str | None:
    first, _, rest = normalise(text).strip(_OUTER).partition(" ")
    first = first.rstrip(",.;:!-")
    said = "yes" if first in _YES else "no" if first in _NO else None
    opposite = _NO if said == "yes" else _YES
    if not rest:
        return said
    told = normalise(text).strip(_OUTER)[len(first) :].lstrip()[:1] in (",", ".", ";", ":", "!", "-")
    return said if told and not opposite & set(re.findall(r"\w+", rest)) else None


def canonical(answer: str, answer_type: str | None = None) -> str:
    """Write an answer in the one form that all its spellings share. Idempotent.

    Numbers lose separators and idle zeros and keep their unit's symbol ("1,000 metres" -> "1000 m"),
    dates become ISO as far as they are known ("4 May 1923" -> "1923-05-04", "25 July" -> "--07-25"),
    names lose titles, terms their article, lists their order. "" only for an empty answer.
    """
    if not normalise(answer):
        return ""
    form = answer
    for _ in range(6):
        previous, form = form, _canonical_once(form, answer_type)
        if form == previous:
            break
    return form


def _canonical_once(answer: str, answer_type: str | None) -> str:
    plain = unify(answer)
    return _typed_form(answer, plain, answer_type) or normalise(plain)


def _typed_form(answer: str, plain: str, answer_type: str | None) -> str:
    if len(plain) > MAX_CHARS:
        return normalise(plain)
    if answer_type == "code":
        return _code(answer)
    if answer_type == "list":
        items = list_items(unify_lines(answer))
        if len(items) > 1:
            return ", ".join(sorted(_canonical_item(item) for item in items))
        return _canonical_item(items[0] if items else plain)
    if answer_type == "yes_no":
        said = _yes_no(plain)
        if said:
            return said
    if answer_type == "expression":
        quantity = parse_quantity(plain)
        return str(quantity) if quantity and not quantity.unit else _expression(answer)
    return _canonical_value(plain, answer_type) or _canonical_text(plain, answer_type)


def unify_lines(text: str) -> str:
    """`unify`, line by line."""
    return "\n".join(filter(None, map(unify, text[: 4 * MAX_CHARS].splitlines())))


def _canonical_item(item: str) -> str:
    return (_canonical_value(item, None) or _canonical_text(item, "term")).replace(", ", " ")


def _canonical_value(plain: str, answer_type: str | None) -> str | None:
    text = _unquoted(plain)
    if answer_type in (None, "date", "term", "name", "option", "place"):
        date = parse_date(text)
        if date and (date.month or answer_type == "date"):
            return str(date)
        era = _ERA.fullmatch(text.lower()) if len(text) < 20 else None
        if era:
            return era["after"] or (f"{int(era['number'])} bc" if era["era"].startswith("b") else str(int(era["number"])))
    if answer_type == "date":
        month = _MONTH_NUMBERS.get(normalise(text).strip(" ."))
        if month:
            return str(PartialDate(0, month))
    quantity = parse_quantity(text, answer_type)
    if quantity:
        if answer_type == "percentage" and not quantity.unit:
            return f"{quantity}%"
        return str(quantity)
    date = parse_date(text) if answer_type in ("number", "duration") else None
    return str(date) if date and date.month else None


def _canonical_text(plain: str, answer_type: str | None) -> str:
    said = normalise(plain).strip(_OUTER)
    if answer_type is None and said in ("yes", "no", "yep", "nope", "yeah"):
        return "yes" if said in _YES else "no"
    text = _unquoted(plain)
    if answer_type == "option":
        text = _OPTION_MARK.sub("", normalise(text), count=1) if _OPTION_MARK.match(normalise(text)) else text
    if answer_type == "name":
        text = _given_name_first(normalise(text))
    text = _fold_text(text)
    if answer_type == "name":
        text = _TITLES.sub("", text, count=1) if _TITLES.match(text) else text
    article = _ARTICLE.match(text)
    return text[article.end() :] if article else text


def _given_name_first(text: str) -> str:
    """ "Curie, Marie" -> "Marie Curie"; a suffix ("King, Jr.") stays where it is."""
    last, comma, first = text.partition(", ")
    plain = comma and "," not in first and len(text.split()) <= 4 and " " not in last
    return f"{first} {last}" if plain and first.rstrip(".") not in ("jr", "sr", "ii", "iii", "iv", "phd", "md") else text


# --- Agreement -----------------------------------------------------------------------------------


def answers_match(a: str, b: str, answer_type: str | None = None, aliases: tuple[str, ...] | list[str] = ()) -> bool:
    """Whether two answers say the same thing. Reflexive, and symmetric where no aliases are given.

    `aliases` are further spellings of `b`, the stored answer: `a` may match any of them. An empty
    answer matches nothing. Tolerated: another notation, another spelling of the unit or one that
    converts exactly, a unit that one side leaves out; never another number.
    """
    return _same(a, b, answer_type) or any(_same(a, alias, answer_type) for alias in aliases)


def _same(a: str, b: str, answer_type: str | None) -> bool:
    one, other = canonical(a, answer_type), canonical(b, answer_type)
    if not one or not other:
        return False
    if one == other:
        return True
    if answer_type in ("code", "expression", "list", "yes_no"):
        return False
    first, second = parse_quantity(one, answer_type), parse_quantity(other, answer_type)
    if first and second:
        return first.same(second) or (first.value == second.value and _unit_left_out(first, second, answer_type))
    return answer_type == "name" and _same_person(one.split(), other.split())


def _unit_left_out(first: Quantity, second: Quantity, answer_type: str | None) -> bool:
    """Whether one of two equal numbers has no unit: "155" for "155 km". A "%" may go only where one is expected."""
    if bool(first.unit) == bool(second.unit):
        return False
    return "%" not in (first.unit, second.unit) or answer_type == "percentage"


def _same_person(one: list[str], other: list[str]) -> bool:
    """Whether names agree but for initials: "J. Smith" and "John Smith", "John F. Kennedy" and "John Kennedy"."""
    if len(one) < 2 or len(other) < 2 or one[-1] != other[-1] or len(one[-1]) < 2:
        return False
    given, others = one[:-1], other[:-1]
    if len(given) == len(others):
        return all(x == y or (min(len(x), len(y)) == 1 and x[0] == y[0]) for x, y in zip(given, others, strict=True))
    short, long = sorted((given, others), key=len)
    return len(short) == 1 and short[0] == long[0] and len(short[0]) > 1 and all(len(part) == 1 for part in long[1:])
