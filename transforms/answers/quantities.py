"""Numbers and quantities in digits, in words, as fractions and powers, with a unit or without."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import count, takewhile

from transforms.answers.markup import without_latex
from transforms.answers.units import CURRENCIES, CURRENCY_BEGINNINGS, Unit, parse_unit, read_currency, read_unit
from transforms.english.number_words import PARTS, SCALES, SMALL_NUMBERS, TENS
from transforms.english.stems import singular
from transforms.text import unify

# Nothing longer is one quantity, and nothing hostile gets to the parsers.
MAX_VALUE_CHARS = 120
_MAX_EXPONENT = 60
# Types whose answers may count what is no unit: "30 committees".
_COUNTED_TYPES = frozenset({"number", "percentage", "money", "duration"})
# What follows a number without being counted: "5 or six", "5 at most".
_UNCOUNTED = frozenset(
    "and or nor not but maybe perhaps possibly probably to plus minus times than more less most least maximum minimum max "
    "min so if either neither versus vs without something odd ish over under hundred dozen half wait actually rather point "
    "is are was were be has have had does do did can will would could should may might must wrong incorrect false guess i "
    "think likely presumably unsure unknown".split()
).union(SMALL_NUMBERS, SCALES)
_COUNTED = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+){0,3}")

_SHORT_SCALES = {"k": 10**3, "m": 10**6, "mn": 10**6, "mm": 10**6, "mio": 10**6, "bn": 10**9, "b": 10**9, "tn": 10**12}
_COMMON_PARTS = ("half", "quarter", "third")
_SCALE_WORDS = SCALES | {"hundred": 100, "dozen": 12}
_READ = SMALL_NUMBERS | {"fourty": 40}
# No other word begins a quantity: numbers, signs, and codes of currencies.
_BEGINNINGS = frozenset({*_READ, *TENS, "half", "quarter", "dozen", "minus", "negative", "plus"}) | CURRENCY_BEGINNINGS

# "1.234,50" and "1 234,50" can be read in one way only; "1.234" is a little more than one, "1,234" more than a thousand.
_DIGITS = re.compile(
    r"(?P<continental>\d{1,3}(?:(?:\.\d{3})+|(?:[ ']\d{3})+),\d{1,2}(?!\d|[.,]\d))"
    r"|(?P<grouped>\d{1,3}(?:,\d{3})+|\d{1,3}(?:[ '_]\d{3})+|\d{1,3}(?:\.\d{3}){2,}(?!\.\d)|"
    r"\d{1,2}(?:,\d{2})+,\d{3})(?![\d])(?P<tail>\.\d+)?"
    r"|(?P<comma>\d{1,9},\d{1,2}(?![\d,])|0,\d+(?![\d,]))"
    r"|(?P<plain>\d+(?:\.\d+)?|\.\d+)",
    re.ASCII,
)
# "0.(3)" and "0.333...": what stands in brackets, or comes thrice, goes on for ever.
_ENDLESS = re.compile(r"(\d{0,9})\.(\d{0,12})\((\d{1,12})\)(?!\d)", re.ASCII)
_ELLIPSIS = re.compile(r"(\d{0,9})\.(\d{3,30}) ?\.\.\.(?! ?\d)(?: ?\(?(?:repeating|recurring)\b\)?)?", re.ASCII)
_RECURRING = re.compile(r"(\d{0,9})\.()(\d)(?: ?\(?(?:repeating|recurring)\b\)?|\u0305)", re.ASCII)
_BASE_TEN = re.compile(r"_(?:10(?!\d)|\{ ?10 ?\})")
_FRACTION = re.compile(r" ?/ ?(\d{1,9})(?![\d/]|[.,]\d)", re.ASCII)
_MIXED = re.compile(r"[ -](\d{1,4}) ?/ ?(\d{1,4})(?![\d/]|[.,]\d)", re.ASCII)
_AND_A_HALF = re.compile(r" and (?:an?|one) (half|third|quarter)(?![A-Za-z])", re.IGNORECASE)
_TIMES_TEN = re.compile(r" ?(?:[x\u00d7*\u00b7]|\\times|\\cdot) ?10 ?(?:\^|\*\*) ?\{?([+-]?\d{1,3})\}?(?!\d)", re.ASCII)
_EXPONENT = re.compile(r"[eE]([+-]?\d{1,3})(?![\w.])", re.ASCII)
_TEN_TO = re.compile(r"10 ?(?:\^|\*\*) ?\{?([+-]?\d{1,3})\}?(?!\d)", re.ASCII)
_LETTERS = re.compile(r"[A-Za-z]+")
_NUMBER_WORDS = re.compile(r"[A-Za-z]{1,12}(?![A-Za-z])(?:[ -][A-Za-z]{1,12}(?![A-Za-z])){0,23}")
_SCALE_WORD = re.compile(r"[ -]?([A-Za-z]+)")
_APPROXIMATELY = re.compile(r"(?:about|approximately|approx\.?|around|roughly|circa|ca?\.|~|\u2248|exactly)\s*", re.IGNORECASE)
_DECADE = re.compile(r"(?:(?:in )?the )?[12]\d\d0'?s", re.IGNORECASE)  # and no seconds
_SIGN = re.compile(r"([+-])\s?|(minus|negative|plus)\s+", re.IGNORECASE)

_CANDIDATE = re.compile(r"(?<![\w.])(?:(?<![\d)\]] )-)?(?:[$\u20ac\u00a3\u00a5\u20b9]|US\$)? ?\.?\d|\b(?P<word>[A-Za-z]{3,9})\b")


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
    if value.denominator == 1:
        return str(value.numerator)
    if 10**_MAX_EXPONENT % value.denominator:
        return f"{value.numerator}/{value.denominator}"
    places = next(places for places in count(1) if 10**places % value.denominator == 0)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def read_number(text: str, start: int = 0) -> tuple[Fraction, int] | None:
    """Read a number, in digits or in words, that begins at `start`: its value and its end."""
    return _read_digits(text, start) or _read_words(text, start)


def _read_digits(text: str, start: int) -> tuple[Fraction, int] | None:
    ten = _TEN_TO.match(text, start)
    if ten and abs(int(ten[1])) <= _MAX_EXPONENT:
        return Fraction(10) ** int(ten[1]), ten.end()
    endless = _read_endless(text, start)
    if endless:
        return endless
    found = _DIGITS.match(text, start)
    if not found or found.end() - start > 80:
        return None
    if found["continental"]:
        written = re.sub(r"[. ']", "", found["continental"]).replace(",", ".")
    elif found["grouped"]:
        written = re.sub(r"[^0-9]", "", found["grouped"]) + (found["tail"] or "")
    else:
        written = (found["comma"] or found["plain"]).replace(",", ".")
    value, end = Fraction(written), found.end()
    decimal = _BASE_TEN.match(text, end)
    if decimal:
        return value, decimal.end()
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
        return value + Fraction(1, PARTS[half[1].lower()]), half.end()
    return _scaled(text, value, end)


def _read_endless(text: str, start: int) -> tuple[Fraction, int] | None:
    """Read decimals that repeat for ever: "0.(3)", "0.1666...", "0.3 recurring"."""
    found = _ENDLESS.match(text, start) or _RECURRING.match(text, start)
    if found:
        whole, once, again = found.groups()
    else:
        found = _ELLIPSIS.match(text, start)
        again = _repeated(found[2]) if found else ""
        if not found or not again:
            return None
        whole, once = found[1], found[2][: -len(again) * 2]
    value = Fraction(int(f"{whole}{once}" or "0")) + Fraction(int(again), 10 ** len(again) - 1)
    return value / 10 ** len(once), found.end()


def _repeated(digits: str) -> str:
    """The digits that come again at the end: one of them thrice, several twice; "" where none do."""
    for length in range(1, len(digits) // 2 + 1):
        again = digits[-length:]
        if digits.endswith(again * (3 if length == 1 else 2)):
            return again
    return ""


def _scaled(text: str, value: Fraction, end: int) -> tuple[Fraction, int]:
    """Multiply by the scale words that follow: "1.5 million", "3 hundred thousand"."""
    for _ in range(3):
        word = _SCALE_WORD.match(text, end)
        factor = _SCALE_WORDS.get(word[1].lower()) if word else None
        if not word or not factor:
            break
        value, end = value * factor, word.end()
    return value, end


def _read_words(text: str, start: int) -> tuple[Fraction, int] | None:
    """Read a spelled-out number: "twenty-two", "one hundred and five", "two and a half", "half"."""
    run = _NUMBER_WORDS.match(text, start)
    return (
        _number_of_words([(word[0].lower(), word.end()) for word in _LETTERS.finditer(text, start, run.end())]) if run else None
    )


def _number_of_words(found: list[tuple[str, int]]) -> tuple[Fraction, int] | None:
    total = current = Fraction(0)
    end = 0
    last = "start"  # what kind of word came last: decides what may follow
    for index, (word, stop) in enumerate(found):
        following, after, *_ = (*(word for word, _ in found[index + 1 : index + 3]), "", "")
        a_part = word in ("a", "an") and following in _COMMON_PARTS
        if last == "start" and following in PARTS and (_READ.get(word) or a_part):
            return Fraction(_READ.get(word, 1), PARTS[following]), found[index + 1][1]
        if word in ("half", "quarter") and last == "start":
            return Fraction(1, PARTS[word]), stop
        if word == "and" and following in ("a", "one") and after in _COMMON_PARTS and last != "start":
            return total + current + Fraction(1, PARTS[after]), found[index + 2][1]
        if word in ("a", "an") and last == "start" and following in ("hundred", "thousand", "million", "billion", "dozen"):
            current, last = Fraction(1), "one"
        elif word in TENS and last in ("start", "scale", "and"):
            current, last = current + TENS[word], "ten"
        elif word in _READ and (last in ("start", "scale", "and") or (last == "ten" and 0 < _READ[word] < 10)):
            current, last = current + _READ[word], "one"
        elif word == "hundred" and last in ("one", "ten") and current < 100:
            current, last = current * 100, "scale"
        elif word == "dozen" and last in ("one", "ten", "start"):
            current, last = (current or Fraction(1)) * 12, "one"
        elif word in SCALES and last != "start" and (current or total):
            total, current, last = total + (current or 1) * SCALES[word], Fraction(0), "scale"
        elif word == "and" and last == "scale" and following in _READ:
            last = "and"
            continue
        elif word == "point" and last in ("one", "ten") and following in _READ and _READ[following] < 10:
            digits = list(takewhile(lambda part: _READ.get(part[0], 10) < 10, found[index + 1 :]))
            decimals = "".join(str(_READ[digit]) for digit, _ in digits)
            return total + current + Fraction(f"0.{decimals}"), digits[-1][1]
        else:
            break
        end = stop
    return (total + current, end) if end else None


def read_quantity(text: str, start: int = 0, money: bool = False) -> tuple[Quantity, int] | None:
    """Read a quantity that begins at `start`: "-5", "$1.5 million", "12 km/h", "5 ft 11 in", "twenty percent"."""
    signed = _SIGN.match(text, start)
    sign = -1 if signed and signed[0].strip().lower() in ("-", "minus", "negative") else 1
    position = signed.end() if signed else start
    currency = read_currency(text, position)
    if currency:
        position = currency[1] + (text[currency[1] : currency[1] + 1] == " ")
    found = read_number(text, position)
    if not found:
        return None
    value, end = _short_scale(text, *found) if currency or money else found
    named = read_unit(text, end, money or currency is not None)
    if currency:  # "$5 USD", "$5 dollars"
        coded = named is not None and named[0].symbol in CURRENCIES  # "$5 HKD" is no US dollar
        return _in_unit(sign * value, named[0] if named and coded else currency[0]), named[1] if named and coded else end
    return _compound(text, _in_unit(sign * value, named[0]), named[1]) if named else (Quantity(sign * value), end)


def _in_unit(value: Fraction, unit: Unit) -> Quantity:
    return Quantity(value, unit.symbol, unit.base, unit.factor)


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
        unit, end = named
        quantity = _in_unit(quantity.value * quantity.factor / unit.factor + number[0], unit)
    return quantity, end


def parse_quantity(text: str, answer_type: str | None = None) -> Quantity | None:
    """The quantity that a whole text says; None if it says anything else.

    Typed as a value, whatever is counted may be the unit ("30 committees"); otherwise only known units.
    """
    return _parsed(text[: 4 * MAX_VALUE_CHARS], answer_type)


# Every rule on an answer asks what it is worth.
@lru_cache(maxsize=2048)
def _parsed(text: str, answer_type: str | None) -> Quantity | None:
    text = without_latex(unify(text)).strip(" ,;:")
    text = text if _ELLIPSIS.search(text[:MAX_VALUE_CHARS]) else text.strip(" .,;:")
    if not text or len(text) > MAX_VALUE_CHARS:
        return None
    if answer_type != "duration" and _DECADE.fullmatch(text):
        return None
    about = _APPROXIMATELY.match(text)
    text = text[about.end() :] if about else text
    money = answer_type == "money"
    found = read_quantity(text, 0, money)
    if not found and answer_type in ("duration", "number"):  # "a year", "an hour"
        one = re.match(r"(?:an?|per) (?=[A-Za-z])", text)
        named = read_unit(text, one.end()) if one else None
        found = (_in_unit(Fraction(1), named[0]), named[1]) if named else None
    if not found:
        return None
    quantity, end = found
    rest = text[end:].strip(" .,;:")
    if re.fullmatch(r"(?:an?|of an?) [a-z]+", rest) and quantity.value == Fraction(1, 2):  # "half an hour"
        unit = parse_unit(rest.split(" ")[-1])
        if unit:
            return _in_unit(quantity.value, unit)
    more = re.fullmatch(r"and (?:an?|one) (half|third|quarter)", rest) if quantity.unit else None
    if more:  # "an hour and a half"
        return Quantity(quantity.value + Fraction(1, PARTS[more[1]]), quantity.unit, quantity.base, quantity.factor)
    if not rest:
        return quantity
    if answer_type in _COUNTED_TYPES and not quantity.unit and text[end : end + 1] in " -":
        counted = _COUNTED.fullmatch(rest)
        if counted and not _UNCOUNTED.intersection(rest.lower().replace("-", " ").split()):
            *before, last = rest.lower().replace("-", " ").split()
            counted_as = " ".join([*before, singular(singular(last))])
            return Quantity(quantity.value, counted_as, counted_as)
    return None


_WRITTEN_AS_SHARE = re.compile(r"/|\\[dt]?frac|\b(?:" + "|".join(PARTS) + r")\b", re.IGNORECASE)


def as_percentage(quantity: Quantity, written: str) -> Quantity:
    """A share written as a fraction in percent, "3/4" or "half"; anything else as it is: "0.75" may lack its "%"."""
    if quantity.unit or not 0 < quantity.value < 1 or not _WRITTEN_AS_SHARE.search(written):
        return quantity
    return Quantity(100 * quantity.value, "%", "%")


def quantities_in(text: str) -> Iterator[tuple[int, int, Quantity]]:
    """Every number or quantity in a short text (as `unify` leaves it): start, end, what it says."""
    position = 0
    for candidate in _CANDIDATE.finditer(text):
        if candidate.start() < position or (candidate["word"] and candidate["word"].lower() not in _BEGINNINGS):
            continue
        found = read_quantity(text, candidate.start() + (text[candidate.start()] == " "))
        if found:
            position = found[1]
            yield candidate.start(), found[1], found[0]
