"""What may lie behind a pattern: every explanation as the events that it is made of, each with a chance that is learnt.

    the key is right or wrong; the question is easy or hard
    each answerer says the true answer or a wrong one; on easy questions mostly the true one
    a wrong answer is the mistake that others make as well, or one that nobody else makes
    a wrong key is that common mistake, or a mistake of its own
    each verifier says yes, more often to right keys

Answers to a hard question with a right key scatter, or gather on the common mistake, now and then with some on the key.
Answers to a question with a wrong key gather on the true one, as they do on the key where that is right: so the two differ.
Two classes of questions, and a learnt share of common mistakes: the model of Dawid and Skene (1979) has neither, and takes
every shared failure for a wrong key.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from transforms.doubt.said import ALONE, GATHERED, KEY, NO, YES

Pattern = tuple[tuple[str, str], ...]
Event = tuple[tuple[str, ...], str]  # a block of chances that add up to 1, and one of them

CHECKED, RIGHT, WRONG = "checked", "right", "wrong"  # the label of a row that a person has looked at
EASY, HARD = "easy", "hard"
TRUTH, FALSE = "truth", "false"  # what an answerer says
# What the made-up rows say with which the learning begins; each is worth one row. All weak: twenty rows or fewer.
_KEYS = {RIGHT: 18.0, WRONG: 2.0}
_QUESTIONS = {EASY: 3.0, HARD: 2.0}
_ANSWERS = {EASY: {TRUTH: 8.5, FALSE: 1.5}, HARD: {TRUTH: 2.5, FALSE: 5.0}}
_MISTAKES = {"common": 2.0, "own": 2.0}
_WRONG_KEYS = {"common": 2.0, "own": 2.0}
_VOTES = {(RIGHT, EASY): {YES: 9.0, NO: 1.0}, (RIGHT, HARD): {YES: 6.0, NO: 3.0}, (WRONG, ""): {YES: 2.0, NO: 4.0}}
_COMMON: Event = (("mistake",), "common")
_OWN: Event = (("mistake",), "own")
# A wrong answer is the same as another, or as a wrong key, by accident.
_ACCIDENT, _NO_ACCIDENT = float(np.log(0.02)), float(np.log(0.98))


class Explanation(NamedTuple):
    """One way in which a pattern may have come about; `log` is the part of its chance that is not learnt."""

    is_wrong: bool
    events: tuple[Event, ...]
    log: float = 0.0


class Layout:
    """The events that some answerers and verifiers can have a part in, numbered, with what the learning begins with."""

    def __init__(self, names: Iterable[str], verifiers: Iterable[str]) -> None:
        blocks: dict[tuple[str, ...], Mapping[str, float]] = {
            ("key",): _KEYS,
            ("question",): _QUESTIONS,
            ("mistake",): _MISTAKES,
            ("wrong key",): _WRONG_KEYS,
        }
        for name in names:
            blocks |= {("answer", name, hardness): prior for hardness, prior in _ANSWERS.items()}
        for name in verifiers:
            blocks |= {("vote", name, *about): prior for about, prior in _VOTES.items()}
        self.number: dict[Event, int] = {}
        self.blocks: list[slice] = []
        weights: list[float] = []
        for block, prior in blocks.items():
            self.blocks.append(slice(len(weights), len(weights) + len(prior)))
            for name, weight in prior.items():
                self.number[block, name] = len(weights)
                weights.append(weight)
        self.prior: NDArray[np.float64] = np.array(weights)

    def matrix(self, explanations: Sequence[Explanation]) -> NDArray[np.float64]:
        """Explanations by events: how often each event is part of each."""
        counts = np.zeros((len(explanations), len(self.prior)))
        for at, explanation in enumerate(explanations):
            for event in explanation.events:
                counts[at, self.number[event]] += 1
        return counts


def layout_of(patterns: Iterable[Pattern]) -> Layout:
    """The events of some patterns: who answers, and who votes."""
    said: dict[str, set[str]] = {}
    for pattern in patterns:
        for name, label in pattern:
            said.setdefault(name, set()).add(label)
    voters = {name for name, labels in said.items() if labels <= {YES, NO}}
    return Layout(sorted(said.keys() - voters - {CHECKED}), sorted(voters))


def explanations(pattern: Pattern) -> list[Explanation]:
    """Everything that may lie behind a pattern."""
    said = dict(pattern)
    known = said.pop(CHECKED, "")
    votes = {name: said.pop(name) for name in [*said] if said[name] in (YES, NO)}
    found: list[Explanation] = []
    for hardness in (EASY, HARD):
        question: Event = (("question",), hardness)
        if known != WRONG:
            voted = [(("vote", name, RIGHT, hardness), vote) for name, vote in votes.items()]
            first = [(("key",), RIGHT), question, *voted]
            for events, log in _key_is_right(said, hardness):
                found.append(Explanation(False, (*first, *events), log))
        if known != RIGHT:
            voted = [(("vote", name, WRONG, ""), vote) for name, vote in votes.items()]
            first = [(("key",), WRONG), question, *voted]
            for events, log in _key_is_wrong(said, hardness):
                found.append(Explanation(True, (*first, *events), log))
    return found


def _key_is_right(said: Mapping[str, str], hardness: str) -> Iterator[tuple[list[Event], float]]:
    events = [_answer(name, hardness, TRUTH if label == KEY else FALSE) for name, label in said.items()]
    for mistakes, log in _mistakes([label for label in said.values() if label != KEY]):
        yield [*events, *mistakes], log


def _key_is_wrong(said: Mapping[str, str], hardness: str) -> Iterator[tuple[list[Event], float]]:
    """The true answer is one that some gave, alone or together, or nobody; the key is the common mistake or its own."""
    for truth in _true_answers(said):
        others = {name: label for name, label in said.items() if name not in truth}
        events = [_answer(name, hardness, TRUTH) for name in truth]
        events += [_answer(name, hardness, FALSE) for name in others]
        rest = [label for label in others.values() if label != KEY]
        with_key = len(others) - len(rest)
        log = len(rest) * _NO_ACCIDENT
        shared = [_COMMON] * with_key + [_OWN] * len(rest)
        yield [*events, (("wrong key",), "common"), *shared], log + _ACCIDENT * _accidents(rest)
        for mistakes, by_accident in _mistakes(rest):
            yield [*events, (("wrong key",), "own"), *[_OWN] * with_key, *mistakes], log + by_accident + _ACCIDENT * with_key


def _true_answers(said: Mapping[str, str]) -> Iterator[list[str]]:
    """Who may have given the true answer, where it is not the key."""
    groups: dict[str, list[str]] = {}
    for name, label in said.items():
        groups.setdefault(label, []).append(name)
    yield []
    for label, names in groups.items():
        if label == ALONE:
            yield from ([name] for name in names)
        elif label != KEY:
            yield names


def _mistakes(labels: Sequence[str]) -> Iterator[tuple[list[Event], float]]:
    """How wrong answers came about: those that are alike are the common mistake, and one that is alone may be it."""
    if any(label in GATHERED for label in labels):
        first = min(label for label in labels if label in GATHERED)
        joined = sum(label == first for label in labels)
        others = [label for label in labels if label != first]
        yield [*[_COMMON] * joined, *[_OWN] * len(others)], _ACCIDENT * _accidents(others)
        return
    yield [_OWN] * len(labels), 0.0
    if labels:
        yield [_COMMON, *[_OWN] * (len(labels) - 1)], float(np.log(len(labels)))


def _accidents(labels: Sequence[str]) -> int:
    """How many answers are the same as another without a reason."""
    gathered = [label for label in labels if label in GATHERED]
    return len(gathered) - len({*gathered})


def _answer(name: str, hardness: str, says: str) -> Event:
    return ("answer", name, hardness), says
