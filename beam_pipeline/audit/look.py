"""What the rules find in one row: every fault, and not only the first, as verdicts on the pair.

The rules are those of `transforms/check.py`, whichever it has. A row without a document is asked none that reads one for the
answer, and one without an answer only those on the question.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from beam_pipeline.audit.checkable import CHECK, MISSES, reward_verdict
from transforms.check import QUESTION_RULES, RULES, answer_is_not_grounded, place_of_answer
from transforms.pair_rules.answer_rules import answer_is_a_bound, answer_is_empty, answer_is_part_of_a_series
from transforms.pair_rules.question_rules import question_has_a_bad_length, question_is_not_a_question
from transforms.records import Fault, QAPair, Rejection, Verdict, VerifiedQA, reject

STAGE = "check"
_NOT_OF_OPTIONS = (question_has_a_bad_length, question_is_not_a_question)
Rule = Callable[[QAPair], Fault | None]
_SHOWN_CHARACTERS = 300
_OF_DOCUMENTS = (answer_is_not_grounded, answer_is_a_bound, answer_is_part_of_a_series)
_WITHOUT_DOCUMENT = tuple(rule for rule in RULES if rule not in _OF_DOCUMENTS)


def rules_for(pair: QAPair, keyed: bool = True) -> tuple[Rule, ...]:
    """The rules that can be asked of a pair; `keyed` is whether its file has answers, so that one without is at fault."""
    if not pair.answer.strip():
        rules: tuple[Rule, ...] = (answer_is_empty, *QUESTION_RULES) if keyed else QUESTION_RULES
    else:
        rules = RULES if pair.task.document.text else _WITHOUT_DOCUMENT
    # Options make a question of half a sentence, and any question long.
    return tuple(rule for rule in rules if rule not in _NOT_OF_OPTIONS) if pair.answer_type == "option" else rules


def look_at(qa: VerifiedQA, keyed: bool = True, ignored: Collection[str] = (), keep_text: bool = False) -> VerifiedQA:
    """The pair with a failed verdict for each fault, and one on what a reward can check.

    Its document's text goes, which would be most of what later stages move, unless a model is to read it.
    """
    pair = qa.pair
    faults = [fault for rule in rules_for(pair, keyed) if (fault := rule(pair)) and fault.reason not in ignored]
    first: dict[str, Fault] = {}  # of each reason: some rules look for one thing in several ways
    for fault in faults:
        first.setdefault(fault.reason, fault)
    verdicts = [Verdict(fault.reason, False, None, fault.detail[:_SHOWN_CHARACTERS]) for fault in first.values()]
    checked = reward_verdict(pair)
    if checked.check in ignored:
        checked = Verdict(CHECK, True, None, checked.detail)
    placed = replace(pair, place=place_of_answer(pair) if pair.task.document.text and pair.answer.strip() else None)
    looked = replace(qa, pair=placed, verdicts=(*qa.verdicts, *verdicts, checked))
    return looked if keep_text else looked.without_text()


def settle(qa: VerifiedQA) -> Iterator[VerifiedQA | Rejection]:
    """Pass a pair of which nothing was found; else reject it for the first finding, with all of them in the detail."""
    found = [verdict for verdict in qa.verdicts if not verdict.passed]
    if not found:
        yield qa
        return
    detail = "; ".join(f"{verdict.check}: {verdict.detail}" if len(found) > 1 else verdict.detail for verdict in found)
    yield reject(CHECK if found[0].check == MISSES else STAGE, found[0].check, qa, detail)
