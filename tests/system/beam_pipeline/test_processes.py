"""Several processes of one run: what one has paid for serves the others, and they share the endpoint's ceiling.

Each of them is a real process with a runtime of its own; the endpoint is the test's, and counts.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import BaseModel, ConfigDict

from prompts.load import load_domains, load_prompts
from tests.fakes.object_store import ObjectStore
from tests.fakes.scripted_endpoint import Answer as Reply
from tests.fakes.scripted_endpoint import Asked, ScriptedEndpoint, vectors
from tests.places import ROOT
from transforms.filter import FilterDocuments
from transforms.inference.client.chat import Completion, Request
from transforms.inference.client.reply_schema import reply_schema
from transforms.inference.config import EmbeddingConfig, ModelConfig
from transforms.inference.journal import index_files, lookup
from transforms.inference.journal import replies as replies_module
from transforms.inference.journal import writer as journal_module
from transforms.inference.runtime import Runtime, close_runtime, get_runtime
from transforms.inference.scheduling.embedding_batches import EmbeddingAnswer, EmbeddingCall
from transforms.inference.scheduling.retries import Answer, Call
from transforms.records import Document

pytestmark = pytest.mark.integration

Serve = Callable[..., ScriptedEndpoint]
Until = Callable[..., None]
SECONDS = 0.3  # between objects, and between indexes, of an object store in these tests
NEVER = 600.0


@pytest.fixture(params=["local", "objects"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"{'store:/' if request.param == 'objects' else ''}{tmp_path}/journal"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    _hurry(monkeypatch.setattr)


def _hurry(set_to: Callable[[Any, str, float], None]) -> None:
    set_to(journal_module, "FLUSH_S", SECONDS)
    set_to(index_files, "INDEX_S", SECONDS)
    set_to(lookup, "LOOK_S", SECONDS)


class Echo(BaseModel):
    """The first word of the question."""

    model_config = ConfigDict(extra="forbid")
    said: str


def script(asked: Asked) -> Reply:
    return Reply(json.dumps({"said": asked.text.split()[0]}), delay_s=0.05)


def call(number: int, url: str, folder: str, deliver: Callable[[Answer], None], **settings: Any) -> Call:
    config = ModelConfig((url,), "m", **{"request_timeout_s": 50.0, "journal": folder, "concurrency": 8, **settings})
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": f"text{number}\n\nTask: filter"}]
    return Call(Request("filter", f"d{number}", messages, reply_schema(Echo), config), Echo, 0, deliver)


def ask_all(runtime: Runtime, url: str, folder: str, numbers: range, **settings: Any) -> list[Answer]:
    answers: SimpleQueue[Answer] = SimpleQueue()
    for number in numbers:
        runtime.submit(call(number, url, folder, answers.put, **settings))
    found = [answers.get(timeout=100) for _ in numbers]
    for answer in found:
        assert answer.error is None
        assert answer.reply.said == answer.call.request.messages[1]["content"].split()[0], "somebody else's reply"
    return found


def process_main(url: str, folder: str, first: str, last: str, ends: str, settings: str) -> None:
    """What the other process does: ask, say so, and end, or wait to be ended."""
    _hurry(setattr)
    runtime = get_runtime()
    found = ask_all(runtime, url, folder, range(int(first), int(last)), **json.loads(settings))
    print(sum(answer.replayed for answer in found), flush=True)
    if ends == "ends":
        close_runtime()
    else:
        time.sleep(NEVER)


@contextmanager
def process(endpoint: ScriptedEndpoint, folder: str, numbers: range, ends: bool = True, **settings: Any) -> Iterator[Any]:
    """Another process of the run that asks about `numbers`; it prints how many replies it found."""
    arguments = [endpoint.url, folder, str(numbers.start), str(numbers.stop), "ends" if ends else "stays", json.dumps(settings)]
    command = [
        sys.executable,
        "-c",
        "import sys; from tests.system.beam_pipeline.test_processes import *; process_main(*sys.argv[1:])",
        *arguments,
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def texts_asked(endpoint: ScriptedEndpoint) -> Counter[str]:
    return Counter(asked.text for asked in list(endpoint.asked))


def test_a_new_process_pays_nothing_for_what_another_was_answered(serve: Serve, runtime: Runtime, folder: str) -> None:
    endpoint = serve(script)
    with process(endpoint, folder, range(50)) as other:
        assert other.wait(100) == 0
    found = ask_all(runtime, endpoint.url, folder, range(60))
    assert len(endpoint.asked) == 60
    assert sum(answer.replayed for answer in found) == 50
    assert runtime.snapshot().replayed == 50


def test_a_process_learns_while_it_runs(serve: Serve, runtime: Runtime, folder: str, until: Until) -> None:
    endpoint = serve(script)
    ask_all(runtime, endpoint.url, folder, range(1000, 1001))
    with process(endpoint, folder, range(50), ends=False) as other:
        assert other.stdout.readline() == "0\n"
        answers: list[Answer] = []

        def all_known() -> bool:
            time.sleep(SECONDS)
            answers[:] = ask_all(runtime, endpoint.url, folder, range(len(answers), len(answers) + 1))
            return answers[0].replayed

        until(all_known)
        asked = len(endpoint.asked)
        assert all(answer.replayed for answer in ask_all(runtime, endpoint.url, folder, range(10, 50)))
        assert len(endpoint.asked) == asked


def test_after_a_kill_only_what_was_in_flight_is_paid_again(
    serve: Serve, runtime: Runtime, folder: str, until: Until, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = serve(script)
    with process(endpoint, folder, range(800)) as other:
        until(lambda: len(endpoint.asked) > 500)
        os.kill(other.pid, signal.SIGKILL)
        other.wait(100)
    asked = len(endpoint.asked)
    ask_all(runtime, endpoint.url, folder, range(800))
    counted = texts_asked(endpoint)
    assert len(counted) == 800
    twice = sum(counted.values()) - 800
    # 8 calls at a time of 50 ms each; an object store has what was answered two spans and a write before.
    unflushed = 0 if "://" not in folder else (2 * SECONDS + 0.2) / 0.05 * 8
    with capsys.disabled():
        kind = "object store" if "://" in folder else "local files"
        print(f"\n{kind}: killed after {asked} calls, asked twice {twice}, at most {8 + unflushed:.0f}")
    assert twice <= 8 + unflushed


def test_a_killed_process_leaves_replies_to_one_that_runs_already(
    serve: Serve, runtime: Runtime, tmp_path: Path, until: Until
) -> None:
    endpoint, folder = serve(script), str(tmp_path)
    ask_all(runtime, endpoint.url, folder, range(1000, 1001))
    with process(endpoint, folder, range(400)) as other:
        until(lambda: len(endpoint.asked) > 100)
        os.kill(other.pid, signal.SIGKILL)
        other.wait(100)
    # Its bundles come a little later, as they do wherever a death must be noticed first.
    time.sleep(2 * SECONDS)
    ask_all(runtime, endpoint.url, folder, range(1001, 1002))
    time.sleep(SECONDS)
    ask_all(runtime, endpoint.url, folder, range(400))
    assert sum(texts_asked(endpoint).values()) - len(texts_asked(endpoint)) <= 8


def test_vectors_serve_other_processes_too(serve: Serve, folder: str) -> None:
    endpoint = serve(lambda asked: Reply(raw=vectors(asked.texts, lambda text: [1.0, float(len(text))])))
    config = EmbeddingConfig(ModelConfig((endpoint.url,), "m", request_timeout_s=5.0, journal=folder), batch_texts=4)
    found = []
    for _ in range(2):
        runtime, answers = Runtime(), SimpleQueue[EmbeddingAnswer]()
        for number in range(10):
            texts = (f"text {number}", f"another text {number}")
            runtime.embed(EmbeddingCall("s", f"embedding:d{number}", texts, config, 0, answers.put))
        found.append([answers.get(timeout=100) for _ in range(10)])
        runtime.close()
        asked = [text for each in endpoint.asked for text in each.texts]
        assert sorted(asked) == sorted(f"{kind} {number}" for kind in ("text", "another text") for number in range(10))
    assert sum(answer.replayed for answer in found[1]) == 20
    kinds = [{tuple(map(tuple, np.stack(answer.vectors).tolist())) for answer in each} for each in found]
    assert kinds[0] == kinds[1]


def test_a_reply_that_no_longer_fits_is_asked_for_again_and_then_found(serve: Serve, folder: str) -> None:
    endpoint = serve(lambda asked: Reply('{"an older": "reply"}' if not asked.repeat else '{"said": "text0"}'))
    key = call(0, endpoint.url, folder, print).request.key()
    journal = journal_module.open_journal(folder)
    journal.append(call(0, endpoint.url, folder, print).request, key, Completion('{"an older": "reply"}'))
    journal.close()
    for replayed in (False, True):
        runtime = Runtime()
        [answer] = ask_all(runtime, endpoint.url, folder, range(1))
        assert answer.replayed == replayed
        runtime.close()
        time.sleep(0.02)


# --- the ceiling, bundles, threads


def test_processes_share_the_ceiling_of_the_endpoint(serve: Serve, tmp_path: Path) -> None:
    endpoint = serve(script)
    settings = {"concurrency": 12, "processes": 3}
    folders = [str(tmp_path / name) for name in "abc"]
    with (
        process(endpoint, folders[0], range(80), **settings) as one,
        process(endpoint, folders[1], range(100, 180), **settings) as two,
        process(endpoint, folders[2], range(200, 280), **settings) as three,
    ):
        assert [child.wait(100) for child in (one, two, three)] == [0, 0, 0]
    assert len(endpoint.asked) == 240
    assert endpoint.most_in_flight <= 12


def test_a_call_is_on_its_way_once_whatever_thread_asks(serve: Serve, runtime: Runtime, tmp_path: Path) -> None:
    """Bundles that run twice at the same time, in threads of one process."""
    endpoint = serve(script)
    threads = [
        threading.Thread(target=ask_all, args=(runtime, endpoint.url, str(tmp_path), range(30)), daemon=True) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert len(endpoint.asked) == 30


def test_what_memory_has_no_room_for_is_found_in_the_journal(
    serve: Serve, runtime: Runtime, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process whose bundles run again asks for more than it remembers."""
    monkeypatch.setattr(replies_module, "REMEMBERED_REPLIES", 10)
    endpoint = serve(script)
    ask_all(runtime, endpoint.url, folder, range(100))
    runtime.flush()
    time.sleep(3 * SECONDS)
    ask_all(runtime, endpoint.url, folder, range(1000, 1001))  # has it look
    time.sleep(SECONDS)
    asked = len(endpoint.asked)
    assert all(answer.replayed for answer in ask_all(runtime, endpoint.url, folder, range(100)))
    assert len(endpoint.asked) == asked


PROMPTS = load_prompts(load_domains(), 3)
_FAILURES: Counter[str] = Counter()


class _FailTwiceFn(beam.DoFn):
    """A worker's misfortune behind the model stage: the bundle that holds the last document fails twice."""

    def process(self, document: Document) -> Iterator[Document]:
        yield document

    def finish_bundle(self) -> None:
        _FAILURES["bundles"] += 1
        if _FAILURES["bundles"] <= 2:
            raise RuntimeError("the bundle fails")


def test_a_bundle_that_fails_and_is_retried_pays_nothing(serve: Serve, model: Callable[..., ModelConfig], tmp_path: Path) -> None:
    """This runner does a bundle again, four times at most, as Dataflow does."""
    close_runtime()
    _FAILURES.clear()
    endpoint = serve(lambda _: {"qualified": True, "reason": "ok"})
    config = model(endpoint, journal=str(tmp_path))
    documents = [Document(f"d{number}", f"A text about bridge {number}.", "s", f"f:{number}") for number in range(12)]
    with beam.Pipeline("BundleBasedDirectRunner", PipelineOptions([])) as pipeline:
        given = pipeline | beam.Create(documents, reshuffle=False)
        kept = given | "Filter" >> FilterDocuments(config, PROMPTS)
        _ = kept.passed | "Fail" >> beam.ParDo(_FailTwiceFn())
    assert _FAILURES["bundles"] > 2, "nothing was retried"
    assert len(endpoint.asked) == 12
    close_runtime()


@pytest.mark.parametrize("threads", [1, 16])
def test_many_small_bundles_share_the_objects_they_wait_for(
    serve: Serve, runtime: Runtime, tmp_path: Path, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a bundle waits for a write; bundles that end meanwhile share the next one, and the index takes no part."""
    monkeypatch.setattr(index_files, "INDEX_S", NEVER)
    endpoint = serve(lambda asked: replace(script(asked), delay_s=0.0))
    folder, bundles = f"store:/{tmp_path}", 10
    write = journal_module._write_object

    def slowly(path: str, data: bytes) -> None:
        time.sleep(0.1)  # as long as what the others do meanwhile
        write(path, data)

    monkeypatch.setattr(journal_module, "_write_object", slowly)
    ObjectStore.asked.clear()

    def work(first: int) -> None:
        for number in range(first, first + bundles):
            ask_all(runtime, endpoint.url, folder, range(number, number + 1))
            runtime.flush()

    workers = [threading.Thread(target=work, args=(100 * thread,), daemon=True) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(100)
    assert len(list(tmp_path.glob("*.jsonl"))) <= 3 * bundles
    assert ObjectStore.asked["create"] <= 3 * bundles + 1
