"""Every way in which a text may write a number: digits, powers, fractions, words."""

from collections.abc import Iterator
from fractions import Fraction

from transforms.answers.quantities import format_number
from transforms.english.number_words import SCALES, SMALL_NUMBERS


def digits_pattern(value: Fraction) -> str | None:
    """A number in digits, with or without separators and idle zeros."""
    written = format_number(abs(value))
    if "/" in written:
        return None
    whole, _, decimals = written.partition(".")
    pattern = "0?" if whole == "0" and decimals else f"{int(whole):,}".replace(",", "[, '_]?")
    # "3,264" is a number of thousands in English, "3,2" can only be a decimal comma.
    point = r"\." if len(decimals) == 3 else "[.,]"
    return pattern + (rf"{point}{decimals}0*" if decimals else r"(?:\.0+)?")


def number_patterns(value: Fraction) -> Iterator[str]:
    """Every way of writing a number that is looked for; without boundaries and sign."""
    size = abs(value)
    digits = digits_pattern(size)
    if digits:
        yield digits
    for word, scale in SCALES.items():
        if size >= scale and (size * 1000 / scale).denominator == 1:
            short = {"thousand": "k", "million": "mn?|mio", "billion": "bn?", "trillion": "tn?"}[word]
            scaled = digits_pattern(size / scale)
            yield rf"(?:{scaled})[ \-]*(?:{word}|{short})"
        if size * 2 == scale:
            yield rf"half (?:a |of a )?{word}"
        elif size * 4 == scale:
            yield rf"(?:a )?quarter (?:of )?(?:a )?{word}"
    if size and (size >= 1000 or size < Fraction(1, 100)):
        yield from _scientific_patterns(size)
    if size.denominator != 1 and size.denominator <= 1000:
        whole, rest = divmod(size.numerator, size.denominator)
        fraction = rf"{rest} ?/ ?{size.denominator}"
        yield rf"{whole}[ \-]{fraction}" if whole else fraction
        yield rf"{size.numerator} ?/ ?{size.denominator}"
        yield from _spelled_fractions(whole, Fraction(rest, size.denominator))
    if size.denominator == 1 and size < 10**9:
        yield spelled(int(size))
        if size == 12:
            yield "(?:a |one )?dozen"


def _scientific_patterns(size: Fraction) -> Iterator[str]:
    exponent = len(str(size.numerator // size.denominator)) - 1 if size >= 1 else -1
    while size < 1 and size * Fraction(10) ** -exponent < 1 and exponent > -60:
        exponent -= 1
    mantissa = digits_pattern(size / Fraction(10) ** exponent)
    digits = r"\^?".join(str(abs(exponent)))
    power = rf"\{{?{'-' if exponent < 0 else r'[+]?'}0?\^?{digits}\}}?"
    if mantissa:
        yield rf"(?:{mantissa}) ?(?:(?:x|\u00d7|\*|\u00b7|\u22c5|\\times|\\cdot) ?10 ?\^? ?|e){power}"
    if size == Fraction(10) ** exponent:
        yield rf"10 ?\^ ?{power}"


def spelled(number: int) -> str:
    """A pattern for an integer in words."""
    words = {value: word for word, value in SMALL_NUMBERS.items()}
    if number < 20:
        return words[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return words[tens * 10] + (rf"[ \-]?{words[ones]}" if ones else "")
    scale, word = (10**6, "million") if number >= 10**6 else (1000, "thousand") if number >= 1000 else (100, "hundred")
    count, rest = divmod(number, scale)
    head = ("(?:one|an?)" if count == 1 else spelled(count)) + rf"[ \-]{word}"
    return head + (rf"(?:,? and |,? |-){spelled(rest)}" if rest else "")


_FRACTION_WORDS = {
    Fraction(1, 2): "half", Fraction(1, 3): "third", Fraction(2, 3): "two[ -]thirds", Fraction(1, 4): "quarter",
    Fraction(3, 4): "three[ -]quarters", Fraction(1, 5): "fifth", Fraction(2, 5): "two[ -]fifths", 
    Fraction(3, 5): "three[ -]fifths",
    Fraction(4, 5): "four[ -]fifths", Fraction(1, 8): "eighth", Fraction(1, 10): "tenth",
}  # fmt: skip


def _spelled_fractions(whole: int, rest: Fraction) -> Iterator[str]:
    word = _FRACTION_WORDS.get(rest)
    if not word:
        return
    single = rest.numerator == 1
    if whole:
        number = rf"(?:{whole}|{spelled(whole)})" if whole < 1000 else str(whole)
        yield rf"{number} and (?:(?:an?|one)[ \-])?{word}" if single else rf"{number} and {word}"
    elif rest == Fraction(1, 2):
        yield "half"
    else:
        yield rf"(?:an?|one)[ \-]{word}" if single else word
