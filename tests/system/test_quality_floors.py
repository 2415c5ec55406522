"""What `make quality` prints may not fall below what is promised."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.places import ROOT
from tests.quality import edits, languages, overlap, pairs, rewards, screening, semantic
from tests.quality.__main__ import areas, failure_lines, table_lines
from tests.quality.cases import HELD_OUT, SHARED, TUNE, Area, Case, by_kind, score

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
    failures = "\n".join(failure_lines(area))
    assert "b (x, tune): should be owl; said: nothing" in failures and "some text" in failures
    assert "c (y, held out): should be not owl; said: something" in failures and "\n    a" not in failures


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
