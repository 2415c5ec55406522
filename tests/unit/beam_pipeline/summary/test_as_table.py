"""The table and the verdict: what a person sees at the end of a run."""

from typing import Any

import pytest

from beam_pipeline.summary.as_table import asked_again, replay_line, summary_table, verdict_line
from beam_pipeline.summary.write_summary import summarise
from transforms.stages import MODEL_STAGES, STAGES

COUNTS = {
    "documents\taccepted": 1200,
    "documents\trejected": 30,
    "documents\tdead_lettered": 4,
    "tasks\taccepted": 1500,
    "tasks\trejected": 500,
    "pairs": 1500,
    "stages\trepair\tpassed": 2000,
    "stages\trepair\trejected": 30,
    "stages\trepair\tdead_lettered": 2,
    "repairs\tmended": 70,
    "stages\tverify\tpassed": 1500,
    "stages\tverify\trejected": 500,
    "stages\tread\tpassed": 1230,
    "stages\tread\tdead_lettered": 4,
    "stages\tverify_question\tpassed": 1500,
    "stages\tfilter\tpassed": 1200,
    "stages\tfilter\trejected": 30,
    "domains\tMath\taccepted": 500,
    "domains\tMath\trejected": 500,
    "domains\tOther\taccepted": 1000,
    "reasons\tverify\tleaks": 500,
    "reasons\tfilter\tnot_informative": 30,
    "errors\tread\tInvalidJson": 4,
}
TOKENS = {"filter": {"calls": 1230, "prompt_tokens": 500_000, "cached_tokens": 400_000, "completion_tokens": 20_000}}


def shown() -> list[list[str]]:
    summary = {**summarise(COUNTS), "tokens": TOKENS, "seconds": 61.27}
    return [line.split() for line in summary_table(summary, "out/").splitlines() if line]


@pytest.mark.parametrize(
    "line",
    [
        "documents 1,234 1,200 30 4",
        "tasks 2,000 1,500 500 0",
        "read 1,230 0 4",
        "filter 1,200 30 0 1,230 500,000 400,000 20,000",
        "verify 1,500 500 0",
        "verify_question 1,500 0 0",
        "repair 2,000 30 2",
        "repair: 102 asked again, 70 mended, 30 still bad",
        "Other 1,000 100%",
        "Math 500 50%",
        "most rejected: verify/leaks (500), filter/not_informative (30)",
        "dead letters: read/InvalidJson (4)",
        "1,500 pairs in 61.3 s, in out/qa/",
    ],
)
def test_the_table_says(line: str) -> None:
    assert line.split() in shown()


def test_stages_stand_in_the_order_of_the_flow_and_domains_by_yield() -> None:
    first = [words[0] for words in shown()]
    assert first.index("read") < first.index("filter") < first.index("verify") < first.index("verify_question")
    assert first.index("Other") < first.index("Math")


def test_every_stage_that_asks_a_model_has_its_place_in_the_flow() -> None:
    assert [stage for stage in STAGES if stage in MODEL_STAGES] == list(MODEL_STAGES)


def test_columns_stand_below_their_heads() -> None:
    table = summary_table({**summarise(COUNTS), "tokens": TOKENS}, "out").splitlines()
    head = next(line for line in table if line.startswith("stage"))
    [long] = [line for line in table if line.startswith("verify_question")]
    assert head[: head.index("dead") + 4].rindex("passed") + len("passed") == long.index("1,500") + len("1,500")


def test_a_stage_that_is_new_to_the_table_is_shown_all_the_same() -> None:
    table = summary_table(summarise({"stages\tbrand_new\tpassed": 3}), "out")
    assert ["brand_new", "3", "0", "0"] in [line.split() for line in table.splitlines()]


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        (COUNTS, "counts close: every document and task ended in exactly one place"),
        (
            {**COUNTS, "documents\tlost": 1, "tasks\tunknown": 2000, "tasks\tdoubled": 3},
            "THE COUNTS DO NOT CLOSE: 1 documents lost, 2,000 tasks unknown, 3 tasks doubled",
        ),
        ({}, "nothing was accepted: the input holds no documents"),
        (
            {
                "documents\trejected": 9,
                **{f"reasons\tfilter\tr{number}": 1 for number in range(5)},
                "errors\tfilter\tOutage": 900,
            },
            "nothing was accepted: filter/Outage (900), filter/r0 (1), filter/r1 (1), filter/r2 (1), filter/r3 (1)",
        ),
    ],
    ids=["closes", "does not close", "no input", "all failed"],
)
def test_the_verdict_is_one_line(counts: dict[str, Any], verdict: str) -> None:
    assert verdict_line(summarise(counts)) == verdict


def test_what_a_replay_asks_again_is_counted_with_its_command() -> None:
    errors = {
        "filter/ReplyInvalid": 2,
        "verify/Outage": 1,
        "filter/ContextOverflow": 4,
        "read/BadRow": 8,
        "screen/ValueError": 16,
    }
    assert asked_again(errors) == 3
    assert replay_line(3, "my out/") == "3 of the dead letters may still be answered: webscale-qa replay 'my out'"
