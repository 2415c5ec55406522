"""Fill in the middle: what is masked, what the writer and the solvers are shown, and each gate by scripted replies."""

import json
from collections.abc import Callable
from typing import Any

import apache_beam as beam
import pytest

from prompts.load import load_prompts
from transforms.fill_in.gap import MASK, find_gap
from transforms.fill_in.options import options_in
from transforms.fill_in.solve import FillInRead, OptionsOnly
from transforms.fill_in.write import FillInTheMiddle, ShortAnswer
from transforms.filter import FilterDocuments
from transforms.flow.coders import RecordCoder
from transforms.flow.outcome import Outcome
from transforms.records import Document, QAPair, Stamp, VerifiedQA
from transforms.reward import reward
from transforms.stages import MODEL_STAGES

PROMPTS = load_prompts(stages=MODEL_STAGES)
Make = Callable[..., Any]
SPAN = "Order is a kindness to those who come after, because a neglected bed is hard work for the heir."
ESSAY = (
    "I have always thought that a garden ought to look a little wild. When each edge is cut straight the birds find nothing.\n"
    f"A neighbour of mine disagrees. {SPAN} I tell him that nobody inherits a bed as it was planned. "
    "Each of us goes home and enjoys the quarrel more than the digging."
)
WRONG = [
    "Order is a burden to those who come after, because a tidy bed must be cut again every single week.",
    "Wild beds are a kindness to those who come after, because nothing has to be dug up by the next man.",
    "Birds are a danger to those who sow early, because a seed that lies open is eaten before it sprouts.",
    "Work is a pleasure to those who have time, because a straight edge shows at once who has been there.",
    "Plans are a comfort to those who cannot dig, because a drawing on paper never has to be weeded out.",
    "Hedges are a trouble to those who quarrel, because a voice is carried over them on any quiet evening.",
    "Fences are a promise to those who move in, because a garden without a border belongs to everybody.",
    "Silence is a relief to those who argue much, because a word across the hedge is seldom forgotten.",
    "Children are a help to those who grow old, because a hidden corner is found by them before long.",
]


@pytest.fixture
def essay(document: Make) -> Document:
    return document(text=ESSAY, no_short_answer=True)


@pytest.fixture
def write(serve: Make, model: Make, run_transform: Any) -> Make:
    def run(written: Any, text: Document, **settings: Any) -> tuple[Any, Any]:
        endpoint = serve(lambda _: {"domain": "Other", "distractors": written})
        return run_transform(FillInTheMiddle(model(endpoint, **settings), PROMPTS), [text]), endpoint

    return run


@pytest.fixture
def filled(write: Make, essay: Document) -> QAPair:
    [pair] = write(WRONG, essay)[0].passed
    return pair


def right(pair: QAPair) -> str:
    return pair.answer[0]


def wrong(pair: QAPair) -> str:
    return "1" if right(pair) != "1" else "2"


# --- filter passes them on


def test_filter_marks_what_has_no_short_answer_and_rejects_a_fragment(
    serve: Make, model: Make, run_transform: Any, document: Make
) -> None:
    reasons = iter(("not_informative", "not_self_contained"))
    stage = FilterDocuments(model(serve(lambda _: {"qualified": False, "reason": next(reasons)})), PROMPTS, True)
    [marked] = run_transform(stage, [document(id="essay")]).passed
    assert marked.no_short_answer
    [rejection] = run_transform(stage, [document(id="half", text="and so it was.")]).rejected
    assert rejection.reason == "not_self_contained"


class BothWays(beam.PTransform):
    def __init__(self, nothing: Any) -> None:
        super().__init__()
        self._nothing = nothing

    def expand(self, documents: Any) -> Outcome:
        return Outcome(documents | "With" >> ShortAnswer(True), documents | "Without" >> ShortAnswer(False), self._nothing)


def test_marked_documents_go_one_way_and_the_others_the_other(run_transform: Any, document: Make, essay: Document) -> None:
    other = document(id="facts")
    outcome = run_transform(BothWays, [essay, other], [document(id="side")])
    assert (outcome.passed, outcome.rejected) == ([other], [essay])


# --- what is masked


def test_the_gap_is_a_sentence_that_reasons_and_the_passage_stands_around_it() -> None:
    gap = find_gap(ESSAY, "bridge")
    assert gap is not None
    assert gap.span == SPAN == ESSAY[gap.start : gap.end]
    assert gap.passage == ESSAY.replace(SPAN, MASK)


ALONE = f"{'a list of things, with no end in sight; ' * 5}\n{SPAN}\n{'more things, with no end; ' * 5}"


def test_one_sentence_among_other_text_is_enough() -> None:
    gap = find_gap(ALONE, "x")
    assert gap is not None and gap.span == SPAN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Too short. It says nothing.",
        f"{ALONE}\n{SPAN}",  # said again
        f"{ALONE}\nhe says that a neglected bed is hard work for the heir;",  # a run of its words
        f"{ALONE} {MASK}",
        ALONE.replace("because", "(because"),  # half of what stands in brackets
        ALONE.replace("Order", "* Order"),
        ALONE[ALONE.index(SPAN) :],  # nothing before it
        ALONE[: ALONE.index(SPAN) + len(SPAN)],  # nothing behind it
    ],
)
def test_what_has_no_sentence_to_mask_is_rejected_and_nobody_is_asked(write: Make, document: Make, text: str) -> None:
    outcome, endpoint = write(WRONG, document(text=text))
    assert [rejection.reason for rejection in outcome.rejected] == ["no_gap"]
    assert not endpoint.asked


def test_a_long_document_is_shown_in_part() -> None:
    line = "Word {} of the garden stands in a line by itself and says nothing of note at all.\n"
    text = "".join(line.format(number) for number in range(40)) + ESSAY + "\n" + "".join(map(line.format, range(40, 80)))
    gap = find_gap(text, "x")
    assert gap is not None and SPAN in gap.span
    assert len(gap.before) <= 1000 and len(gap.behind) <= 500 and gap.before.startswith("Word")


# --- the options


def test_a_question_holds_the_passage_and_nine_options_and_its_answer_is_the_documents_own_text(
    write: Make, essay: Document
) -> None:
    outcome, endpoint = write(WRONG, essay)
    [pair] = outcome.passed
    options = options_in(pair.question).splitlines()
    assert [option[:3] for option in options] == [f"{number}) " for number in range(1, 10)]
    assert ESSAY.replace(SPAN, MASK) in pair.question and pair.question.count(SPAN) == 1
    assert pair.answer in options and pair.answer[3:] == SPAN
    assert (pair.answer_type, pair.task.domain, pair.place) == (
        "option",
        "Other",
        (ESSAY.index(SPAN), ESSAY.index(SPAN) + len(SPAN)),
    )
    prompt = PROMPTS.prompt("fill_in")
    assert pair.stamps == (Stamp("fill_in", "m", prompt.version, prompt.sha256),)
    [asked] = endpoint.asked
    assert f"<answer>{SPAN}</answer>" in asked.text and ESSAY in asked.body["messages"][1]["content"]
    assert write(WRONG, essay)[0].passed == [pair], "the order of the options changed"


def test_the_right_option_stands_anywhere(write: Make, document: Make) -> None:
    places = {right(write(WRONG, document(id=f"d{number}", text=ESSAY))[0].passed[0]) for number in range(6)}
    assert len(places) > 2


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ([], "options_too_few"),
        (WRONG[:7], "options_too_few"),
        ([*WRONG[:7], WRONG[0].upper(), f"3) {WRONG[1]}", "  "], "options_too_few"),  # the same again, and empty
        ([*WRONG[:7], SPAN, f'"{SPAN}"'], "options_too_few"),  # the right one
        ([*WRONG[:7], "No.", WRONG[0] * 3], "options_too_few"),  # by far shorter and longer
        ([*WRONG[:7], "I tell him that nobody inherits a bed as it was planned."], "options_too_few"),  # stands in the passage
        ([text[:62] for text in WRONG], "options_uneven"),
        ([f"{text} {text[:60]}" for text in WRONG], "options_uneven"),
    ],
)
def test_options_that_break_a_rule_reject_the_document(write: Make, essay: Document, written: list[str], reason: str) -> None:
    outcome, _ = write(written, essay)
    [rejection] = outcome.rejected
    assert (rejection.stage, rejection.reason, rejection.task_id) == ("fill_in", reason, "")
    assert outcome.passed == outcome.dead_letters == []


def test_marks_quotes_and_missing_full_stops_are_mended(write: Make, essay: Document) -> None:
    dressed = [f"{number}. “{text.rstrip('.')}”\n" for number, text in enumerate(WRONG, 1)]
    [pair] = write(dressed, essay)[0].passed
    assert {option[3:] for option in options_in(pair.question).splitlines()} == {SPAN, *WRONG[:8]}


def test_a_reply_of_another_form_is_a_dead_letter(serve: Make, model: Make, run_transform: Any, essay: Document) -> None:
    stage = FillInTheMiddle(model(serve(lambda _: {"distractors": WRONG}), max_reasks=0), PROMPTS)
    outcome = run_transform(stage, [essay])
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.item_type) == ("fill_in", "ReplyInvalid", "Document")
    assert RecordCoder(Document).decode(letter.item.encode()) == essay


# --- the solver without the text


def solved(answers: list[str]) -> Callable[[Any], dict[str, str]]:
    left = iter(answers)
    return lambda _: {"reasoning": "r", "answer": next(left)}


def test_the_solver_sees_the_options_and_nothing_of_the_text(
    serve: Make, model: Make, run_transform: Any, filled: QAPair
) -> None:
    endpoint = serve(solved([wrong(filled)]))
    [passed] = run_transform(OptionsOnly(model(endpoint), PROMPTS, 1), [filled]).passed
    [asked] = endpoint.asked
    assert options_in(filled.question) in asked.body["messages"][1]["content"]
    assert not any(shown in asked.text for shown in ("neighbour", "wild", MASK, "bridge"))
    assert passed.quote == SPAN
    assert [(verdict.check, verdict.passed) for verdict in passed.verdicts] == [("options_only", True)]


@pytest.mark.parametrize(
    ("hits", "samples", "gives_away"), [(1, 1, True), (1, 3, False), (2, 3, True), (2, 4, False), (3, 4, True)]
)
def test_what_most_samples_get_right_without_the_text_is_rejected(
    serve: Make, model: Make, run_transform: Any, filled: QAPair, hits: int, samples: int, gives_away: bool
) -> None:
    answers = [right(filled)] * hits + [wrong(filled)] * (samples - hits)
    outcome = run_transform(OptionsOnly(model(serve(solved(answers))), PROMPTS, samples), [filled])
    assert bool(outcome.rejected) == gives_away != bool(outcome.passed)
    for rejection in outcome.rejected:
        assert (rejection.stage, rejection.reason) == ("options_only", "options_give_it_away")
        assert rejection.task_id == filled.task.id
        assert rejection.detail == f"{hits} of {samples} right without the text"
        assert not json.loads(rejection.item)["verdicts"][-1]["passed"]


def test_with_no_samples_that_can_be_read_the_pair_is_a_dead_letter(
    serve: Make, model: Make, run_transform: Any, filled: QAPair
) -> None:
    outcome = run_transform(OptionsOnly(model(serve(lambda _: {"no": 1}), max_reasks=0), PROMPTS, 3), [filled])
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.item_type, letter.task_id) == ("options_only", "QAPair", filled.task.id)
    assert RecordCoder(QAPair).decode(letter.item.encode()) == filled


# --- the solver with the text


@pytest.mark.parametrize("as_text", [False, True])
def test_who_sees_the_text_must_be_right(serve: Make, model: Make, run_transform: Any, filled: QAPair, as_text: bool) -> None:
    endpoint = serve(solved([SPAN if as_text else right(filled)]))
    [passed] = run_transform(FillInRead(model(endpoint), PROMPTS), [VerifiedQA(filled, SPAN)]).passed
    assert passed.verdicts[-1].check == "fill_in_read" and passed.verdicts[-1].passed
    assert passed.pair.task.document.text == "" and passed.quote == SPAN
    assert filled.question in endpoint.asked[0].body["messages"][1]["content"]


def test_a_question_that_a_reader_gets_wrong_is_rejected(serve: Make, model: Make, run_transform: Any, filled: QAPair) -> None:
    said = wrong(filled)
    outcome = run_transform(FillInRead(model(serve(solved([said]))), PROMPTS), [VerifiedQA(filled, SPAN)])
    [rejection] = outcome.rejected
    assert (rejection.reason, rejection.detail, rejection.task_id) == ("not_fillable", said, filled.task.id)
    assert outcome.passed == []


# --- the reward


def test_the_reward_pays_the_number_or_the_text_and_nothing_else(filled: QAPair) -> None:
    number, other = right(filled), wrong(filled)

    def paid(response: str) -> bool:
        return reward(response, filled.answer, "option", filled.aliases, filled.question) == 1

    for said in (number, f"{number})", f"({number})", f"Option {number}", f"The answer is {number}.", f"\\boxed{{{number}}}"):
        assert paid(said), said
    for said in (SPAN, SPAN.rstrip("."), filled.answer, f"Option {number}: {SPAN}"):
        assert paid(said), said
    wrong_text = next(line for line in options_in(filled.question).splitlines() if line.startswith(other))
    for said in (
        *(other, f"{other}) {SPAN}", f"Option {other}: {SPAN}", wrong_text, wrong_text[3:], f"{number} or {other}"),
        *("1 2 3 4 5 6 7 8 9", "", f"not {number}", f"{number}{number}", options_in(filled.question), filled.question),
    ):
        assert not paid(said), said
