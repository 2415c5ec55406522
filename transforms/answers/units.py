"""Units of measure and currency: one symbol for every spelling, and how they convert."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache


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
# A unit: the prefixes it takes: its names. Metres take no "p": "5 pm" is a time of day.
_SI_UNITS = """
m: k c d m u n: metre, meter; g: k M m u n: gram, gramme; s: m u n p: second, sec; L: m c d u h k: litre, liter, l;
A: k m u n: ampere, amp; V: k M m u: volt; W: k M G T m u: watt; J: k M G m: joule; N: k M m: newton; Pa: k M G h: pascal;
Hz: k M G T: hertz; Wh: k M G T: watt hour; Ah: m: ampere hour, amp hour; eV: k M G T m: electronvolt, electron volt;
cal: k: calorie; mol: k m u n: mole; M: m u n: molar; F: m u n p: farad; H: m u: henry; T: m u: tesla; C: m u: coulomb;
ohm: k M m: ohm; B: k M G T P: byte; bit: k M G T: bit; Sv: m u: sievert; Gy: m: gray; Bq: k M G T: becquerel; bar: m k: bar;
lm: : lumen; lx: : lux; cd: : candela; dB: : decibel; pc: k M: parsec; K: m: kelvin
"""
# A unit: how many of which other one, if it converts: further spellings. Plurals in -s are added.
_OTHER_UNITS = """
min: 60 s: minute, mins; h: 3600 s: hour, hr; day: 86400 s: d; week: 604800 s: wk; year: 12 month: yr, annum;
decade: 120 month: ; century: 1200 month: centuries; millennium: 12000 month: millennia; in: 0.0254 m: inch, inches, ", '';
ft: 0.3048 m: foot, feet, '; yd: 0.9144 m: yard; mi: 1609.344 m: mile; nmi: 1852 m: nautical mile;
angstrom: 0.0000000001 m: \xe5; ly: 9460730472580800 m: light year, light-year, lightyear;
au: 149597870700 m: astronomical unit; t: 1000000 g: tonne, metric ton; Mt: 1000000000000 g: megatonne, megaton;
lb: 453.59237 g: pound, lbs; oz: 28.349523125 g: ounce; st: 6350.29318 g: stone; ha: 10000 m^2: hectare; qt: 0.25 gal: quart;
pt: 0.125 gal: pint; cup: 0.0625 gal: ; KiB: 1024 B: kibibyte; MiB: 1048576 B: mebibyte; GiB: 1073741824 B: gibibyte;
kDa: 1000 Da: kilodalton;
%: : percent, per cent, pct, percentage; pp: : percentage point, percent point; ppm: : part per million, parts per million;
ppb: : part per billion, parts per billion; month: : mo; ton: : short ton; acre: : ; gal: : gallon; tbsp: : tablespoon;
tsp: : teaspoon; bbl: : barrel; hp: : horsepower; psi: : pounds per square inch; atm: : atmosphere;
mmHg: : mm hg, millimetres of mercury, millimeters of mercury;
\xb0C: : celsius, degree celsius, degrees celsius, degree c, degrees c, deg c, centigrade;
\xb0F: : fahrenheit, degree fahrenheit, degrees fahrenheit, degree f, degrees f, deg f; \xb0: : degree, deg; rad: : radian;
rpm: : revolutions per minute, revolution per minute, rev/min; bpm: : beats per minute, beat per minute; kn: : knot;
IU: : international unit; pH: : ; Da: : dalton; px: : pixel; dpi: : dots per inch; people: : person, persons
"""
# One symbol for what is written in many ways that the grammar of "a per b" does not cover.
_SHORTHAND = {
    "kph": "km/h", "kmh": "km/h", "kmph": "km/h", "mph": "mi/h", "mps": "m/s", "fps": "ft/s", "cc": "cm^3", "sqm": "m^2",
    "sqft": "ft^2", "sqkm": "km^2", "mbps": "Mbit/s", "gbps": "Gbit/s", "kbps": "kbit/s", "kB": "kB", "KB": "kB",
    "Mb": "Mbit", "Gb": "Gbit", "kb": "kbit", "Kb": "kbit", "Tb": "Tbit",
    "kcal": "kcal", "Kcal": "kcal", "Cal": "kcal", "Ml": "ML", "Kg": "kg", "KG": "kg", "Km": "km", "KM": "km",
    "\u03a9": "ohm", "k\u03a9": "kohm", "M\u03a9": "Mohm", "kw": "kW", "kwh": "kWh", "y": "year",
    "hz": "Hz", "khz": "kHz", "mhz": "MHz", "ghz": "GHz",
}  # fmt: skip
# A unit of currency is not one of measure, but it stands where a unit stands.
_CURRENCIES = """
USD: $, US$, $US, dollar, us dollar, u.s. dollar, american dollar, united states dollar; EUR: \u20ac, euro;
GBP: \xa3, pound sterling, pounds sterling, british pound, sterling; JPY: \xa5, yen, japanese yen;
CNY: RMB, yuan, renminbi, CN\xa5; INR: \u20b9, Rs, Rs., rupee, indian rupee; CAD: C$, CA$, canadian dollar;
AUD: A$, AU$, australian dollar; NZD: NZ$, new zealand dollar; HKD: HK$, hong kong dollar; SGD: S$, singapore dollar;
CHF: Fr., swiss franc; KRW: \u20a9, won, south korean won; RUB: \u20bd, ruble, rouble, russian ruble;
BRL: R$, real, reais, brazilian real; MXN: MX$, mexican peso; TRY: \u20ba, lira, turkish lira; ILS: \u20aa, shekel;
NGN: \u20a6, naira; VND: \u20ab, dong; SEK: swedish krona, swedish kronor; NOK: norwegian krone, norwegian kroner;
DKK: danish krone, danish kroner; PLN: zloty, z\u0142oty; ZAR: south african rand, rand; cent: \xa2, cents; penny: pence
"""
# In an amount of money; elsewhere these are units of measure, or nothing.
_MONEY = {"pound": "GBP", "pounds": "GBP", "franc": "CHF", "peso": "MXN", "pesos": "MXN", "p": "penny", "c": "cent"}


def _table(text: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for entry in text.split(";"):
        symbol, *how, names = (field.strip() for field in entry.split(":"))
        yield symbol, "".join(how), tuple(name for name in names.split(", ") if name)


CURRENCIES = {code: names for code, _, names in _table(_CURRENCIES)}


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

    for symbol, prefixes, names in _table(_SI_UNITS):
        for prefix in ["", *prefixes.split()]:
            word, power = _SI_PREFIXES[prefix]
            add(
                Unit(prefix + symbol, symbol, Fraction(10) ** power),
                tuple(word + name for name in names if word or len(name) > 1),
            )
    for symbol, converted, names in _table(_OTHER_UNITS):
        factor, base = converted.split() if converted else ("1", symbol)
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
for _currency, _names in CURRENCIES.items():
    for _name in (_currency, *_names):
        _UNIT_WORDS.setdefault(_name.lower(), Unit(_currency, _currency))
        if _name[-1].isalpha() and len(_name) > 2 and _name.islower():
            _UNIT_WORDS.setdefault(_name + "s", Unit(_currency, _currency))

_POWER = re.compile(r"(?:\^|\*\*)?([23])$| (squared|cubed)$")
_AREA = re.compile(r"(square|sq\.?|cubic|cu\.?) (.*)", re.IGNORECASE)


@lru_cache(maxsize=4096)
def parse_unit(text: str, money: bool = False) -> Unit | None:
    """The known unit that a text names, however it is spelled; None if it names none.

    "km/h", "kph" and "kilometres per hour" are one unit, "MW" and "mW" are two. `money` settles
    "pounds" and its like in favour of a currency.
    """
    text = text.strip().replace("\u00b5", "u").replace("\u03bc", "u").replace("\u2126", "ohm")
    if not text or len(text) > 60:
        return None
    if money and (code := _MONEY.get(text.lower())):
        return Unit(code, code)
    text = _SHORTHAND.get(text, text)
    whole = _simple_unit(text)
    if whole:
        return whole
    parts = re.split(r" ?/ ?| per | an? (?=hour|minute|second|day|week|month|year)", text)
    units = [unit for part in parts if (unit := _simple_unit(part))]
    if len(parts) not in (2, 3) or len(units) < len(parts):
        return None
    factor = units[0].factor / math.prod(unit.factor for unit in units[1:])
    return Unit("/".join(unit.symbol for unit in units), "/".join(unit.base for unit in units), factor)


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
    if symbol in CURRENCIES:
        names = CURRENCIES[symbol]
        return [symbol, *names, *(name + "s" for name in names if name.islower() and name.isalpha())]
    short = [short for short, full in _SHORTHAND.items() if full == symbol]
    if "/" in symbol:
        first, second, *more = symbol.split("/")
        if more:
            return [symbol]
        joined = [a + by + b for a in unit_spellings(first) for b in unit_spellings(second) for by in ("/", " per ", " / ")]
        return [symbol, *short, *joined][:400]
    if symbol.endswith(("^2", "^3")):
        base, power = symbol[:-2], symbol[-1]
        known = unit_spellings(base)
        words = ("square ", "sq ", "sq. ") if power == "2" else ("cubic ", "cu ", "cu. ")
        return [symbol, base + power, *short, *(word + name for name in known for word in words)]
    return [*_SPELLINGS.get(symbol, [symbol, symbol + "s"]), *short]


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
        for dots in (0, 1) if written.endswith(".") else (0,):
            unit = parse_unit(written[: len(written) - dots], money)
            if unit:
                return unit, end - dots
    return None


_SIGNS = [name for code, names in CURRENCIES.items() for name in (code, *names) if not (name.islower() and name.isalpha())]
CURRENCY_BEGINNINGS = frozenset(found[0].lower() for sign in _SIGNS if (found := re.match(r"[A-Za-z]+", sign)))
"""The words, in small letters, with which a sign or code of a currency can begin."""
_CURRENCY = re.compile(rf"(?:{'|'.join(map(re.escape, sorted(_SIGNS, key=len, reverse=True)))})(?![A-Za-z])")


def read_currency(text: str, start: int = 0) -> tuple[Unit, int] | None:
    """Read a sign or code of a currency that begins at `start`: "US$", "EUR"."""
    found = _CURRENCY.match(text, start)
    return (_UNIT_WORDS[found[0].lower()], found.end()) if found else None
