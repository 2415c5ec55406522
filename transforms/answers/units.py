"""Units of measure and currency: one symbol for every spelling, and how they convert."""

import re
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
CURRENCIES: dict[str, tuple[str, ...]] = {
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
    if symbol in CURRENCIES:
        names = CURRENCIES[symbol]
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


_CURRENCY = re.compile(
    r"(?:"
    + "|".join(
        sorted(
            (re.escape(n) for code, names in CURRENCIES.items() for n in (code, *names) if not n.islower() or not n.isalpha()),
            key=len,
            reverse=True,
        )
    )
    + r")(?![A-Za-z])"
)


def read_currency(text: str, start: int = 0) -> tuple[Unit, int] | None:
    """Read a sign or code of a currency that begins at `start`: "US$", "EUR"."""
    found = _CURRENCY.match(text, start)
    return (_UNIT_WORDS[found[0].lower()], found.end()) if found else None
