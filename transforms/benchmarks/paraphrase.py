"""Paraphrases: whether a question that an embedding model finds similar to a benchmark's asks the same thing.

A model of sentence vectors sees what two questions are about, and hardly what they ask of it: "the
capital of Austria" is closer to "the capital of Australia" than most paraphrases are to their
original, and "a Roman numeral to an integer" the same as "an integer to a Roman numeral". So
similarity only proposes. What tells look-alikes from paraphrases is in the words that the two do not
share: other numbers or names, opposite words, another kind of thing asked for, the same words in
another order, or one word in place of another where all else is the same.

A benchmark that comes with its answers says most: questions with the same answer may be worded far
apart, and questions with different answers are hardly ever one. English is what the word lists know;
in other languages numbers, names, order and answers still count.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from transforms.answers.dates import MONTHS
from transforms.benchmarks.plain_words import plain_words
from transforms.english.function_words import ARTICLES, GRAMMAR, MODALS
from transforms.english.names import WEEKDAYS
from transforms.english.number_words import TENS
from transforms.english.stems import stem_loosely
from transforms.grounding.find import find_in_text
from transforms.text import unify

# Least cosine of a paraphrase, tuned with all-MiniLM-L6-v2 on tests/data/paraphrases.jsonl. Other models
# spread their cosines differently: `python -m tests.quality.semantic --endpoint URL --model MODEL` measures one.
SIMILARITY = 0.72
# From this share of the way between that and 1, one word in place of another is a synonym rather than
# another thing ("turns into" for "becomes", but not "ethanol" for "water").
_NEAR = 0.6
# And from so much further away from 1 than that, a question with the benchmark's own answer is its paraphrase.
_FAR = 1.6
# Content words that a question may have in place of others, or share of them that it may keep, before it
# counts as the same sentence about another thing.
_MOST_SWAPPED, _MOST_KEPT = 2, 0.67

_FEW_LINES = 2  # of an item's answer, with its aliases; more are options, or a worked solution
_LEAST_CONTENT = 2  # "Which of the following statements is true?" asks nothing by itself
_MANY_NUMBERS = 3  # a problem with so many numbers is told by them
_COUNTS = frozenset("1 2 3".split())
_MOST_CHARACTERS = 1200  # models read some 256 to 512 tokens; what a question is about is in its first words or its last

_CODE_TASK = re.compile(
    r"^(?:please )?(?:write|create|implement|make|define|develop|design|give|complete|return)\b[^.?!]{0,40}?"
    r"\b(?:function|program|method|script|code|procedure|routine)s?\b(?: in \w+)?"
    r"(?:,? (?:to|that|which|for|so that|in order to))?[ :,]+(?=\w)",
    re.IGNORECASE,
)


def core_question(text: str) -> str:
    """What of a question is embedded: without "Write a Python function to", which all tasks of its kind share.

    The middle of a very long question is left out.
    """
    text = unify(text)
    text = _CODE_TASK.sub("", text, count=1) or text
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[: _MOST_CHARACTERS // 2]} ... {text[-_MOST_CHARACTERS // 2 :]}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks, taken apart. Numbers and names must stay the same in other words."""

    words: tuple[str, ...]  # all in order, as `plain_words` has them
    content: frozenset[str]  # the stems of those that carry meaning
    numbers: frozenset[str]
    names: frozenset[str]  # in lower case
    kind: str  # what is asked for: "when", "who", "where", "quantity", "code" or ""


@lru_cache(maxsize=4096)
def take_apart(question: str) -> Asked:
    """Read a question once: it is compared with several items, and an item with several questions."""
    question = unify(question)
    words = tuple(_NUMBER_WORDS.get(word, word) for word in plain_words(question))
    numbers = {word for word in words if word[0].isdigit()}
    if not _DIGIT_ONE.search(question):
        numbers.discard("1")  # "which one" is no number
    names, numerals = _read_names(question)
    kind = "code" if _CODE_TASK.match(question) else asked_kind(question)
    content = frozenset(stem_loosely(word) for word in words if word not in _LIGHT and word[0].isalpha())
    return Asked(words, content, frozenset(numbers | numerals), names, kind)


def difference(question: Asked, item: Asked, similarity: float, least: float = SIMILARITY) -> str:
    """What shows that two similar questions are not one; "" if nothing does.

    One of "order", "general", "numbers", "names", "opposites", "superlative", "kind", "code", "words".
    """
    ours, theirs = set(question.words), set(item.words)
    if _reordered(question.words, item.words):
        return "order"
    if min(len(question.content), len(item.content)) < _LEAST_CONTENT:
        return "general"
    if _other_numbers(question.numbers, item.numbers):
        return "numbers"
    # A problem with the same numbers may be about other people.
    retold = len(item.numbers) >= _MANY_NUMBERS and question.numbers == item.numbers
    if not retold and _foreign(question.names, theirs) and _foreign(item.names, ours):
        return "names"
    if any(_opposed(group, ours, theirs) for group in OPPOSITES):
        return "opposites"
    if _superlative(ours, theirs) or _superlative(theirs, ours):
        return "superlative"
    if question.kind and item.kind and question.kind != item.kind and {question.kind, item.kind} not in _KINDS_ALIKE:
        return "kind"
    if similarity >= _between(least, _NEAR):
        return ""
    if item.kind == "code":
        return "code"  # all tasks of a programming benchmark are about lists, strings and numbers
    return "words" if not retold and _swapped(question, item) else ""


def asks_the_same(
    question: str,
    answers: Sequence[str],
    answer_type: str,
    item: str,
    item_answer: str,
    similarity: float,
    least: float = SIMILARITY,
) -> bool:
    """Whether a question is a paraphrase of a benchmark item.

    Args:
        answers: the stored answer and its aliases.
        item_answer: what the benchmark says is right, with its options if it has some; "" if it says nothing.
        similarity: cosine of the two questions.
        least: cosine from which paraphrases are looked for, see `SIMILARITY`.
    """
    if similarity < least_similarity(least):
        return False
    agree = any(_agree(answer, answer_type, item_answer) for answer in answers)
    telling = agree and _telling(answers[0])
    if similarity < _required(agree, telling, item_answer, least):
        return False
    ours, theirs = take_apart(question), take_apart(item)
    found = difference(ours, theirs, similarity, least)
    if found and not (found == "words" and telling and similarity >= least):
        return False
    return _may_answer(answers[0], theirs.kind)


def least_similarity(least: float = SIMILARITY) -> float:
    """The cosine below which nothing can be a paraphrase, whatever the answers."""
    return _between(least, 1 - _FAR)


def _between(least: float, share: float) -> float:
    return least + share * (1 - least)


def _required(agree: bool, telling: bool, item_answer: str, least: float) -> float:
    lines = [line for line in item_answer.splitlines() if line.strip()]
    if lines and not agree:
        return _between(least, _NEAR)  # and not 1: answers come in so many forms that two which look different may be one
    # To be among many options, or to be a number, says little.
    return least_similarity(least) if telling and len(lines) <= _FEW_LINES else least


def _agree(answer: str, answer_type: str, item_answer: str) -> bool:
    """Whether the benchmark's answer, or one of its options, says what the stored answer does."""
    if find_in_text(answer, item_answer, answer_type) is not None:
        return True
    # "Copernicus" is enough for "Nicolaus Copernicus", "chlorophyll" not for "chlorophyll breaks down".
    enough = 2 * len(plain_words(item_answer)) >= len(plain_words(answer))
    return enough and find_in_text(item_answer, answer, answer_type) is not None


def _telling(answer: str) -> bool:
    """Whether two questions are unlikely to have this answer by chance: not a number, nor yes or no."""
    return any(word[0].isalpha() and len(word) > 2 and word not in _VERDICTS for word in plain_words(answer))


def _may_answer(answer: str, kind: str) -> bool:
    """Whether an answer is of the kind that a question asks for, as far as its digits tell."""
    words = [_NUMBER_WORDS.get(word, word) for word in plain_words(answer)]
    if kind == "when":
        return any(word[0].isdigit() or word in _TIMES for word in words)
    return kind not in ("who", "where") or not all(word[0].isdigit() for word in words)


def _swapped(question: Asked, item: Asked) -> bool:
    """Whether each has a word or two that the other lacks, and much else is the same."""
    ours = question.content - {stem_loosely(word) for word in item.words}
    theirs = item.content - {stem_loosely(word) for word in question.words}
    if not ours or not theirs:
        return False
    kept = len(question.content & item.content) / min(len(question.content), len(item.content))
    return kept >= _MOST_KEPT or max(len(ours), len(theirs)) <= _MOST_SWAPPED


def _reordered(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Whether two say the same words in another order, articles left out."""
    ours, theirs = (tuple(word for word in words if word not in ARTICLES) for words in (ours, theirs))
    return ours != theirs and sorted(ours) == sorted(theirs)


def _other_numbers(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    """Whether each has numbers that the other lacks, or the first lacks what a problem needs to be the same."""
    large = frozenset(number for number in ours | theirs if number not in _COUNTS)
    if ours & large and theirs & large:
        ours, theirs = ours & large, theirs & large  # "in two pieces" may be said in other ways
    if ours - theirs and theirs - ours:
        return True
    return len(theirs) >= _MANY_NUMBERS and len(theirs - ours) > len(theirs) / 3


def _foreign(names: Iterable[str], words: set[str]) -> bool:
    """Whether one of the names is not among the words, in no form: "Russian" is there where "Russia" is."""
    return any(
        not any(
            name == word or (min(len(name), len(word)) > 3 and (name.startswith(word) or word.startswith(name))) for word in words
        )
        for name in names
    )


def _opposed(group: tuple[frozenset[str], ...], ours: set[str], theirs: set[str]) -> bool:
    mine = {number for number, members in enumerate(group) if members & ours}
    yours = {number for number, members in enumerate(group) if members & theirs}
    return bool(mine - yours and yours - mine)


def _superlative(ours: set[str], theirs: set[str]) -> bool:
    """Whether one asks for an extreme and the other for none."""
    return bool(ours & (_EXTREMES - _WEAK_EXTREMES)) and not theirs & _EXTREMES


# --- words -------------------------------------------------------------------------------------------

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_DIGIT_ONE = re.compile(r"(?<!\d)1(?!\d)")
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\n")


def _read_names(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Words with a capital that is not due to their place; and the numerals of names, as numbers."""
    names, numerals = set(), set()
    for sentence in _SENTENCE.split(text):
        words = _WORD.findall(sentence)
        for before, word in pairwise(words):
            if not word[0].isupper():
                continue
            if word in _NUMERALS and (before[0].isupper() or word in _ORDINALS):
                numerals.add(_NUMERALS[word])
            else:
                names.update(plain_words(word.removesuffix("'s")))
    return frozenset(names), frozenset(numerals)


def asked_kind(text: str) -> str:
    lower = text.lower()
    found = [(match.start(), kind) for kind, pattern in _KINDS.items() for match in [re.search(pattern, lower)] if match]
    return min(found)[1] if found else ""


_NUMBER_WORDS = {word: str(value) for word, value in TENS.items()} | {"dozen": "12", "hundred": "100", "thousand": "1000"}
_ORDINALS = {"First": "1", "Second": "2", "Third": "3"}
# "World War II", "the Second World War"
_NUMERALS = {
    **_ORDINALS,
    **{numeral: str(number) for number, numeral in enumerate("I II III IV V VI VII VIII IX X XI XII".split(), 1)},
}
_TIMES = frozenset(
    "spring summer autumn fall winter morning noon evening night midnight century early late during after before when".split()
).union(MONTHS, WEEKDAYS)
_LIGHT = GRAMMAR.union(
    MODALS,
    "as than per up down out off being am done there then them him you your we our i and or if not one so such much many "
    "more very also just only each every any some all both call called name named term following given give used use write "
    "find state identify".split(),
)

_VERDICTS = frozenset("yes true false none all neither both".split())

_KINDS = {
    "when": r"\bwhen (?:did|was|is|were|do|does|will)\b|\b(?:what|which) (?:year|century|decade|date|month|day)\b",
    "who": r"(?<!of )\bwho(?:m|se)?\b|\b(?:what|which) (?:\w+ )?(?:scientist|author|astronomer|king|queen|president|writer|"
    r"painter|composer|person|philosopher|explorer|inventor|emperor|poet|general|leader)\b",
    "where": r"\bwhere\b|\b(?:what|which) (?:\w+ )?(?:city|country|countries|continent|river|sea|ocean|state|lake|island)\b",
    "quantity": r"\bhow (?:many|much|long|tall|deep|old|far|fast|big|wide|high|large)\b|\bnumber of\b"
    r"|\b(?:what|which) (?:percentage|fraction|share|proportion)\b",
}
# "After how many hours will they meet?" asks what "When do they meet?" does.
_KINDS_ALIKE = ({"when", "quantity"},)


# Sides of one matter: a question with a word of one side is not one with a word of another.
OPPOSITES = tuple(
    tuple(frozenset(side.split()) for side in matter.split("|"))
    for matter in """
largest biggest greatest highest tallest longest maximum most max oldest strongest heaviest fastest hottest warmest brightest
| smallest least lowest shortest minimum fewest min youngest newest weakest lightest slowest coldest coolest dimmest;
increase increases increased rise rises rising grow grows raise raises raised expansionary
| decrease decreases decreased fall falls falling drop drops lower lowers lowered reduce reduces contractionary;
earliest | latest; before prior preceding | after following; ascending increasing | descending decreasing; left | right;
north northern | south southern | east eastern | west western; positive | negative; odd | even; mean average | median | mode;
area | perimeter | circumference | volume | diagonal; donor | acceptor; absorb absorbs take takes | release releases give;
melting | boiling | freezing; endothermic | exothermic; nominal | real; fixed constant base | current variable;
above | below; import imports | export exports; sum | product | quotient; divisor gcd hcf | multiple lcm;
proton protons | neutron neutrons | electron electrons; mitosis | meiosis; prophase | metaphase | anaphase | telophase;
artery arteries | vein veins; arithmetic | geometric; toward towards back | away; synonym same | antonym opposite;
vowel vowels | consonant consonants; numerator | denominator; uppercase | lowercase; encode encoding | decode decoding;
necessary | sufficient; plural | singular; father | mother; husband | wife; first | second | third; internal | external;
direct | indirect
""".split(";")
)
_EXTREMES = frozenset().union(*OPPOSITES[0])
_WEAK_EXTREMES = frozenset(("most", "least", "maximum", "minimum", "max", "min"))
