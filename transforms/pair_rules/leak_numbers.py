"""Numbers and dates in a question: whether one stands for what is asked, and not for something else that is counted."""

import re
from fractions import Fraction
from itertools import takewhile

from transforms.answers.quantities import Quantity, quantities_in
from transforms.answers.units import parse_unit
from transforms.english.kinship import are_kin
from transforms.english.number_words import ORDINALS, PARTS, SMALL_NUMBERS, UP_TO_TWENTY
from transforms.english.stems import singular
from transforms.grounding.find import find_in_text
from transforms.pair_rules.leak_words import STOP_WORDS, Found, Place, bare, words_of
from transforms.text import normalise

_MATHS_AROUND = re.compile(r"[+*/=^<>|\\\u00d7\u00f7\u2212()\[\]{}]")
# Nouns that a number names, and does not count, even where they have no capital.
_LABELS = frozenset(
    "type figure fig table chapter section part number no version level grade class stage phase step act scene article volume "
    "vol book verse rule line page unit question exercise problem example theorem equation eq group period route highway "
    "amendment psalm sonnet symphony opus room gate platform channel model series mark formula vitamin omega division".split()
)
_COMPUTING = re.compile(
    r"\b(?:sum|product|difference|quotient|remainder|divided|divisible|multiplied|times|plus|minus|gcd|lcm|greatest common|least "
    r"common|average|mean|median|mode|probability|solve|evaluate|calculate|compute|value of|derivative|integral|root|area|volume|"
    r"perimeter|ratio|simplify|modulo|mod|power|factorial|eigenvalues?|determinant|equation|sequence|expression|if|given)\b",
    re.IGNORECASE,
)


_ORDINAL_DAY = re.compile(
    rf"\b(?:(thirty|twenty)[- ])?({'|'.join(sorted(ORDINALS, key=len, reverse=True))})(?= of [A-Z])|(?<=[a-z] )(?:the )?"
    rf"(?:(thirty|twenty)[- ])?({'|'.join(sorted(ORDINALS, key=len, reverse=True))})\b"
)


def _find_in_ordinals(answer: str, question: str) -> Place | None:
    """Where a question has a date whose day is an ordinal word: "the fourteenth of July"."""
    if not (found := _ORDINAL_DAY.search(question)):
        return None
    tens, unit = found[1] or found[3], found[2] or found[4]
    day = SMALL_NUMBERS.get(tens or "zero", 0) + ORDINALS[unit]
    rewritten = f"{question[: found.start()]}{day}th{question[found.end() :]}"
    return found.span() if find_in_text(answer, rewritten, "date") else None


def date_leak(question: str, answer: str) -> Found | None:
    place = find_in_text(answer, question, "date") or _find_in_ordinals(answer, question)
    if place is None:
        return None
    return "verbatim" if normalise(answer) in normalise(question) else "date_variant", place


_SHORT_YEAR = re.compile(r"(?<![\w'])'(\d\d)(?![\w'])")


def short_year_leak(question: str, answer: str) -> Found | None:
    """Where a question has a year without its century: "the spring of '68"."""
    short = next(
        (found for found in _SHORT_YEAR.finditer(question) if re.fullmatch(rf"1[5-9]{found[1]}|20{found[1]}", answer)), None
    )
    return ("date_variant", short.span()) if short else None


def quantity_leak(question: str, answer: str, quantity: Quantity) -> Found | None:
    said = list(quantities_in(question))
    computed = len(said) > 2 and _COMPUTING.search(question)
    for start, end, other in said:
        equal = other.value * other.factor == quantity.value * quantity.factor or other.value == quantity.value
        if not equal or computed or _is_formula(question, start, end) or not _same_role(question, end, other, quantity, start):
            continue
        written = question[start:end]
        if normalise(written).strip(" -") == normalise(answer) or (not quantity.unit and re.sub("[, ]", "", written) == answer):
            kind = "verbatim"
        elif _has_digit(written) != _has_digit(answer):
            kind = "number_word"
        else:
            kind = "unit_variant" if quantity.unit or other.unit else "verbatim"
        return kind, (start, end)
    share = _share_place(question, quantity)
    return ("number_word", share) if share else None


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


_FRACTION = re.compile(
    rf"(?<![\w/.])(?:(?P<top>\d{{1,3}})/(?P<bottom>\d{{1,3}})|(?:(?P<count>an?|{'|'.join(UP_TO_TWENTY[1:10])}) )?"
    rf"(?P<part>{'|'.join(sorted(PARTS, key=len, reverse=True))})|(?P<percent>\d+(?:\.\d+)?) ?"
    r"(?:%|per ?cent))(?P<of> of)?(?: (?:the|all|its|his|her|their|our|these|those|this|that))*(?P<rest>(?: [\w'-]+){1,3})",
    re.IGNORECASE,
)
_SHARE_ASKED = re.compile(
    r"\b(?:percentage|per ?cent|share|proportion|fraction|part|portion|much) of"
    r"(?: (?:the|all|its|his|her|their|our|these|those))*"
    r"((?: [\w'/-]+){1,3})",
    re.IGNORECASE,
)


def _share_place(question: str, quantity: Quantity) -> Place | None:
    """Where a question tells the share that it asks for in another notation: "half of the sample" for 50%."""
    wanted = quantity.value if quantity.unit == "%" else quantity.value * 100
    if quantity.unit not in ("", "%") or not 0 < wanted < 100:
        return None
    asked = {noun for found in _SHARE_ASKED.finditer(question) for noun in _leading_nouns(found[1])}
    for found in _FRACTION.finditer(question):
        value = _percent(found)
        if value is None or (found["percent"] and quantity.unit) or abs(value - wanted) > (0 if value.denominator == 1 else 0.5):
            continue
        pronoun = found["of"] and re.match(r" (?:it|them|these|those|that|this)\b", found["rest"].lower())
        if pronoun or any(are_kin(word, noun) for word in _leading_nouns(found["rest"]) for noun in asked):
            return found.start(), found.end("of") if found["of"] else found.start("rest")
    return None


def _leading_nouns(phrase: str) -> list[str]:
    """The words of a phrase up to the first small one: "workers" of "workers lived in"."""
    return list(takewhile(lambda word: word not in STOP_WORDS, map(bare, phrase.split())))


def _percent(found: re.Match[str]) -> Fraction | None:
    """What a `_FRACTION` comes to in percent; None for an ordinal ("the third quarter", "the second half")."""
    if found["percent"]:
        return Fraction(found["percent"])
    if found["top"]:
        return 100 * Fraction(int(found["top"]), int(found["bottom"])) if int(found["bottom"]) else None
    size, count = PARTS[found["part"].lower()], (found["count"] or "").lower()
    if not count and size != 2:
        return None
    return Fraction(100 * SMALL_NUMBERS.get(count, 1), size)


def _is_formula(question: str, start: int, end: int) -> bool:
    before, after = question[max(0, start - 2) : start].strip(), question[end : end + 2].strip()
    inside_brackets = before.endswith("(") and start > 1 and question[start - 2].isalnum()
    if before.endswith("=") and len(re.sub(r"\D", "", question[start:end])) > 2:  # "... = 0.105" gives it away
        return False
    return bool(
        (before and _MATHS_AROUND.match(before[-1]) and not before.endswith("("))
        or inside_brackets
        or (after and _MATHS_AROUND.match(after[0]) and not after.startswith(")"))
        or (before[-1:] in "-." and before[-1:] and start and not question[start - 1].isspace())
    )


_ASKED = re.compile(
    r"\b(?:how many|number of|how much|count of|what fraction of)\s+((?:[\w.'-]+\s*){1,5})|\bhow (long|old|far|tall|high|"
    r"deep|wide|heavy|fast)\b",
    re.IGNORECASE,
)


def _same_role(question: str, end: int, other: Quantity, quantity: Quantity, start: int) -> bool:
    """Whether a number of the question stands for what is asked, not for something else that is counted."""
    asked = _ASKED.search(question)
    asked_words = {singular(bare(word)) for word in (asked[1] or "").split()} - STOP_WORDS if asked else set()
    asked_units = set(map(_unit_word, asked_words))
    if quantity.unit and other.unit:
        return other.same(quantity)
    if other.unit and asked and asked[2] and asked[2].lower() == "old" and _unit_word(other.unit) == _unit_word("years"):
        return True
    if other.unit:  # "12 months" asked for as a bare 12
        return bool({singular(other.unit), other.unit} & asked_words) or _unit_word(other.unit) in asked_units
    following = re.match(r"[ -]?([^\W\d_]+)", question[end:])
    noun = bare(following[1]) if following and question[end : end + 1] in " -" else ""
    counted = noun and noun not in STOP_WORDS
    if quantity.unit:  # a bare number beside a unit named elsewhere
        if counted and are_kin(noun, quantity.unit.split()[-1]):
            return True
        if counted or other.value != quantity.value:
            return False
        if parse_unit(quantity.unit) is None:  # "30 committees" for "30"
            return _unit_word(quantity.unit) in asked_units and abs(quantity.value) > 12
        return abs(quantity.value) > 12 and any(_unit_word(w.folded) == quantity.unit for w in words_of(question))
    if 1000 <= quantity.value < 2100 and re.search(r"\byears?\b|\bwhen\b", question.lower()):
        return True
    if _is_label(question, start):
        return False
    small = abs(quantity.value) <= 12
    written = question[start:end].lower()
    if written in ("one", "a", "half", "second") or (
        small and re.search(r"\b(?:which|these|those|the first|the last)\s$", question[:start].lower())
    ):
        return False
    if quantity.value >= 1000 and re.search(r"\bpopulation\b", question.lower()):
        return True
    if not counted:
        return not small or not re.search(r"\b(?:one|first|last|next) $", question[:start].lower())
    if any(are_kin(noun, word) for word in asked_words) or (asked and _next_words_kin(question[end:], asked_words)):
        return True
    return not small and not asked_words and not re.search(r"\b(?:after|over|for|of|in|with|the)\s$", question[:start].lower())


def _next_words_kin(rest: str, asked: set[str]) -> bool:
    """ "eight large planets" counts planets as "eight planets" does."""
    return any(are_kin(bare(word), wanted) for word in rest.replace("-", " ").split()[:3] for wanted in asked if len(wanted) > 3)


def _unit_word(word: str) -> str:
    unit = parse_unit(word)
    return unit.symbol if unit else word


_LABEL_CHARS = 60  # more than any word has


def _is_label(question: str, start: int) -> bool:
    """ "Figure 5", "Apollo 11", "type 1": a name, not a count."""
    from_here = max(0, start - _LABEL_CHARS)
    before = re.search(r"(?<![^\W\d_])([^\W\d_]+)[ -]$", question[from_here:start])
    if not before:
        return False
    word = before[1]
    return word.lower() in _LABELS or (word[0].isupper() and from_here + before.start() > 0 and word.lower() not in STOP_WORDS)
