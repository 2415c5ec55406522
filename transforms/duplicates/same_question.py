"""Near-duplicate questions: whether two ask for the same thing in other words, without comparing all pairs.

Two questions are one if they have the same answer, the same numbers, names and negations, and share
most of what they are about: "In what year was the Harrow Bridge opened?" and "When did the Harrow
Bridge open?", but not "opened" and "closed", nor two bridges. What a question is about is a set of
words, inflection taken off and each replaced by its concept where it is a common word of questions
("founded" and "established" are one, "length" and "width" known to be two).

Such sets have about five members, too few for the MinHash of `minhash.py`: at the similarity asked
for here it would need 16 band keys and still lose one pair in a hundred. Prefix filtering (Chaudhuri
et al., "A Primitive Operator for Similarity Joins", ICDE 2006) needs three keys and loses none: two
sets of a Jaccard similarity of 1/2 or more share a member among the first half of each, in any
order that is the same for all. Rare words come first in ours, and a key holds the answer and the
numbers too, so few questions meet under it.

English is what the word lists know. In another language the words are compared as they are written, and none
may stand in place of another, which finds fewer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby

from transforms.answers.agreement import SMALL_CHANGE, answers_match, loose_form
from transforms.answers.canonical import canonical
from transforms.answers.quantities import format_number, parse_quantity
from transforms.duplicates.question_concepts import NEGATIONS, ORDERING, STRICT, find_concept, join_phrases, read_number
from transforms.english.function_words import AUXILIARIES, PREPOSITIONS
from transforms.english.stems import stem
from transforms.languages.short_texts import ENGLISH, language_of
from transforms.text import stable_hash, unify

# Jaccard similarity from which two questions may be one, and the words that one may lack, so that a
# long passage in front of two questions does not make them one: where one merely says more ...
SIMILARITY, MOST_MORE, LEAST_SHARED = 0.5, 4, 2
# ... and where each has a word that the other lacks: "carried up" for "hauled up".
SIMILARITY_REWORDED, MOST_REWORDED = 0.75, 2

_MAX_CHARS = 2000  # a longer question repeats another only if it is the same text
_MAX_ALIASES = 4
_MAX_COMPARED = 200  # with a question for one word in one bucket: bounds what a hostile bucket costs

# --- What a question asks ------------------------------------------------------------------------

_TOKEN = re.compile(
    r"[A-Za-z]\+\+|[A-Z]#"
    r"|\d+(?:[.,]\d+)*(?:[^\W\d_]+)?"  # 1,000.5  19th  2x
    r"|[^\W_]+(?:(?:_+|\.(?=\w)|')[^\W_]+)*|_+\w+"  # words, list.append, O'Neil, snake_case
    r"|[=+*^<>\u00d7\u00f7\u221a\\{}\[\]|()]|(?<=\s)[-/](?=\s)"
)
_OPERATORS = frozenset("= + * ^ < > \u00d7 \u00f7 \u221a \\ { } [ ] | - /".split())
_FORMULA_ATOM = re.compile(r"\d[\d.,]*[A-Za-z]?|[A-Za-z]")
_CODE = re.compile(r"[a-z][A-Z]|_|\w\.\w|[^\W\d]\d")
_POSSESSIVE = re.compile(r"(?<=\w)'s(?!\w)|(?<=s)'(?!\w)")
_CONTRACTED = re.compile(r"\b([a-z]+)n't\b", re.IGNORECASE)
_TURNED = frozenset("convert converts converted converting conversion translate translated turn turns turned transform".split())
_PREPOSITIONS = PREPOSITIONS | {"until", "since"}
_AUXILIARIES = AUXILIARIES | {"being"}
_BY_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|being|be) (?:[a-z]+ly |also |first |not )?[a-z]+ (?:(?:on|in|up|down|out|off) )?by\b"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks, as far as it tells questions apart."""

    about: frozenset[str]  # concepts ("=open") and stems ("harrow")
    names: frozenset[str]  # those of `about` that are written as names or code
    strict: frozenset[str]  # numbers, formulas, negations: what must be the same in two questions
    english: bool  # whether the lists of words know its language
    role: str  # whether a who, which or what does what is told ("does") or suffers it ("suffers"), where that is plain
    after: Mapping[str, AbstractSet[str]]  # what follows "than", "from", "minus" and "divided by", by these words


@lru_cache(maxsize=8192)
def read_question(question: str) -> Asked:
    """Take from a question what tells it from others. Never raises."""
    if len(question) > _MAX_CHARS:
        return Asked(frozenset([stable_hash(question)]), frozenset(), frozenset(), False, "", {})
    tokens = _split(question)
    english = language_of(question) == ENGLISH
    about, names, strict = set(), set(), _formulas(tokens)
    after: dict[str, set[str]] = {}
    marker, turned = "", False
    for index, token in enumerate(tokens):
        word = token.lower()
        turned = turned or word in _TURNED
        if word in ("to", "(", ")"):
            marker = "into" if turned and word == "to" else ""
        elif word in ORDERING:
            marker = word
        number = read_number(word)
        concept = "" if number else find_concept(word) if english else word if word[0].isalnum() else ""
        if number:
            strict.add(number)
        elif word in NEGATIONS:
            strict.add("not")
        elif word in STRICT:
            strict.add(stem(word))
        if concept:
            about.add(concept)
            if (index and token[0].isupper()) or _CODE.search(token) or tokens[index + 1 : index + 2] == ["("]:
                names.add(concept)
        if marker and (number or concept):
            after.setdefault(marker, set()).add(number or concept)
    role = _asked_role([token.lower() for token in tokens])
    return Asked(frozenset(about), frozenset(names), frozenset(strict), english, role, after)


def _split(question: str) -> list[str]:
    """The words, numbers and operators of a question, phrases written as one word, without possessives."""
    return _TOKEN.findall(_POSSESSIVE.sub("", _CONTRACTED.sub(r"\1 not", join_phrases(unify(question)))))


def _formulas(tokens: list[str]) -> set[str]:
    """Every run of numbers, single letters and operators that has an operator in it, written without spaces."""
    grouped = groupby(tokens, lambda token: token in _OPERATORS or token in "()" or bool(_FORMULA_ATOM.fullmatch(token)))
    runs = [list(run) for in_formula, run in grouped if in_formula]
    return {"".join(run).strip("()") for run in runs if not _OPERATORS.isdisjoint(run)}


def _asked_role(words: list[str]) -> str:
    place = next((index for index, word in enumerate(words) if word in ("who", "whom", "which", "what")), None)
    if place is None:
        return ""
    if (place and words[place - 1] == "by") or words[-1] == "by":
        return "does"
    if place and words[place - 1] in _PREPOSITIONS:
        return ""
    for word in words[place + 1 : place + 8]:
        if word in ("do", "does", "did"):
            return "suffers"
        if word in _AUXILIARIES:
            return "suffers" if _BY_PASSIVE.search(" ".join(words)) else ""
    return "does"


def same_question(one_question: str, other_question: str) -> bool:
    """Whether two questions with the same answer ask for the same thing. Reflexive and symmetric."""
    one, other = read_question(one_question), read_question(other_question)
    if one.strict != other.strict or (one.role and other.role and one.role != other.role):
        return False
    if one.about == other.about:
        return _same_order(one, other)
    shared = len(one.about & other.about)
    only_one, only_other = one.about - other.about, other.about - one.about
    similarity = shared / (shared + len(only_one) + len(only_other))
    if shared < LEAST_SHARED or similarity < SIMILARITY or not _same_order(one, other):
        return False
    if not only_one or not only_other:
        return len(only_one) + len(only_other) <= MOST_MORE
    if similarity < SIMILARITY_REWORDED or max(len(only_one), len(only_other)) > MOST_REWORDED:
        return False
    if not (one.english and other.english):
        return False  # that a word in place of another is no opposite is known of English only
    other_names = only_one & one.names and only_other & other.names
    other_concepts = all(any(concept.startswith("=") for concept in only) for only in (only_one, only_other))
    return not other_names and not other_concepts


def _same_order(one: Asked, other: Asked) -> bool:
    """Whether what follows "from", "than" and their like in one question does not stand elsewhere in the other."""
    return not any(
        _has_moved(one.after[word], other.after[word], other) or _has_moved(other.after[word], one.after[word], one)
        for word in one.after.keys() & other.after
    )


def _has_moved(what: AbstractSet[str], there: AbstractSet[str], other: Asked) -> bool:
    return len((what - there) & (other.about | other.strict)) > len(what & there)


# --- Same answer ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Asking:
    """A question with its answer: all that is needed to know whether another pair repeats it."""

    question: str
    answer: str
    answer_type: str
    aliases: tuple[str, ...] = ()


def repeats(one: Asking, other: Asking) -> bool:
    """Whether two pairs ask for the same thing and have the same answer."""
    kind = one.answer_type if one.answer_type == other.answer_type else None
    return same_question(one.question, other.question) and (
        _match(one.answer, other.answer, kind, other.aliases[:_MAX_ALIASES])
        or _match(other.answer, one.answer, kind, one.aliases[:_MAX_ALIASES])
    )


# The pairs that meet in a bucket have few answers, so the same ones are compared again and again.
_match = lru_cache(maxsize=8192)(answers_match)


@lru_cache(maxsize=8192)
def _answer_keys(answer: str, answer_type: str | None) -> tuple[str, ...]:
    """Keys of which two answers that match have one in common; one for each way in which `answers_match` may find them one."""
    if answer_type == "expression":
        return ("",)  # algebra tells, and no spelling
    written = canonical(answer, answer_type)
    if answer_type in ("code", "list", "yes_no"):
        return (written,)
    quantity = parse_quantity(written, answer_type)
    if quantity:  # one of two may lack its unit, or count coins
        values = (quantity.value, quantity.value / 100) if quantity.base in SMALL_CHANGE else (quantity.value,)
        with_unit = f"{format_number(quantity.value * quantity.factor)} {quantity.base}"
        return (*map(format_number, values), *([with_unit] if quantity.unit else []))
    surname = written.split()[-1:] if answer_type == "name" else []  # "J. Smith" and "John Smith"
    return (written, loose_form(written, answer_type), *surname)


def find_keys(asking: Asking) -> set[bytes]:
    """Where to look for repetitions: two pairs that repeat each other have a key in common, and few others do."""
    asked = read_question(asking.question)
    spellings = (asking.answer, *asking.aliases[:_MAX_ALIASES])
    kinds = (asking.answer_type, None)  # answers of two types are compared without one
    answers = sorted({key for spelling in spellings for kind in kinds for key in _answer_keys(spelling, kind)})
    numbers = "\0".join(sorted(asked.strict))
    # What may be rare before what is common: words before concepts of questions, long ones before short ones.
    rarest = _prefix(sorted(asked.about, key=lambda concept: (concept.startswith("="), -len(concept), concept)))
    texts = ("\n".join((concept, numbers, answer)) for concept in rarest for answer in answers)
    return {blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts}


def _prefix(concepts: list[str]) -> list[str]:
    """As many of a question's concepts, in an order that is the same for all, as must hold one of any that repeats it."""
    count = len(concepts)
    lacking = max(0, min(int(count * (1 - SIMILARITY)), MOST_MORE, count - LEAST_SHARED))
    return concepts[: lacking + 1] or [""]


def find_repeated(askings: Iterable[Asking]) -> Iterator[tuple[int, int]]:
    """Which of several pairs, best first, repeat a better one: its place, and the place of the first it repeats.

    Pairs that repeat another are not compared with later ones: with A like B and B like C but A unlike C, C is not
    found here. Compared are only those that share one of a pair's words that are rarest among these pairs.
    """
    kept: list[tuple[int, Asking]] = []
    having: dict[str, list[int]] = {}
    for place, asking in enumerate(askings):
        about = read_question(asking.question).about or {""}
        rarest = _prefix(sorted(about, key=lambda concept: (len(having.get(concept, ())), concept)))
        near = [index for concept in rarest for index in having.get(concept, ())[:_MAX_COMPARED]]
        found = next((index for index in sorted(set(near)) if repeats(kept[index][1], asking)), None)
        if found is not None:
            yield place, kept[found][0]
            continue
        for concept in about:
            having.setdefault(concept, []).append(len(kept))
        kept.append((place, asking))
