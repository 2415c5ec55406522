"""Numbers that a question tells in words of their own: a decade, twice, half a kilogram, "Henry the Eighth", "phase III"."""

import re
from collections.abc import Iterator
from itertools import pairwise

from transforms.answers.quantities import Quantity, parse_quantity, read_quantity
from transforms.english.number_words import ORDINALS, SMALL_NUMBERS
from transforms.english.stems import singular
from transforms.pair_rules.leak_words import Found, Word

_SPANS = {
    "decade": "10 years",
    "century": "100 years",
    "millennium": "1000 years",
    "fortnight": "2 weeks",
    "half-century": "50 years",
    "half century": "50 years",
    "half-year": "6 months",
    "half year": "6 months",
    "half-decade": "5 years",
    "half an hour": "30 minutes",
    "half-hour": "30 minutes",
    "quarter-century": "25 years",
    "quarter of a century": "25 years",
    "year-long": "12 months",
    "half a century": "50 years",
    "half a decade": "5 years",
    "half a year": "6 months",
    "half a dozen": "6",
    "half-dozen": "6",
    "two decades": "20 years",
    "three decades": "30 years",
    "two centuries": "200 years",
    "three centuries": "300 years",
}
_SPAN = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(_SPANS, key=len, reverse=True))})(?!\w|,? (?:of|in) the\b)", re.I)
_SPAN_ASKED = re.compile(r"\bhow (?:long|much time|many (\w+))|\b(?:duration|length)\b", re.I)
_TIMES = {
    "once": 1,
    "twice": 2,
    "thrice": 3,
    "a pair": 2,
    "pair": 2,
    "twins": 2,
    "triplets": 3,
    "a couple": 2,
    "duo": 2,
    "trio": 3,
    "quartet": 4,
    "quintet": 5,
    "sextet": 6,
    "hat-trick": 3,
}
_OFTEN = re.compile(r"(?<!\w)(?:once|twice|thrice)(?!\w| (?:as|the|a|that|said)\b)", re.I)
_OFTEN_ASKED = re.compile(r"\bhow (?:often|many times)\b|\bnumber of times\b", re.I)
_GROUP = re.compile(
    r"(?<!\w)(?:a|the|whose|their|his|her) (pair|couple|duo|trio|quartet|quintet|sextet)(?= (?:of|in all|altogether)\b|,)"
    r"|(?<!\w)(twins|triplets)(?!\w)",
    re.I,
)
_COUNTED = re.compile(r"^(?:in |on |to |of )?how many \w+|\bnumber of\b", re.I)
_FACTORS = {
    "doubled": 2,
    "doubling": 2,
    "doubles": 2,
    "tripled": 3,
    "trebled": 3,
    "tripling": 3,
    "quadrupled": 4,
    "quintupled": 5,
    "twofold": 2,
    "threefold": 3,
    "fourfold": 4,
    "fivefold": 5,
    "tenfold": 10,
    "hundredfold": 100,
    "halved": 0.5,
}
_FACTOR = re.compile(rf"\b(?:{'|'.join(_FACTORS)})\b", re.I)
_FACTOR_ASKED = re.compile(
    r"\b(?:what factor|which factor|how many times (?:as|more|larger|bigger|higher|greater)|how many-?fold)\b", re.I
)
_SCALED = re.compile(
    r"(?<![\w/-])(?:(?P<whole>one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3}) and )?"
    r"(?P<part>(?:a )?half|(?:a )?quarter|three[- ]quarters)"
    r"[- ](?:of )?(?:an? )?(?P<unit>thousand|million|billion|trillion|kilogram|kilo|kg|litre|liter|metre|meter|"
    r"kilometre|kilometer|"
    r"km|ton|tonne|mile|hour|minute|day|year|gram|pound|inch|foot|acre|dollar)s?\b",
    re.I,
)
_PARTS = {"half": "5", "quarter": "25", "three-quarters": "75", "three quarters": "75"}
_DEFINED = re.compile(r"\bhow many \w+ (?:are|is)(?: there)? in\b|\bhow many \w+ make\b", re.I)


_ORDINAL_OR_TIMES = re.compile(r"^(\w+?)(?:st|nd|rd|th|(?: place| times?))$")


_SEATS = re.compile(
    r"(?<![\w-])(two|three|four|five|six|seven|eight|nine)(?:-(?:seater|legged|horned|eyed|headed|wheeled)|some)(?!\w)", re.I
)
_ROUND = re.compile(r"(?<![\w-])(?:an? |the |his |her |that )(hundred|thousand|million|billion)-(\w+)", re.I)
_ROUND_VALUES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}


def worded_leak(question: str, answer: str) -> Found | None:
    """Where a question tells the number that it asks for by a word that is no number."""
    bare = _ORDINAL_OR_TIMES.sub(r"\1", answer)
    quantity = parse_quantity(bare) or parse_quantity(bare, "number")
    if quantity is None or _DEFINED.search(question):
        return None
    return next(_worded(question, answer, quantity), None)


def _worded(question: str, answer: str, quantity: Quantity) -> Iterator[Found]:
    asked = _SPAN_ASKED.search(question)
    for span in _SPAN.finditer(question) if asked else ():
        told = parse_quantity(_SPANS[span[0].lower()])
        if told and asked and (_same(told, quantity) or _is_bare(told, quantity, asked[1] or "")):
            yield "number_word", span.span()
    bare = quantity.value if not quantity.unit or singular(quantity.unit) == "time" else None
    if _OFTEN_ASKED.search(question):
        for often in _OFTEN.finditer(question):
            if _TIMES[often[0].lower()] == bare:
                yield "number_word", often.span()
    if _COUNTED.search(question):
        for group in _GROUP.finditer(question):
            if _TIMES[(group[1] or group[2]).lower()] == bare:
                yield "number_word", group.span()
    if _FACTOR_ASKED.search(question):
        for factor in _FACTOR.finditer(question):
            if _FACTORS[factor[0].lower()] == bare:
                yield "number_word", factor.span()
    if counted := re.search(r"\bhow many (\w+)", question, re.I):
        seats = next((found for found in _SEATS.finditer(question) if SMALL_NUMBERS[found[1].lower()] == bare), None)
        if seats:
            yield "number_word", seats.span()
        for large in _ROUND.finditer(question):
            if _ROUND_VALUES[large[1].lower()] == bare and singular(counted[1].lower()) == singular(large[2].lower()):
                yield "number_word", large.span()
    grown = re.search(r"\bdoubled\b", question, re.I) if quantity.unit == "%" and quantity.value == 100 else None
    if grown and re.search(r"\bby (?:how much|what percentage)\b", question, re.I):
        yield "number_word", grown.span()
    for scaled in _SCALED.finditer(question):
        whole = scaled["whole"] or "0"
        whole = str(SMALL_NUMBERS.get(whole.lower(), whole))
        part = _PARTS[scaled["part"].lower().removeprefix("a ")]
        told_text = f"{whole}.{part} {scaled['unit']}"
        read = read_quantity(told_text)
        told = read[0] if read else None
        if told and (_same(told, quantity) or (told.value == quantity.value and not told.unit)):
            yield "number_word", scaled.span()
    ordinal = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)(?: place)?", answer)
    for word, value in ORDINALS.items() if ordinal else ():
        if (
            ordinal
            and value == int(ordinal[1])
            and (
                place := re.search(
                    rf"\b(?:came|finished|ended|was|ranked|placed|in|the) {word}\b(?! (?:half|largest|most|time|and|world))",
                    question,
                    re.I,
                )
            )
        ):
            yield "number_word", place.span()


def _same(told: Quantity, wanted: Quantity) -> bool:
    return (
        bool(told.unit) and bool(wanted.unit) and told.value * told.factor == wanted.value * wanted.factor and told.same(wanted)
    )


def _is_bare(told: Quantity, wanted: Quantity, unit: str) -> bool:
    """ "How many years", of a decade: 10."""
    if wanted.unit or not unit:
        return False
    read = read_quantity(f"1 {unit}")
    return read is not None and told.value * told.factor == wanted.value * read[0].factor


_NUMERALS = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_ROMAN = re.compile(r"(?=[ivxlc])(?:c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")


def numbered_places(words: list[Word], wanted: list[Word]) -> Iterator[Found]:
    """Where a question has a name with its number written otherwise: "World War Two", "Henry the 8th" for Henry VIII."""
    wanted = [word for word in wanted if word.folded != "the"]
    words = [word for word in words if word.folded != "the"]
    target = [_numbered(word) for word in wanted]
    if len(wanted) < 2 or not any(isinstance(part, int) for part in target) or all(isinstance(part, int) for part in target):
        return
    read = [_numbered(word) for word in words]
    for index in range(len(words) - len(wanted) + 1):
        if read[index : index + len(wanted)] == target:
            yield "number_word", (words[index].start, words[index + len(wanted) - 1].end)


def _numbered(word: Word) -> str | int:
    """The number that a word is, a cardinal, an ordinal or a Roman one alike; else the word."""
    folded = word.folded
    if digits := re.fullmatch(r"(\d{1,4})(?:st|nd|rd|th)?", folded):
        return int(digits[1])
    if folded in SMALL_NUMBERS:
        return SMALL_NUMBERS[folded]
    if folded in ORDINALS:
        return ORDINALS[folded]
    if word.written.isupper() and len(folded) <= 8 and _ROMAN.fullmatch(folded):
        values = [_NUMERALS[letter] for letter in folded]
        return sum(-one if one < after else one for one, after in pairwise([*values, 0]))
    return folded
