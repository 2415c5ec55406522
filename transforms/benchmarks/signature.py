"""Signatures: what of a question stays when somebody says it in other words, as a set of hashed features.

Whoever rephrases a problem keeps its numbers, what they count, their order, and its names, and about half of its content
words; a translator keeps numbers and names. So a question's signature is the set of these. A feature is 64 bits: what it
is (`Kind`) in the lowest four, the hash of what it says above them. A signature holds no text and no order of words; who
hashes a dictionary learns single words of it.

Number words, fractions, percentages and multiples ("half", "twice", "25%") are read as numbers. What is written in another
language than English has its number words read where `languages/number_words` has a table for it.
"""

import hashlib
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise

import numpy as np

from transforms.benchmarks.common_words import COMMON_WORDS, FUNCTION
from transforms.benchmarks.paraphrase import OPPOSITES, asked_kind
from transforms.benchmarks.plain_words import plain_words
from transforms.english.function_words import ARTICLES
from transforms.english.number_words import ORDINALS, PARTS, SCALES, SMALL_NUMBERS, TENS
from transforms.english.spelling import one_spelling
from transforms.english.stems import stem
from transforms.languages.number_words import NUMBER_WORDS
from transforms.languages.short_texts import ENGLISH, language_of
from transforms.languages.values import english_values
from transforms.text import SPACELESS, unify

VERSION = 1
"""Of the rules that make a signature. What two versions hash does not compare: raise it with every change of a feature."""

RUN = 13
"""Words of a hashed run: as many in a row count as a copy, as in GPT-3 (arXiv:2005.14165, appendix C)."""

MOST_CHARACTERS = 20_000
"""Of a question: no question is longer, and a hostile one costs no more."""

KIND_BITS = 4
_MOST_FEATURES = 4096
_ANSWER_CHARACTERS = 200
_SHORT_ANSWER = 8  # words of an answer that is one; longer ones are worked solutions
_FEWEST_WHOLE = 3  # words of a question that tells its item when it comes back as it is


class Kind(IntEnum):
    """What a feature is. Words and names that are spelt alike share what stands above these bits."""

    WORD = 0
    COMMON = 1  # a content word of very many questions
    NAME = 2  # a word that has a capital wherever it stands
    TINY = 3  # a number that most problems have: 1 to 5, 10
    ROUND = 4  # up to a hundred, or a few digits and noughts
    NUMBER = 5  # any other number
    ROLE = 6  # a number with what it counts
    ORDER = 7  # a number with the one that comes after it
    SIDE = 8  # of two opposites, the one that is said: "highest"
    ASKED = 9  # what sort of thing is asked for: "when", "who"
    ANSWER = 10  # an answer, or an option
    SOLE = 11  # the answer of an item that has one
    RUN = 12  # words in a row
    WHOLE = 13  # all words of the question, in order
    LANGUAGE = 14  # what it is written in, as far as that is known


def sign_question(question: str) -> np.ndarray:
    """The signature of a question: distinct features as uint64, in order."""
    return _distinct(_read(question))


def sign_item(question: str, extra: str, runs: bool = False) -> np.ndarray:
    """The signature of a benchmark item, with its answer or options (one a line).

    With `runs`, also of every run of words and of the question as a whole, for what is to be found without the text.
    """
    lines = [line for line in extra[:MOST_CHARACTERS].splitlines() if line.strip()]
    lines = [line for line in lines if line.startswith("####")] or lines
    keys = set(map(_answer_key, lines)) - {0}
    kind = Kind.SOLE if len(keys) == 1 else Kind.ANSWER
    answers = [key << KIND_BITS | kind for key in keys]
    found = [*_read(question), *answers]
    return _distinct([*found, *sign_runs(plain_words(question), plain_words(extra))] if runs else found)


def sign_answers(answers: Iterable[str]) -> frozenset[int]:
    """What answers say, as it stands above the lowest bits of a feature."""
    return frozenset(key for key in map(_answer_key, answers) if key)


def sign_runs(question: list[str], extra: list[str]) -> list[int]:
    """The features of every run of words of a text, and of its question as a whole."""
    keys = [*map(_hash, question), *map(_hash, extra)]
    runs = [_hash_run(keys[start : start + RUN]) << KIND_BITS | Kind.RUN for start in range(len(keys) - RUN + 1)]
    whole = [_hash_run(keys[: len(question)]) << KIND_BITS | Kind.WHOLE] if len(question) >= _FEWEST_WHOLE else []
    return runs[:_MOST_FEATURES] + whole


def kinds_of(signature: np.ndarray) -> np.ndarray:
    """The kind of each feature, as int64."""
    return (signature & np.uint64((1 << KIND_BITS) - 1)).astype(np.int64)


def spell(question: str, features: Container[int]) -> list[str]:
    """The numbers and words of a question that make some of its features, for a reader: names and numbers first."""
    language = language_of(question)
    text = _prepare(question, language)
    words = plain_words(text)
    tokens, names = _read_tokens(words, language), _read_names(text)
    written = {_root(word): word for word in reversed(words)}
    shown: dict[str, int] = {}
    for token in tokens:
        for feature in _token_features(token, names):
            if feature in features:
                name = written.get(token, token) if isinstance(token, str) else _shown(token)
                shown.setdefault(name, _READING_ORDER.index(Kind(feature & ((1 << KIND_BITS) - 1))))
    return sorted(shown, key=lambda name: shown[name])


_READING_ORDER = (Kind.NAME, Kind.NUMBER, Kind.ROUND, Kind.TINY, Kind.WORD, Kind.COMMON)


# --- numbers and words -------------------------------------------------------------------------------

_ONES = [word for word, value in SMALL_NUMBERS.items() if 0 < value < 10]
_COMPOUND = re.compile(rf"\b({'|'.join(TENS)})[- ]({'|'.join(_ONES)})\b", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?<=[^\W\d_])'s\b")
_BARE_POINT = re.compile(r"(?<![\d.])\.(?=\d)")
_UNIT = re.compile(r"(?<=\d)(?=[^\W\d_])")
_WORD = re.compile(r"[^\W\d_]+")
_LETTER = re.compile(f"[{SPACELESS}]")
_VALUES = {
    **{word: float(value) for word, value in TENS.items()},
    **{word: float(value) for word, value in ORDINALS.items() if value > 3},
    **dict.fromkeys("twice double doubled doubles doubling".split(), 2.0),
    **dict.fromkeys("thrice triple tripled triples tripling treble".split(), 3.0),
    **dict.fromkeys("quadruple quadrupled quadruples".split(), 4.0),
    **dict.fromkeys("half halves halved".split(), 0.5),
    **dict.fromkeys("quarter quarters".split(), 0.25),
    **dict.fromkeys("dozen dozens".split(), 12.0),
}
_SCALES = {"hundred": 100, **SCALES}
_NAMED = {
    code: {plain[0]: value for word, value in named.items() if len(plain := plain_words(word)) == 1}
    for code, named in NUMBER_WORDS.items()
}
_OPERATORS = frozenset("+ - = / ^ < > <= >=".split())
_TINY = frozenset((0.0, 0.5, 2.0, 3.0, 4.0, 5.0, 10.0))

Token = float | str


def read_tokens(text: str) -> list[Token]:
    """The numbers and content words of a question, in order. A one is left out: "one" is seldom a number."""
    language = language_of(text)
    return _read_tokens(plain_words(_prepare(text, language)), language)


def _prepare(text: str, language: str) -> str:
    """A text with its numbers as `plain_words` reads them."""
    text = text[:MOST_CHARACTERS]
    text = _POSSESSIVE.sub("", unify(text if language == ENGLISH else english_values(text, language)))
    text = _COMPOUND.sub(lambda found: str(SMALL_NUMBERS[found[1].lower()] + SMALL_NUMBERS[found[2].lower()]), text)
    return _UNIT.sub(" ", _BARE_POINT.sub("0.", text))


def _read_tokens(words: list[str], language: str) -> list[Token]:
    values = _VALUES | _NAMED.get(language, {})
    tokens: list[Token] = []
    place, letter = 0, ""
    while place < len(words):
        word = words[place]
        if word[0].isdigit() or word in values or word in _SCALES:
            value, place = _read_number(words, place, values)
            tokens += [value] if value != 1 else []
            letter = ""
            continue
        if not word.isascii() and _LETTER.match(word):
            tokens += [letter + word] if letter else []
            letter = word
        else:
            letter = ""
            if len(word) > 1 and word not in FUNCTION and word[0].isalpha():
                tokens.append(_root(word))
        place += 1
    return tokens


def _read_number(words: list[str], place: int, values: Mapping[str, float]) -> tuple[float, int]:
    """The number that begins at a place, and where it ends."""
    word = words[place]
    value = float(word) if word[0].isdigit() else values.get(word, float(_SCALES.get(word, 1)))
    place += 1
    following = words[place : place + 3]
    if following[:1] == ["/"] and len(following) > 1 and following[1][0].isdigit() and float(following[1]):
        value, place = value / float(following[1]), place + 2
    elif following[:1] and value < (part := PARTS.get(following[0], 0)):
        value, place = value / part, place + 1
    elif following[:1] == ["and"] and following[1:2] in (["a"], ["1"]) and following[2:] in (["half"], ["quarter"]):
        value, place = value + values[following[2]], place + 3
    while place < len(words) and words[place] in _SCALES:
        value, place = value * _SCALES[words[place]], place + 1
    if place < len(words) and words[place] in ("percent", "th"):
        value, place = value / 100 if words[place] == "percent" else value, place + 1
    return value, place


@lru_cache(maxsize=1 << 16)
def _root(word: str) -> str:
    return stem(one_spelling(word))


_COMMON = frozenset(map(_root, COMMON_WORDS))


def _read_names(text: str) -> frozenset[str]:
    """The words that have a capital wherever they stand; none in a text of capitals."""
    words = _WORD.findall(text)
    capitals = {word for word in words if word[0].isupper()}
    small = {word for word in words if not word[0].isupper()}
    if len(capitals) > len(small):
        return frozenset()
    spelt = {word.lower() if word.isascii() else "".join(plain_words(word)) for word in capitals}
    return frozenset(map(_root, spelt - small - FUNCTION - COMMON_WORDS))


# --- features ----------------------------------------------------------------------------------------


def _read(question: str) -> list[int]:
    """The features of a question, with repetitions."""
    language = language_of(question)
    text = _prepare(question, language)
    words = plain_words(text)
    tokens, names = _read_tokens(words, language), _read_names(text)
    return [
        _hash(f"language {language}") << KIND_BITS | Kind.LANGUAGE,
        *(feature for token in tokens for feature in _token_features(token, names)),
        *_roles(tokens),
        *_orders(tokens),
        *_formulas(words),
        *_sides(text),
    ][:_MOST_FEATURES]


def _token_features(token: Token, names: frozenset[str]) -> Iterator[int]:
    if isinstance(token, str):
        kind = Kind.NAME if token in names else Kind.COMMON if token in _COMMON else Kind.WORD
        yield _hash(token) << KIND_BITS | kind
    else:
        shown = _shown(token)
        plain = len(shown.strip("0.")) <= 1 or (token <= 100 and token == int(token))
        kind = Kind.TINY if token in _TINY else Kind.ROUND if plain else Kind.NUMBER
        yield _hash(f"#{shown}") << KIND_BITS | kind


def _roles(tokens: list[Token]) -> Iterator[int]:
    """Each number with the word behind it."""
    for number, token in pairwise(tokens):
        if isinstance(number, float) and isinstance(token, str):
            yield _hash(f"{_shown(number)} {token}") << KIND_BITS | Kind.ROLE


def _orders(tokens: list[Token]) -> Iterator[int]:
    """Each two numbers that follow each other."""
    for one, other in pairwise(token for token in tokens if isinstance(token, float)):
        yield _hash(f"{_shown(one)}>{_shown(other)}") << KIND_BITS | Kind.ORDER


_SIDES_OF: dict[str, list[int]] = {}
for _matter, _sides_of_it in enumerate(OPPOSITES):
    for _side, _members in enumerate(_sides_of_it):
        for _member in _members:
            _SIDES_OF.setdefault(_member, []).append(_matter << KIND_BITS | _side)


def _formulas(words: list[str]) -> Iterator[int]:
    """Each formula: what is written in letters, digits and operators alone, and is more than a number or a range."""
    formula: list[str] = []
    for before, word, after in zip(["", *words], [*words, ""], [*words[1:], "", ""], strict=False):
        sign = word in _OPERATORS
        # "a" is a letter only beside an operator: "a 1/4 pound".
        letter = len(word) == 1 and word.isalpha() and (word not in "ai" or before in _OPERATORS or after in _OPERATORS)
        if sign or letter or word[:1].isdigit():
            formula.append(word)
            continue
        signs = sum(part in _OPERATORS for part in formula)
        if signs and (signs > 1 or any(part.isalpha() for part in formula)):
            yield _hash(f"={' '.join(formula)}") << KIND_BITS | Kind.NUMBER
        formula.clear()


def _sides(text: str) -> Iterator[int]:
    """The sides of opposites that a text takes: the number of the matter and that of the side; and what it asks for."""
    for word in set(_WORD.findall(text.lower())):
        for side in _SIDES_OF.get(word, ()):
            yield side << KIND_BITS | Kind.SIDE
    if asked := asked_kind(text):
        yield _hash(f"?{asked}") << KIND_BITS | Kind.ASKED


def _shown(number: float) -> str:
    return f"{number:.6g}"


def _answer_key(line: str) -> int:
    """What a short answer says; 0 for a long one, or one that says nothing. Behind "####" stands the last word of a solution."""
    line = line[:_ANSWER_CHARACTERS].rpartition("####")[2] or line[:_ANSWER_CHARACTERS]
    tokens = read_tokens(line)
    if len(tokens) > _SHORT_ANSWER:
        return 0
    if tokens and isinstance(tokens[0], float):  # "$18", "18 dollars"
        return _hash(f"#{_shown(tokens[0])}")
    words = [word for word in plain_words(line) if word not in ARTICLES]
    return _hash(f"answer {' '.join(words)}") if words else 0


@lru_cache(maxsize=1 << 17)
def _hash(text: str) -> int:
    """60 bits of a text, the same on every machine."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> KIND_BITS


def _hash_run(keys: list[int]) -> int:
    digest = hashlib.blake2b(b"".join(key.to_bytes(8, "little") for key in keys), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> KIND_BITS


def _distinct(features: Iterable[int]) -> np.ndarray:
    return np.array(sorted(set(features)), dtype=np.uint64)
