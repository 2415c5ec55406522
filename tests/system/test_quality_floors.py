"""What `make quality` prints may not fall below what is promised."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.places import ROOT, SHARED
from tests.quality import (
    edits,
    judged,
    languages,
    overlap,
    pairs,
    questions,
    rephrased,
    reward_error,
    rewards,
    screening,
    semantic,
)
from tests.quality.__main__ import areas, failure_lines, table_lines
from tests.quality.cases import HELD_OUT, TUNE, Area, Case, by_kind, labelled, read_rows, score

COPIES = ("verbatim", "case_punctuation", "latex", "prefix", "options", "short_item", "embedded", "split")


def share(cases: list[Case]) -> float:
    return sum(case.right for case in cases) / len(cases)


@pytest.mark.skipif(not SHARED.exists(), reason="the labelled documents (../shared/data) are not here")
def test_screening_of_real_documents() -> None:
    area = screening.real_documents()
    assert 1 - area.scores().false_alarms >= 0.97, list(failure_lines(area))
    by_rules = [case for case in area.cases if case.expected]
    assert share(by_rules) >= 0.85, list(failure_lines(area))


def test_screening_of_written_documents() -> None:
    area = screening.odd_documents()
    assert area.scores(TUNE).recall >= 0.95 and area.scores(TUNE).false_alarms <= 0.03
    assert area.scores(HELD_OUT).recall >= 0.75 and area.scores(HELD_OUT).false_alarms <= 0.03
    assert len(area.cases) >= 80 and len(by_kind(area.cases)) >= 30


def test_screening_can_be_measured_without_the_labelled_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screening, "SHARED", ROOT / "nowhere")
    area = screening.real_documents()
    assert "sample" in area.name and "not here" in area.notes[0]
    assert area.scores().recall == 1 and area.scores().false_alarms == 0, list(failure_lines(area))


@pytest.mark.parametrize("part", [TUNE, HELD_OUT])
def test_leakage(part: str) -> None:
    area = pairs.leakage()
    scores = area.scores(part)
    assert scores.precision >= 0.95 and scores.recall >= 0.95
    assert scores.cases >= (400 if part == TUNE else 85)


def test_leakage_on_near_pairs() -> None:
    area = pairs.leakage_near()
    opened, shut = area.scores(TUNE), area.scores(HELD_OUT)
    assert area.silent and opened.cases >= 400 and shut.cases >= 200
    assert opened.precision >= 0.95 and opened.recall >= 0.9
    assert shut.precision >= 0.95 and shut.recall >= 0.7


def test_leakage_on_pairs_of_another_writer() -> None:
    scores = pairs.leakage_apart().scores(TUNE)
    assert scores.cases >= 590 and scores.precision >= 0.95 and scores.recall >= 0.68


def test_checks_on_a_pair() -> None:
    area = pairs.checks()
    assert len(area.cases) >= 150
    assert {case.kind for case in area.cases if case.expected} == {
        *("answer_empty", "answer_too_long", "answer_is_question", "answer_placeholder", "answer_open_ended"),
        *("answer_type_mismatch", "answer_not_in_document", "answer_in_question", "question_too_short", "question_too_long"),
        *("question_not_a_question", "question_multiple", "question_refers_to_document", "question_dangling_pronoun"),
        "question_deictic_date",
    }
    assert area.scores(TUNE).precision >= 0.98 and area.scores(TUNE).recall >= 0.96
    assert area.scores(HELD_OUT).precision >= 0.95 and area.scores(HELD_OUT).recall >= 0.8


def test_grounding() -> None:
    area = pairs.grounding()
    assert area.scores(TUNE).accuracy >= 0.97
    assert area.scores(HELD_OUT).precision >= 0.97 and area.scores(HELD_OUT).recall >= 0.92


@pytest.mark.parametrize(("measure", "recall"), [(questions.time, 0.8), (questions.place, 0.8)])
def test_questions_that_mean_a_time_or_a_place(measure: Callable[[], Area], recall: float) -> None:
    area = measure()
    assert len(area.cases) >= 150 and 0.25 < len([c for c in area.cases if c.part == HELD_OUT]) / len(area.cases) < 0.42
    for part in (TUNE, HELD_OUT):
        assert area.scores(part).recall >= recall and area.scores(part).false_alarms <= 0.05, list(failure_lines(area))


@pytest.mark.skipif(not questions.IN_CONTEXT.exists(), reason="the questions in context (../shared/data/labelled) are not here")
@pytest.mark.parametrize(("measure", "recall"), [(questions.in_context, 0.8), (questions.without_pronoun, 0.55)])
def test_questions_that_need_their_context(measure: Callable[[], Area], recall: float) -> None:
    area = measure()
    for part in (TUNE, HELD_OUT):
        assert area.scores(part).recall >= recall and area.scores(part).false_alarms <= 0.03, list(failure_lines(area))


def test_without_the_questions_in_context_there_is_a_line_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "IN_CONTEXT", ROOT / "nowhere")
    lines = list(table_lines(questions.in_context()))
    assert "not measured" in lines[0] and "labelled is not here" in lines[1]


@pytest.mark.parametrize("measure", [languages.grounding, languages.leakage, languages.checks])
def test_other_languages(measure: Callable[[], Area]) -> None:
    area = measure()
    kinds = by_kind(area.cases)
    assert len(kinds) >= 6 and min(total for _, total in kinds.values()) >= 20
    assert min(right / total for right, total in kinds.values()) >= 0.9, list(failure_lines(area))
    assert area.scores(TUNE).accuracy >= 0.97 and area.scores(HELD_OUT).accuracy >= 0.93


def test_equal_answers() -> None:
    area = pairs.equal_answers()
    assert len(area.cases) >= 120
    for part in (TUNE, HELD_OUT):
        assert area.scores(part).precision >= 0.98 and area.scores(part).recall >= 0.95


def test_reward() -> None:
    area = rewards.rewards()
    assert len(area.cases) >= 200
    assert area.scores().accuracy >= 0.98
    hacks = [case for case in area.cases if rewards.is_hack(case)]
    assert len(hacks) >= 100 and [case.shown for case in hacks if case.found] == []


def test_no_hack_of_a_known_pattern_is_paid() -> None:
    area = rewards.hack_patterns()
    kinds = by_kind(area.cases)
    assert len(kinds) == 13 and min(total for _, total in kinds.values()) >= 10
    assert [case.shown for case in area.cases if case.found] == []


@pytest.mark.parametrize("code", rewards.LANGUAGES)
def test_each_language_has_its_cases(code: str) -> None:
    rows = [row for row in labelled("reward_languages") if row["kind"].startswith(f"language_{code}")]
    held_out = [row for row in rows if row["split"] == HELD_OUT]
    assert {row["reward"] for row in held_out} == {0, 1} and len(rows) >= 24
    assert len(rows) / 4 < len(held_out) < len(rows) / 2


def test_what_cards_say_of_the_reward_is_what_is_measured() -> None:
    said = reward_error.PAGE.read_text("utf-8")
    assert said == reward_error.text(), "the reward's error is another: python -m tests.quality.reward_error --write"


# --- answers that others have judged


def test_samples_in_the_repository_hold_nothing_that_is_shut() -> None:
    areas_of_samples = [measure() for measure in judged.samples()]
    assert [len(area.cases) for area in areas_of_samples] == [100, 200, 176, 176]
    assert not any(case.part == HELD_OUT for area in areas_of_samples for case in area.cases)


@pytest.mark.skipif(not judged.LABELLED.is_dir(), reason="the judged answers (../shared/data/labelled) are not here")
def test_samples_are_rows_of_the_judged_sets() -> None:
    for sample, whole in ((judged.NQ_SAMPLE, judged.NQ), (judged.MATH_SAMPLE, judged.MATH_HARD)):
        rows = read_rows(whole)
        assert all(row in rows for row in read_rows(sample))
        assert 0.25 < sum(map(judged.is_shut, rows)) / len(rows) < 0.42


def test_without_the_judged_sets_there_are_the_samples_and_a_line_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged, "LABELLED", ROOT / "nowhere")
    *measured, missing = judged.measures()
    assert len(measured) == len(judged.samples())
    assert "not measured" in (lines := list(table_lines(missing())))[0] and "labelled is not here" in lines[1]


def test_simple_rules_that_the_reward_is_compared_with() -> None:
    answer = judged.Judged("a", "m", False, True, "It's The  Eiffel tower!", ("Eiffel Tower",), None, "")
    assert judged.contains(answer)[0] and not judged.equals(answer)[0]
    assert judged.equals(replace(answer, response="The Eiffel Tower."))[0]


@pytest.mark.parametrize("part", [TUNE, HELD_OUT])
def test_decontamination(part: str) -> None:
    cases = [case for case in overlap.contamination().cases if case.part == part]
    kinds = by_kind(cases)
    assert [kind for kind in COPIES if kinds[kind][0] < kinds[kind][1]] == []
    assert share([case for case in cases if case.kind.startswith("light_edit")]) >= 0.95
    clean = [case for case in cases if not case.expected]
    assert 1 - share(clean) <= 0.02, [case.shown for case in clean if case.found]


@pytest.mark.skipif(not SHARED.exists(), reason="the benchmarks (../shared/data) are not here")
@pytest.mark.parametrize("kind", edits.EDITS)
def test_each_light_edit_of_real_benchmarks(kind: str, edited: list[Case]) -> None:
    assert share([case for case in edited if case.kind == kind]) >= 0.95
    assert share([case for case in edited if case.kind == "clean"]) >= 0.98


@pytest.fixture(scope="module")
def edited() -> list[Case]:
    return list(edits.edited_questions().cases)


@pytest.mark.skipif(not rephrased.REPHRASED.exists(), reason="the rephrased questions (../shared/data/labelled) are not here")
def test_rephrased_questions_are_found_without_embeddings() -> None:
    area = rephrased.rephrased_questions()
    assert len(area.cases) == 1318, "660 questions but an empty one, with their item and without it"
    for part in (TUNE, HELD_OUT):
        kinds = by_kind(case for case in area.cases if case.part == part)
        assert kinds[rephrased.TAKEN][0] / kinds[rephrased.TAKEN][1] >= 0.8
        assert 1 - kinds[rephrased.OTHER][0] / kinds[rephrased.OTHER][1] <= 1 / 132


def test_without_the_rephrased_questions_a_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rephrased, "REPHRASED", ROOT / "nowhere")
    lines = list(table_lines(rephrased.rephrased_questions()))
    assert "not measured" in lines[0] and "labelled" in lines[1]


def test_far_paraphrases() -> None:
    """Those that share no word with their item are mostly missed; this is what is reached."""
    area = semantic.far_paraphrases()
    assert area.scores(TUNE).recall >= 0.1 and area.scores(HELD_OUT).recall >= 0.05
    assert area.scores().false_alarms <= 0.02


@pytest.mark.parametrize("part", [TUNE, HELD_OUT])
def test_repeated_questions(part: str) -> None:
    scores = overlap.repeated_questions().scores(part)
    assert scores.precision >= 0.97 and scores.recall >= 0.9


# --- the table


CASES = [
    Case("a", "x", TUNE, True, True),
    Case("b", "x", TUNE, True, False, "nothing", "some\ntext"),
    Case("c", "y", HELD_OUT, False, True, "something"),
    Case("d", "y", HELD_OUT, False, False),
]


def test_scores() -> None:
    scores = score(CASES)
    assert (scores.precision, scores.recall, scores.accuracy, scores.false_alarms) == (0.5, 0.5, 0.5, 0.5)
    assert score([]).precision == score([]).recall == 1
    assert by_kind(CASES) == {"x": (1, 2), "y": (1, 2)}


def test_the_table_has_a_line_for_each_part_and_each_failure() -> None:
    area = Area("birds", "owl", CASES, ["seen at night"])
    lines = list(table_lines(area))
    assert len(lines) == 3 and lines[0].startswith("birds") and "2 owl" in lines[0] and "held out" in lines[1]
    assert lines[2].strip() == "seen at night"
    assert "50.0% (9.5-90.5)" in lines[0] and " - " in lines[1], "a share with its interval, and none of nothing"
    failures = "\n".join(failure_lines(area))
    assert "b (x, tune): should be owl; said: nothing" in failures and "some text" in failures
    assert "c (y, held out): should be not owl; said: something" in failures and "\n    a" not in failures


def test_what_is_shut_is_counted_and_not_listed() -> None:
    area = Area("birds", "owl", CASES, parts={TUNE: "open", HELD_OUT: "shut"}, silent=True)
    assert "shut" in list(table_lines(area))[1]
    assert [line.split()[0] for line in failure_lines(area)] == ["b"]


def test_what_cannot_be_measured_says_so() -> None:
    assert "not measured" in next(table_lines(Area("birds", "owl", (), ["no birds here"])))


@pytest.mark.integration
def test_the_command_prints_what_it_is_asked_for() -> None:
    command = [sys.executable, "-m", "tests.quality", "leakage", "answers"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "leakage" in done.stdout and "equal answers" in done.stdout and "reward" not in done.stdout
    wrong = subprocess.run([*command, "luck"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert wrong.returncode == 2 and "no area luck" in wrong.stderr


def test_every_area_can_be_asked_for() -> None:
    assert {"screening", "leakage", "checks", "grounding", "answers", "reward", "decontamination", "questions"} <= set(areas())
