"""Mentions: where a sentence names the right answer as a thing of its own, and what else it names instead.

"Carbon dioxide" is no mention of carbon, "Paris Hilton" none of Paris, "18" none of 8; "the physicist
Marie Curie" is one of Marie Curie. Rivals are the other numbers or dates that could be the answer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from transforms.answers.agreement import loose_form
from transforms.answers.canonical import fold_text
from transforms.answers.dates import MONTHS, parse_date
from transforms.answers.dates import PartialDate as Date
from transforms.answers.quantities import Quantity, as_percentage, quantities_in
from transforms.answers.units import parse_unit
from transforms.english.function_words import BE, DO, GRAMMAR, HAVE, OTHER_PERSONS, PREPOSITIONS, RELATIVES
from transforms.english.names import KINDS, PARTICLES, RANKS, ROLES, TITLES
from transforms.english.number_words import SMALL_NUMBERS
from transforms.english.stems import singular, stem_loosely
from transforms.english.verbs import is_verb
from transforms.reward.echo import MASK
from transforms.reward.modifiers import operated, spans, weak_unit
from transforms.reward.truth import Truth, is_cut_short

# --- Words ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, without the marks around it."""

    text: str
    start: int
    end: int
    before: str  # marks
    after: str

    @property
    def lower(self) -> str:
        return self.text.lower()


_WORD = re.compile(r"(?=\S)([^\w\s\u00b0%$\u20ac\u00a3]*)(\S*?)([^\w\s+#%\u00b0]*)(?=\s|$)")


def words_of(sentence: str) -> list[Word]:
    """The words of a sentence; a mark that stands alone is a word without text."""
    found = []
    for piece in _WORD.finditer(sentence):
        before, core, after = piece.groups()
        if re.fullmatch(r"(?:[^\W\d_]\.)*[^\W\d_]", core) and after.startswith("."):  # an initial or "U.S."
            core, after = core + ".", after[1:]
        found.append(Word(core, piece.start(2), piece.start(2) + len(core), before, after))
    return found


FUNCTION_WORDS = (GRAMMAR | OTHER_PERSONS).union(
    [
        *"it's that's there's he's she's there here one being am 's will can as than because since so then and but if while "
        "although though thus therefore hence also only just exactly called named known termed dubbed approximately around "
        "roughly nearly almost some total until not both indeed still now again later today eventually finally originally "
        "mainly mostly commonly usually actually after before near under against within without across behind".split(),
        MASK,
    ]
)
# What may follow an answer in its sentence.
_GO_ON = (RELATIVES | BE | HAVE | DO | PREPOSITIONS).union(
    [
        *"can will may because since as that until while around near within and or not also only itself himself herself alone "
        "there here now today again if but though although rather instead ago per".split(),
        MASK,
    ]
)
# --- Mentions of texts ---------------------------------------------------------------------------


def text_mentions(words: list[Word], truth: Truth) -> list[tuple[int, int]]:
    """Where a sentence names a text answer: the first word and the one after the last."""
    folded = [_folded(word.text, truth, word is not words[-1]) for word in words]
    found = [place for place in _joined(folded, truth) if _stands_alone(words, *place, truth)]
    if truth.is_proper:
        for start, end in _capital_runs(words):
            run = " ".join(word.text for word in words[start:end])
            if not any(a < end and start < b for a, b in found) and truth.said_by(run) and _ends_there(words, end):
                found.append((start, end))
    return sorted(found)


def _folded(text: str, truth: Truth, goes_on: bool) -> str:
    form = fold_text(text) if text else ""
    if not truth.keeps_number:
        form = " ".join(singular(singular(word)) for word in form.split(" "))
    return loose_form(f"{form} x").removesuffix("x").replace(" ", "") if goes_on else loose_form(form).replace(" ", "")


def _joined(folded: list[str], truth: Truth) -> Iterator[tuple[int, int]]:
    """Runs of words that spell the answer, spaces aside; letters one by one spell nothing."""
    longest = max(map(len, truth.loose_forms), default=0)
    for start, first in enumerate(folded):
        joined = ""
        for end in range(start, len(folded)):
            joined += folded[end]
            if not first or len(joined) > longest:
                break
            if joined in truth.loose_forms and (end - start < 4 or any(len(part) > 1 for part in folded[start : end + 1])):
                yield start, end + 1
                break


def _capital_runs(words: list[Word]) -> Iterator[tuple[int, int]]:
    """Names as far as they reach: capitalised words with what stands between them, broken by marks."""
    start = 0
    while start < len(words):
        if not _is_capital(words[start]):
            start += 1
            continue
        end = start + 1
        while end < len(words) and not words[end - 1].after and not words[end].before:
            if _is_capital(words[end]):
                end += 1
            elif words[end].text in PARTICLES and end + 1 < len(words) and _is_capital(words[end + 1]):
                end += 2
            else:
                break
        yield start, end
        start = end


def _is_capital(word: Word) -> bool:
    return word.text[:1].isupper() and word.lower not in FUNCTION_WORDS and not word.text.endswith(("'s", "\u2019s"))


def _stands_alone(words: list[Word], start: int, end: int, truth: Truth) -> bool:
    """Whether a run of words is a thing of its own, and no part of a longer name or term."""
    if not _ends_there(words, end) and not _is_classed(words, start, end, truth):
        return False
    before = words[start - 1] if start and not words[start - 1].after and not words[start].before else None
    if before is None or before.lower in FUNCTION_WORDS or before.lower in truth.asked or _is_aside(before):
        return True
    if not (truth.is_proper and words[start].text[:1].isupper()):
        return is_verb(before.text)
    if _is_capital(before):
        named = truth.answer_type == "name"
        if start == 1 and (is_verb(before.text) or before.lower in ROLES):
            return True
        run = " ".join(word.text for word in words[_run_start(words, start) : end])
        return named and (truth.said_by(run) or before.lower.rstrip(".") in TITLES | RANKS)
    # "the physicist Marie Curie", "They climbed Mount Kenya"; "lyon Paris" is two of them.
    longer = any(word.lower in FUNCTION_WORDS or is_verb(word.text) for word in words[: start - 1])
    return is_verb(before.text) or longer or (end - start > 1 and before.lower in ROLES)


_PAST = re.compile(r"(?!followed|joined|accompanied|preceded)[a-z]{3,30}ed")
_GROUPS = frozenset("Army Party Forces Church Dynasty Empire".split())


def _is_classed(words: list[Word], start: int, end: int, truth: Truth) -> bool:
    """Whether the word behind a name only says of what kind it is ("the winter season"), or goes on with the sentence."""
    after = words[end]
    if after.before or not after.text.replace("-", "").isalpha():
        return after.text == MASK
    if after.lower in truth.asked or after.text in KINDS or after.text in _GROUPS:
        return True
    if truth.is_proper and words[start].text[:1].isupper() and _PAST.fullmatch(after.text):
        return True
    if after.lower == "of":  # "Edward IV of England", where nobody of another place is stored
        return truth.answer_type == "name" and end - start > 1 and not any(" of " in known for known in truth.spellings)
    goes_on = after.text.islower() and after.lower not in ("vs", "versus", "et", "or", "nor")
    return truth.is_proper and end - start > 1 and goes_on and words[start].text[:1].isupper()


def _ends_there(words: list[Word], end: int) -> bool:
    """Whether the name or term ends before this word: with a mark, or before a verb, preposition or adverb."""
    if end >= len(words) or words[end - 1].after or words[end].before:
        return True
    after = words[end]
    if after.lower == "of" and end + 1 < len(words) and _is_capital(words[end + 1]):
        return False
    return after.lower in _GO_ON or is_verb(after.text) or _is_aside(after)


def _is_aside(word: Word) -> bool:
    return not word.text or (word.lower.endswith("ly") and len(word.text) > 4)


def _run_start(words: list[Word], start: int) -> int:
    while start and _is_capital(words[start - 1]) and not words[start - 1].after and not words[start].before:
        start -= 1
    return start


# --- Mentions of numbers and dates ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Value:
    """A number or date in a sentence that could be the answer, and whether it is."""

    start: int
    end: int
    right: bool


_LABEL = re.compile(
    r"\b(?:figure|fig|table|section|chapter|page|step|equation|eq|question|part|room|item|example|case|line|number|no|note|level|"
    r"version|phase|type|volume|vol|act|grade)\.? ?$",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?<=[a-z,;:] )[A-Z][a-z]+[ -]$|^(?!The |In |A |An |It |About |Around |Exactly |Of |At )[A-Z][a-z]+ $")
_IN_TIME = re.compile(
    r"\b(?:in|since|by|during|until|till|of|from|year|early|late|mid|before|after|circa|around) $|\($", re.IGNORECASE
)
_AROUND = 100  # characters beside a value that say what it is
_YEAR_NAMES = re.compile(r" [A-Z]")  # "the 1984 All-Star Game"
_IN_WORD = re.compile(
    r"[A-Za-z]-$|\b(?:(?:from|between) (?:1|20)\d\d (?:to|and|until) |(?:"
    + "|".join((*MONTHS, *(m[:3] for m in MONTHS)))
    + r")\.? \d{0,2},? ?)$",
    re.IGNORECASE,
)
_RANGE_GOES_ON = re.compile(
    r" (?:to|or|through) (?:about |around )?(?:[\d$\u20ac\u00a3.]|(?:" + "|".join(SMALL_NUMBERS) + r"|a|half)\b)", re.IGNORECASE
)
_OUT_OF = re.compile(
    r"\b\d[\d,.]{0,12} (?:out )?of (?:the |its |all |their )?(?:total of )?$|\bout of (?:the |a total of )?$", re.IGNORECASE
)
_ATTACHED_BEFORE = re.compile(r"[\w.^*/:#<>\u2260\u00b1$\u20ac\u00a3\u00a5\u20b9-]$|[!<>]=\s{0,3}$")
_ATTACHED_AFTER = re.compile(
    r"\w|[\^*/:\u00b1-](?!\s|$)|[.,]\d|[\u00b1<>]|-|\s?(?:\u00b1|\+/-)|\s{0,3}[\u2013\u2014-]\s{0,3}\d|\s?:\s?\d"
)
_PHRASE = re.compile(r"^[^,;:.()!?]*")


def _counts_in(after: str, truth: Truth) -> bool:
    """Whether what stands behind a bare number, if it is counted, is what the answer counts: "12 apples" is no 12 km."""
    words = re.findall(r"[^\W\d_][\w'-]*", _PHRASE.findall(after[:60])[0])[:4]
    if not words or not re.match(r"[ -][^\W\d_]", after) or words[0].lower() in _GO_ON or is_verb(words[0]):
        return True
    symbols = {known.unit for known in truth.quantities if known.unit}
    counted_by = {singular(singular(symbol.split()[-1])) for symbol in symbols}
    units = filter(None, map(parse_unit, words))
    return any(unit.symbol in symbols for unit in units) or any(singular(singular(word.lower())) in counted_by for word in words)


def _counts_others(after: str, truth: Truth) -> bool:
    """Whether what is counted behind a number is not what the question asks the number of: "171 episodes", of seasons."""
    counted_words = re.findall(r"[^\W\d_]+", _PHRASE.findall(after[:60])[0])[:3] if truth.counted else []
    return bool(counted_words) and truth.counted not in map(stem_loosely, map(str.lower, counted_words))


_SHARE_OF = re.compile(
    r"(?:(?:an?|one) )?(?:half|third|quarter) of \w{0,8} ?\d", re.IGNORECASE
)  # "half of 50" is worked out further on


def values_in(sentence: str, truth: Truth) -> list[Value]:
    """The numbers, or the dates, of a sentence (as `unify` leaves it) that could be the answer."""
    return list(_dates(sentence, truth)) if truth.dates else list(_quantities(sentence, truth))


def _quantities(sentence: str, truth: Truth) -> Iterator[Value]:
    for start, end, quantity in quantities_in(sentence):
        start += sentence[start:end].startswith(" ")
        before, after = sentence[max(0, start - _AROUND) : start], sentence[end : end + _AROUND]
        written = sentence[start:end].strip().lower()
        if truth.answer_type == "percentage":
            quantity = as_percentage(quantity, written)
        right = truth.is_quantity(quantity)
        right = right and (not truth.has_unit or bool(quantity.unit) or _counts_in(after, truth))
        operation, goes_on = operated(sentence, start, end), _RANGE_GOES_ON.match(after)
        if not right and (operation or _SHARE_OF.match(f"{written}{after}") or (written == "one" and not goes_on)):
            continue
        changed = bool(
            operation
            or _ATTACHED_BEFORE.search(before.removesuffix("~").removesuffix("\u2248"))
            or _ATTACHED_AFTER.match(after)
            or goes_on
            or (not truth.has_unit and weak_unit(written))
            or is_cut_short(f"{written}{after[:4]}", quantity)
            or (truth.is_year and right and spans(sentence, start, end))
        )
        if not right and truth.question and _beside_the_point(quantity, before, after, truth):
            continue
        if changed or not (_LABEL.search(before) if right else _beside_the_point(quantity, before, after, truth)):
            yield Value(start, end, right and not changed)


def _beside_the_point(quantity: Quantity, before: str, after: str, truth: Truth) -> bool:
    """Whether another number is no candidate: a year in passing, a number in a name, another kind of measure."""
    years = all(known.value.denominator == 1 and 1000 <= known.value <= 2100 and not known.unit for known in truth.quantities)
    if not quantity.unit and quantity.value.denominator == 1 and 1000 <= quantity.value <= 2100 and not years:
        return bool(_IN_TIME.search(before) or (truth.question and _YEAR_NAMES.match(after)))
    if years and not quantity.unit and not 1000 <= quantity.value <= 2100:
        return True
    if truth.question and (_IN_WORD.search(before) or _counts_others(after, truth)):
        return True
    if _LABEL.search(before) or _NAMED.search(before) or _OUT_OF.search(before):
        return True
    bases = {known.base for known in truth.quantities}
    return bool(quantity.unit) and quantity.base not in bases


_ERA = re.compile(r"bce?|b\.c\.(?:e\.)?", re.IGNORECASE)
_DATE_WORD = re.compile(
    r"(?:\d{1,4}(?:st|nd|rd|th)?|(?:" + "|".join((*MONTHS, *(month[:3] for month in MONTHS), "sept")) + r")|the|of|first|fourth|"
    r"bce?|b\.c\.(?:e\.)?|ad|a\.d\.|ce|\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})\.?",
    re.IGNORECASE,
)


def _dates(sentence: str, truth: Truth) -> Iterator[Value]:
    """Dates as far as they reach; a year alone is one too."""
    words = words_of(sentence)
    index = 0
    while index < len(words):
        place = _date_from(words, index, sentence)
        if place is None:
            if re.search(r"\d{3}", words[index].text):
                yield Value(words[index].start, words[index].end, False)
            index += 1
            continue
        end, date = place
        start, stop = words[index].start, words[end - 1].end
        attached = _ATTACHED_BEFORE.search(sentence[:start]) or _ATTACHED_AFTER.match(sentence[stop:])
        changed = attached or operated(sentence, start, stop) or spans(sentence, start, stop)
        right = not changed and truth.is_date(date)
        if right or date.month or date.year >= 1000:
            yield Value(start, stop, right)
        index = end


def _date_from(words: list[Word], start: int, sentence: str) -> tuple[int, Date] | None:
    end = start
    while end < len(words) and end - start < 6 and _DATE_WORD.fullmatch(words[end].text):
        end += 1
        if words[end - 1].after not in ("", ",", "."):
            break
    if words[start].lower in ("the", "of"):
        return None
    for stop in range(end, start, -1):
        date = parse_date(sentence[words[start].start : words[stop - 1].end])
        era = stop < len(words) and _ERA.fullmatch(words[stop].text)
        if date and (date.month or stop == start + 1) and not era:
            return stop, date
    return None
