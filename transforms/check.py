"""Check: rules that a pair must pass before anybody pays to verify it.

Input:    PCollection[QAPair]
Passed:   PCollection[QAPair], with only those aliases that the document grounds, the place of the answer in it, and the date
          of the document where it is known; and with its `fault` a pair that the writer may mend, where there is a stage
          behind that asks for it. A question that expires, or means a place, may be mended where the document has a date or
          a place to bind it by
Rejected: Rejection, reason in {"copied_from_exemplar", "copied_from_prompt", "answer_empty", "answer_too_long",
          "answer_is_question", "answer_placeholder", "answer_open_ended", "answer_type_mismatch", "answer_not_in_document",
          "answer_in_question", "answer_incomplete", "question_too_short", "question_too_long", "question_not_a_question",
          "question_multiple", "question_refers_to_document", "question_dangling_pronoun", "question_deictic_date",
          "question_expires", "question_place_unclear", "question_context_missing"}; the detail says what was seen
Source:   Webscale-RL, arXiv:2510.06499: short answers grounded in the document, questions that stand
          alone and do not give the answer away.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from transforms.answers.canonical import list_items, unify_lines
from transforms.document_rules.when_and_where import date_at, date_in, date_of, place_of
from transforms.flow.heartbeat import wakeful
from transforms.flow.outcome import Outcome, apply_rules, as_waking_outcome
from transforms.grounding.find import find_in_text
from transforms.pair_rules.aliases import grounded_aliases
from transforms.pair_rules.answer_rules import (
    answer_does_not_fit_type,
    answer_is_a_bound,
    answer_is_empty,
    answer_is_open_ended,
    answer_is_part_of_a_series,
    answer_is_placeholder,
    answer_is_question,
    answer_is_too_long,
)
from transforms.pair_rules.context import question_misses_context
from transforms.pair_rules.copied import Told, copied_from_exemplar, copied_from_prompt
from transforms.pair_rules.expiring import EXPIRES, question_expires
from transforms.pair_rules.leakage import find_leak
from transforms.pair_rules.question_rules import (
    question_asks_twice,
    question_has_a_bad_length,
    question_has_a_dangling_pronoun,
    question_has_a_deictic_date,
    question_is_not_a_question,
    question_refers_to_document,
)
from transforms.pair_rules.unclear_place import UNCLEAR_PLACE, question_place_is_unclear
from transforms.pair_rules.unintroduced import question_leans_on_something_said
from transforms.records import Document, Fault, Persona, PersonaTask, QAPair, Rejection, reject

__all__ = ["CheckQA", "check_pair", "find_leak", "grounded_aliases", "question_problem"]


def place_of_answer(pair: QAPair) -> tuple[int, int] | None:
    """Where the document says the answer, or the first item of a list; None if nowhere, and for yes and no."""
    return find_in_text(pair.answer, pair.task.document.text, pair.answer_type)


def answer_is_not_grounded(pair: QAPair) -> Fault | None:
    """The document must say the answer, in this or another form. Yes and no are for the verifier to judge."""
    if pair.answer_type == "yes_no" or place_of_answer(pair):
        return None
    missing = pair.answer
    if pair.answer_type == "list":
        absent = [item for item in list_items(unify_lines(pair.answer)) if not find_in_text(item, pair.task.document.text)]
        missing = ", ".join(absent) or pair.answer
    return Fault("answer_not_in_document", missing)


def answer_is_in_question(pair: QAPair) -> Fault | None:
    """See `find_leak`; an alias counts if the document grounds it."""
    kind = find_leak(pair.question, pair.answer, grounded_aliases(pair), pair.task.document.text, pair.answer_type)
    return Fault("answer_in_question", kind) if kind else None


QUESTION_RULES = (
    question_has_a_bad_length,
    question_is_not_a_question,
    question_asks_twice,
    question_refers_to_document,
    question_has_a_dangling_pronoun,
    question_has_a_deictic_date,
    question_expires,
    question_place_is_unclear,
    question_misses_context,
    question_leans_on_something_said,
)


def question_problem(question: str, answer: str = "", document: str = "", answer_type: str | None = None) -> str | None:
    """Name what is wrong with a question by itself, as a rejection does, or None: its shape, whether it stands alone, its time.

    The answer and its type excuse some questions: one whose answer is a list may ask for two things.
    """
    task = PersonaTask(Document("", document), "", Persona(""))
    fault = check_pair(QAPair(task, question, answer, answer_type or ""), QUESTION_RULES)
    return fault.reason if fault else None


# Cheap ones first; of the question's the last one, and the last three, read the document.
RULES: tuple[Callable[[QAPair], Fault | None], ...] = (
    answer_is_empty,
    QUESTION_RULES[0],
    answer_is_too_long,
    answer_is_question,
    answer_is_placeholder,
    answer_does_not_fit_type,
    answer_is_open_ended,
    *QUESTION_RULES[1:],
    answer_is_not_grounded,
    answer_is_in_question,
    answer_is_a_bound,
    answer_is_part_of_a_series,
)


def check_pair(pair: QAPair, rules: Iterable[Callable[[QAPair], Fault | None]] = RULES) -> Fault | None:
    """The first fault of a pair by the rules, or None if it has none."""
    return next((fault for rule in rules if (fault := rule(pair))), None)


def question_or_answer_is_copied(pair: QAPair, told: Told) -> Fault | None:
    """The model repeated what it was shown; to be asked again would bring no better."""
    return copied_from_exemplar(pair, told.exemplars_for(pair.task)) or copied_from_prompt(pair, told.instructions)


def bound_by(reason: str, pair: QAPair) -> str | None:
    """What a question can be bound by, in words; None where it would take a date or place that is not known.

    "As of 1950" in the document is the date of its sentence, and of no other: it binds the answer that stands there.
    """
    document = pair.task.document
    if reason == EXPIRES:
        date = date_at(document.text, place_of_answer(pair)) or date_of(document)
        return f"known: as of {date}" if date else None
    if reason == UNCLEAR_PLACE:
        place, date = place_of(document), date_of(document)
        return f"known: {place}, as of {date}" if place and date else f"known: {place}" if place else None
    return ""


def apply_check(
    pair: QAPair, told: Told | None = None, mendable: Collection[str] = (), stage: str = "check"
) -> Iterator[QAPair | Rejection]:
    """Pass a pair without faults, its aliases cleaned, and with its fault one that has a `mendable` one."""
    copies = (partial(question_or_answer_is_copied, told=told),) if told else ()
    fault = check_pair(pair, (*copies, *RULES))
    if fault is None:
        document, place = pair.task.document, place_of_answer(pair)
        said = date_in(pair.question) or date_at(document.text, place) or date_of(document)
        yield replace(pair, aliases=grounded_aliases(pair), place=place, valid_as_of=said)
        return
    fault = replace(fault, detail=fault.detail[:300])
    bound = bound_by(fault.reason, pair)
    if fault.reason in mendable and bound is not None and not pair.edited:  # a person's words are not written anew
        yield replace(pair, fault=replace(fault, detail=f"{fault.detail}; {bound}" if bound else fault.detail))
    else:
        yield reject(stage, fault.reason, pair, fault.detail)


@dataclass
class CheckQA(beam.PTransform):
    """Keeps the pairs that no rule faults. Expects a PCollection of `QAPair`, outputs an `Outcome` of the same.

    With what the model was `told` it finds copies of that. Pairs with `mendable` faults, by their reasons, pass with their fault.
    """

    told: Told | None = None
    mendable: Collection[str] = ()

    @no_annotations
    def expand(self, pairs: beam.PCollection[QAPair]) -> Outcome:
        apply = partial(apply_check, told=self.told, mendable=self.mendable)
        return as_waking_outcome(wakeful(pairs) | "ApplyRules" >> apply_rules("check", apply, QAPair))
