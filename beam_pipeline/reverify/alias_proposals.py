"""Aliases to propose: short answers that several responses wrote, the rules did not pay, and a judge or a person accepted.

A proposal is for a person to read. Whoever accepted comes in this order: a person (`--accepted`), a judge, the old reward. An
answer that was refused as often as accepted is not proposed.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from beam_pipeline.reverify.regrade import Regraded
from beam_pipeline.reverify.rollouts import Rollout
from beam_pipeline.storage.row_files import Row
from transforms.answers.markup import plain
from transforms.english.sentences import ABBREVIATION, split_sentences
from transforms.pair_rules.aliases import alias_problem
from transforms.pair_rules.answer_rules import (
    answer_does_not_fit_type,
    answer_is_empty,
    answer_is_placeholder,
    answer_is_question,
)
from transforms.records import Document, Persona, PersonaTask, QAPair
from transforms.text import normalise, stable_seed, words

LEAST = 2
MOST_WORDS = 8
PERSON, JUDGE, OLD_REWARD = "person", "judge", "old reward"
# Bounds for one question: different answers, and different responses that wrote one.
_MOST_ANSWERS = 64
_MOST_RESPONSES = 1_000
_RULES = (answer_is_empty, answer_is_question, answer_is_placeholder, answer_does_not_fit_type)
# As it stands within a sentence; in the title of a work it has a capital.
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|did|can|could|will|would|must|should|may|might|isn't|wasn't|aren't|weren't)\b"
)
_QUOTES = "\"'\u201c\u201d\u2018\u2019\u00ab\u00bb`*_"


@dataclass(slots=True)
class _Answer:
    """What was written instead of the stored answer."""

    text: str
    responses: set[int] = field(default_factory=set)
    rollouts: int = 0
    refused: int = 0
    accepted_by: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Question:
    """A question, its stored answer, and the other short answers that it got."""

    rollout: Rollout
    answers: dict[str, _Answer] = field(default_factory=dict)


class AliasProposals:
    """Collects what responses wrote; memory grows with the questions and not with their responses."""

    def __init__(self, least: int = LEAST) -> None:
        """`least` is the number of different responses that must have written an alias."""
        self._least = least
        self._questions: dict[int, _Question] = {}

    def add(self, item: Regraded) -> None:
        """Look at one more rollout."""
        if item.grade.verdict == "right" or not (text := short_answer(item.grade.answer)):
            return
        accepted, by = _view(item)
        if accepted is None:
            return
        rollout = item.rollout
        key = stable_seed(rollout.question_id, rollout.question, rollout.answer)
        if key not in self._questions:
            # Of the first response nothing is needed any more.
            self._questions[key] = _Question(_without_response(rollout))
        answers = self._questions[key].answers
        if (said := normalise(text)) not in answers:
            if len(answers) >= _MOST_ANSWERS:
                return
            answers[said] = _Answer(text)
        answer = answers[said]
        if not accepted:
            answer.refused += 1
            return
        answer.rollouts += 1
        answer.accepted_by[by] += 1
        if len(answer.responses) < _MOST_RESPONSES:
            answer.responses.add(hash(rollout.response))

    def rows(self) -> Iterator[Row]:
        """The proposals, question by question, what most responses wrote first; `keep` is for who reads them."""
        for question in self._questions.values():
            found = sorted(question.answers.values(), key=lambda answer: (-len(answer.responses), answer.text))
            for answer in found:
                if self._is_proposed(answer, question.rollout):
                    yield _row(answer, question.rollout)

    def _is_proposed(self, answer: _Answer, rollout: Rollout) -> bool:
        if len(answer.responses) < self._least or answer.refused >= answer.rollouts:
            return False
        answer_type = rollout.answer_type or ""
        task = PersonaTask(Document("", ""), "", Persona(""))
        itself = QAPair(task, rollout.question, answer.text, answer_type)
        if any(rule(itself) for rule in _RULES):
            return False
        return not alias_problem(answer.text, QAPair(task, rollout.question, rollout.answer, answer_type, rollout.aliases))


def short_answer(said: str) -> str:
    """What was read as the final answer, without marks round it; "" if it is long, or a sentence."""
    text = plain(said).strip()
    if "\n" in text or " ; " in text:  # of several places
        return ""
    if text.endswith(".") and not ABBREVIATION.search(text):
        text = text[:-1]
    text = text.strip().strip(_QUOTES).strip()
    if not text or len(words(text)) > MOST_WORDS or len(split_sentences(text)) > 1:
        return ""
    return "" if _VERB.search(text) or text.endswith((":", "!", "...")) else text


def _view(item: Regraded) -> tuple[bool | None, str]:
    """Whether a rollout was accepted, by the first who has a view, and by whom."""
    if item.rollout.accepted is not None:
        return item.rollout.accepted, PERSON
    if item.judged is not None:
        return item.judged, JUDGE
    return item.was_paid, OLD_REWARD


def _without_response(rollout: Rollout) -> Rollout:
    return Rollout(rollout.where, rollout.question_id, rollout.question, "", rollout.answer, rollout.answer_type, rollout.aliases)


def _row(answer: _Answer, rollout: Rollout) -> Row:
    return {
        "id": rollout.question_id,
        "question": rollout.question,
        "answer": rollout.answer,
        "answer_type": rollout.answer_type,
        "aliases": list(rollout.aliases),
        "alias": answer.text,
        "responses": len(answer.responses),
        "rollouts": answer.rollouts,
        "refused": answer.refused,
        "accepted_by": ", ".join(name for name, _ in answer.accepted_by.most_common()),
        "keep": True,
    }
