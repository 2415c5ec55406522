"""A stream from Pub/Sub as a user runs it: the command line, the embedded endpoint, and the fake or Google's emulator.

100 documents over 10 seconds; with PUBSUB_LONG=1 in the environment 500 over a minute.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.pubsub_service import Channel, service_hosts
from tests.fakes.pubsub_traffic import BAD, COPY, EVENT_TIME, GOOD, KINDS, LATE, REDELIVER, TAKEN_ID, Message, Sent, plan, publish
from tests.places import ROOT

LONG = os.environ.get("PUBSUB_LONG") == "1"
pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600 if LONG else 300)]

COUNT, OVER_S, WINDOW_S, LATENESS_S = (500, 60.0, 20, 60) if LONG else (100, 6.0, 5, 30)
# What comes out of order has to come in time on a busy machine too, where the runner is half a minute behind; what
# is late is late on any.
BEHIND_S, LATE_S = 4.0, 900.0
PATIENCE_S = 240.0
KINDS_OF_ROWS = ("qa", "rejected", "dead_letters", "summaries")


@dataclass
class Row:
    """A row of the output, with the window that its file is named by, as seconds since the epoch."""

    kind: str
    content: dict[str, Any]
    start: float
    end: float


@dataclass
class Run:
    """What was sent to a run, and what came of it."""

    service: str
    sent: list[Sent]
    rows: list[Row]
    published: list[Any]
    began: float
    ended: float
    code: int
    errors: str
    by_where: dict[str, list[Row]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_where = defaultdict(list)
        for row in self.rows:
            if "where" in row.content:
                self.by_where[row.content["where"]].append(row)

    def of(self, *kinds: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.message.kind in kinds]

    def written(self, *kinds: str) -> list[Row]:
        return [row for row in self.rows if row.kind in kinds]


def read_rows(output: Path) -> list[Row]:
    """Every row under its final name."""
    rows = []
    for kind in KINDS_OF_ROWS:
        for path in sorted((output / kind).glob(f"{kind}-*.jsonl")):
            start, end = (
                datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
                for text in re.findall(r"\d{8}T\d{6}Z", path.name)
            )
            rows += [Row(kind, json.loads(line), start, end) for line in path.read_text("utf-8").splitlines()]
    return rows


def documents_counted(output: Path) -> int:
    """How many documents the windows that are closed have counted."""
    return sum(row.content["documents"]["read"] for row in read_rows(output) if row.kind == "summaries")


def wait_until(condition: Any, process: subprocess.Popen[str], patience_s: float, what: str) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        if process.poll() is not None:
            pytest.fail(f"the run ended with {process.returncode}: {process.stderr.read() if process.stderr else ''}")
        if time.monotonic() > deadline:
            pytest.fail(f"after {patience_s} s {what}")
        time.sleep(0.5)


@pytest.fixture(scope="module", params=["fake", "emulator"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One run for all tests: started, given a document to begin with, then the traffic, and stopped when all is counted."""
    if request.param == "emulator" and not {"PUBSUB_EMULATOR_JAR", "PUBSUB_LONG"} & set(os.environ):
        pytest.skip("takes two minutes: PUBSUB_LONG=1 runs it where Google's emulator is installed")
    output = tmp_path_factory.mktemp("stream") / "out"
    # The local runner looks at the time when a pull is answered, so a short one closes windows soon.
    settings = {"repeats": lambda message: REDELIVER in message.attributes, "patience_s": 1.0}
    with (
        service_hosts(request.param, **settings) as host,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("PUBSUB_EMULATOR_HOST", host)
        with Channel("projects/test-project", "documents") as documents, Channel("projects/test-project", "pairs") as pairs:
            command = [
                *(sys.executable, "-W", "ignore", "-m", "beam_pipeline", "--streaming", "--demo"),
                *("--input_subscription", documents.subscription, "--output_topic", pairs.topic),
                *("--event_time", f"attribute:{EVENT_TIME}", "--window_s", str(WINDOW_S)),
                *("--allowed_lateness_s", str(LATENESS_S), "--output", str(output)),
            ]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                opening, *messages = plan(COUNT, OVER_S, BEHIND_S, LATE_S)
                began = time.time()
                sent = list(publish([opening], documents))
                wait_until(lambda: any((output / "journal").glob("*")), process, 90, "no call was answered")
                sent += publish(messages, documents)
                wait_until(
                    lambda: documents_counted(output) >= len(sent),
                    process,
                    PATIENCE_S,
                    f"not all of {len(sent)} messages are counted",
                )
                published = pairs.drain()
                process.send_signal(signal.SIGTERM)
                _, errors = process.communicate(timeout=60)
            finally:
                process.kill()
                process.communicate()
    yield Run(request.param, sent, read_rows(output), published, began, time.time(), process.returncode, errors)


def test_every_message_is_counted_once(run: Run) -> None:
    totals: Counter[str] = Counter()
    for row in run.written("summaries"):
        assert row.content["balanced"], row.content
        totals.update(row.content["documents"])
    assert totals["read"] == len(run.sent)
    assert totals["accepted"] + totals["rejected"] + totals["dead_lettered"] == len(run.sent)
    assert totals["accepted"] > COUNT / 2
    assert totals["dead_lettered"] == len(run.of(BAD)) + len(run.of(TAKEN_ID))


def test_every_document_ends_in_one_place_for_each_task(run: Run) -> None:
    endings: dict[str, list[str]] = defaultdict(list)
    for row in run.written("qa", "rejected", "dead_letters"):
        if row.content.get("stage") != "read":
            endings[row.content["document_id"]].append(row.content["persona"])
    assert set(endings) == {sent.message.document_id for sent in run.of(GOOD)}
    for document_id, personas in endings.items():
        assert len(personas) == len(set(personas)), f"{document_id} ended twice: {personas}"
        assert personas == [""] or "" not in personas, f"{document_id} ended before and after its tasks began"
    pairs = [row.content["id"] for row in run.written("qa")]
    assert len(pairs) == len(set(pairs)) > COUNT / 2


def test_everything_is_in_the_files_of_its_window(run: Run) -> None:
    event_times = {sent.message.document_id: sent.event_time for sent in run.of(GOOD)}
    seen = 0
    for row in run.written("qa", "rejected", "dead_letters"):
        assert row.end - row.start == WINDOW_S
        assert row.start % WINDOW_S == 0
        if row.content.get("stage") != "read":
            seen += 1
            assert row.start <= event_times[row.content["document_id"]] < row.end, row.content
    assert seen >= COUNT * 0.9
    assert len({row.start for row in run.written("qa")}) >= OVER_S / WINDOW_S


def test_each_window_is_summed_up_once_and_right(run: Run) -> None:
    summaries = run.written("summaries")
    windows = [row.start for row in summaries]
    assert len(windows) == len(set(windows))
    written: dict[float, Counter[str]] = defaultdict(Counter)
    for row in run.written("qa", "rejected", "dead_letters"):
        written[row.start][row.kind] += 1
    assert set(windows) == set(written)
    for row in summaries:
        said = row.content
        assert said["pairs"] == written[row.start]["qa"]
        assert sum(said["reasons"].values()) == written[row.start]["rejected"]
        assert sum(said["errors"].values()) == written[row.start]["dead_letters"]


def test_published_twice_comes_out_once(run: Run) -> None:
    """The first to arrive goes through and the other is rejected; which of the two that is, is Pub/Sub's affair."""
    originals = {sent.message.document_id: sent for sent in run.of(GOOD, LATE)}
    for copy in run.of(COPY):
        original = originals[copy.message.document_id]
        rejected = [
            row.content for sent in (original, copy) for row in run.by_where[sent.where] if row.content["stage"] == "read"
        ]
        assert [row["reason"] for row in rejected] == ["exact_duplicate"], rejected
        assert copy.where in (rejected[0]["where"], rejected[0]["detail"].rpartition(" ")[2])


def test_an_id_that_is_taken_is_a_dead_letter(run: Run) -> None:
    originals = {sent.message.document_id: sent for sent in run.of(GOOD)}
    for taken in run.of(TAKEN_ID):
        wheres = (taken.where, originals[taken.message.document_id].where)
        dead = [row.content for where in wheres for row in run.by_where[where] if row.kind == "dead_letters"]
        assert [row["error"] for row in dead] == ["DuplicateId"], dead


def test_late_ones_are_rejected_as_such_and_cost_nothing(run: Run) -> None:
    assert run.of(LATE)
    for sent in run.of(LATE):
        [row] = run.by_where[sent.where]
        assert (row.content["stage"], row.content["reason"]) == ("read", "late")
        assert row.start >= run.began - WINDOW_S, "accounted in the window of its arrival: its own is closed"
    late = {sent.message.document_id for sent in run.of(LATE)}
    assert not late & {row.content["document_id"] for row in run.written("qa")}
    reasons = Counter(row.content["reason"] for row in run.written("rejected"))
    assert reasons["late"] == len(late), "what was only out of order was in time"


def test_bad_ones_are_dead_letters_with_message_id_and_publish_time(run: Run) -> None:
    assert len({sent.message.error for sent in run.of(BAD)}) >= 5
    for sent in run.of(BAD):
        [row] = run.by_where[sent.where]
        letter, item = row.content, row.content["item"]
        assert (row.kind, letter["stage"], letter["error"]) == ("dead_letters", "read", sent.message.error)
        assert item["message_id"] == sent.message_id
        assert run.began - 5 < datetime.fromisoformat(item["publish_time"]).timestamp() < run.ended + 5
        assert set(item["attributes"]) == {EVENT_TIME, "number"}


def test_accepted_pairs_are_published_as_they_are_written(run: Run) -> None:
    written = {row.content["id"]: row.content for row in run.written("qa")}
    published = [json.loads(message.data) for message in run.published]
    assert len(published) == len(written)
    assert {row["id"]: row for row in published} == written
    for message, row in zip(run.published, published, strict=True):
        assert message.attributes["id"] == row["id"]


def test_attributes_are_carried_into_the_pairs(run: Run) -> None:
    for row in run.written("qa"):
        assert {EVENT_TIME, "number"} <= set(row.content["attributes"])


def test_redelivered_messages_leave_no_trace(run: Run) -> None:
    if run.service != "fake":
        pytest.skip("the emulator delivers nothing again that was acknowledged")
    again = [sent for sent in run.of(GOOD) if REDELIVER in sent.message.attributes]
    assert len(again) >= COUNT // 25
    for sent in again:
        assert not [row for row in run.by_where[sent.where] if row.content["stage"] == "read"]


def test_a_stop_is_asked_for_and_granted(run: Run) -> None:
    assert run.code == 130, run.errors
    assert "Traceback" not in run.errors


def test_the_traffic_holds_what_these_tests_are_about() -> None:
    messages: list[Message] = plan(COUNT, OVER_S, BEHIND_S, LATE_S)
    assert {message.kind for message in messages} == set(KINDS)
    assert sum(message.kind in (GOOD, LATE) for message in messages) == COUNT
    assert messages[-1].at_s < OVER_S + 2
