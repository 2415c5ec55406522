"""The same documents on every engine: the same accepted ids, closed counts, and whole output."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.exit_codes import OK
from tests.system.engines.cluster import FlinkCluster
from tests.system.engines.conftest import DOCUMENTS, Ran, finish

pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]

ENGINES = ("in-process", "prism", "flink")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[DemoEndpoint]:
    with DemoEndpoint.start() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def ran() -> dict[str, Ran]:
    """What has run so far, by engine."""
    return {}


@pytest.fixture(params=ENGINES)
def engine_run(
    request: pytest.FixtureRequest,
    engines: Path,
    documents: Path,
    endpoint: DemoEndpoint,
    launch: Callable[..., Any],
    ran: dict[str, Ran],
    tmp_path: Path,
) -> Ran:
    """One run of all documents on an engine, made at first use."""
    name = request.param
    if name not in ran:
        flags: list[str] = []
        if name == "prism":
            flags = ["--runner=PrismRunner", f"--prism_location={engines / 'prism'}"]
        elif name == "flink":
            flags = request.getfixturevalue("flink").flags()
        given = ("--input", str(documents), "--endpoint", endpoint.url, *flags)
        ran[name] = finish(launch(tmp_path / "out", *given), tmp_path / "out")
    return ran[name]


def test_it_ends_well_and_says_so(engine_run: Ran) -> None:
    assert engine_run.code == OK, engine_run.errors
    assert "counts close" in engine_run.printed
    assert engine_run.errors == "", "nothing went wrong, so nothing is said"


def test_counts_close(engine_run: Ran) -> None:
    summary = engine_run.summary
    documents, tasks = summary["documents"], summary["tasks"]
    assert summary["balanced"]
    assert documents["read"] == DOCUMENTS == documents["accepted"] + documents["rejected"] + documents["dead_lettered"]
    assert tasks["read"] == tasks["accepted"] + tasks["rejected"] + tasks["dead_lettered"]
    assert summary["pairs"] == len(engine_run.rows("qa")) == tasks["accepted"] > 100
    assert sum(summary["reasons"].values()) == len(engine_run.rows("rejected"))
    assert engine_run.rows("dead_letters") == []


def test_the_same_ids_are_accepted_as_in_process(engine_run: Ran, ran: dict[str, Ran]) -> None:
    ids = [row["id"] for row in engine_run.rows("qa")]
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == sorted(row["id"] for row in ran["in-process"].rows("qa"))


def test_calls_come_back_as_metrics_and_every_reply_is_journalled(engine_run: Ran, ran: dict[str, Ran]) -> None:
    """Metrics travel from workers elsewhere, too, and are those of the engine that has one process."""
    tokens, expected = engine_run.summary["tokens"], ran["in-process"].summary["tokens"]
    replies = sum(len(path.read_bytes().splitlines()) for path in (engine_run.output / "journal").glob("*.jsonl"))
    assert replies == tokens["total"]["calls"] == expected["total"]["calls"]
    for stage in ("filter", "classify", "synthesize", "verify"):
        figures = ("model", "calls", "prompt_tokens", "completion_tokens", "faults")
        assert {name: tokens[stage][name] for name in figures} == {name: expected[stage][name] for name in figures}
        assert tokens[stage]["latency_s"]["mean"] > 0


def test_both_task_managers_asked(flink: FlinkCluster, engines: Path, ran: dict[str, Ran]) -> None:
    if "flink" not in ran:
        pytest.skip("the run on Flink was not selected")
    journals = list((ran["flink"].output / "journal").glob("*.jsonl"))
    assert len(journals) == 2, "one worker process for each task manager, kept to the end"
    sizes = [len(path.read_bytes().splitlines()) for path in journals]
    assert min(sizes) > 0.3 * sum(sizes)
