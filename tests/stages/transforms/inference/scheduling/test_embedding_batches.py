"""Batches: many texts in a request, each vector back to whom it belongs, and each text paid for once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

from tests.fakes.scripted_endpoint import Answer as Reply
from tests.fakes.scripted_endpoint import Asked, ScriptedEndpoint, vectors
from transforms.errors import FatalError, ReplyInvalid, RequestRefused, TransientError
from transforms.inference.client.embeddings import embedding_key, pack_vector
from transforms.inference.client.error_classes import ContextOverflow, Refused
from transforms.inference.config import EmbeddingConfig, ModelConfig
from transforms.inference.journal.writer import read_entries
from transforms.inference.runtime import Runtime, Stopped
from transforms.inference.scheduling.embedding_batches import EmbeddingAnswer, EmbeddingCall

pytestmark = pytest.mark.usefixtures("quick_back_off")

Serve = Callable[..., ScriptedEndpoint]


def vector(text: str) -> list[float]:
    """A vector that tells which text it belongs to."""
    number = int(text.rpartition(" ")[2])
    return [np.cos(number / 50), np.sin(number / 50)]


def give(asked: Asked, **settings: Any) -> Reply:
    return Reply(raw=vectors(asked.texts, vector), **settings)


def texts(count: int, first: int = 0) -> list[str]:
    return [f"text {number}" for number in range(first, first + count)]


def config(*endpoints: ScriptedEndpoint, **settings: Any) -> EmbeddingConfig:
    own = {name: settings.pop(name) for name in ("batch_texts", "batch_tokens", "batch_wait_s", "dimensions") if name in settings}
    model = ModelConfig(tuple(endpoint.url for endpoint in endpoints), "m", **{"request_timeout_s": 50.0, **settings})
    return EmbeddingConfig(model, **{"batch_wait_s": 0.25, **own})


def embed(runtime: Runtime, how: EmbeddingConfig, *elements: list[str]) -> list[EmbeddingAnswer]:
    """Embed the texts of some elements at once; the answers in their order."""
    answers: SimpleQueue[tuple[int, EmbeddingAnswer]] = SimpleQueue()
    for number, each in enumerate(elements):

        def deliver(answer: EmbeddingAnswer, number: int = number) -> None:
            answers.put((number, answer))

        runtime.embed(EmbeddingCall("decontaminate", f"d{number}", tuple(each), how, 0, deliver))
    return [answer for _, answer in sorted((answers.get(timeout=100) for _ in elements), key=lambda pair: pair[0])]


def assert_right(answer: EmbeddingAnswer, wanted: list[str]) -> None:
    assert answer.error is None
    assert len(answer.vectors) == len(wanted)
    for found, text in zip(answer.vectors, wanted, strict=True):
        assert np.allclose(found, vector(text), atol=0.002)


def test_texts_of_many_elements_share_a_request_and_each_gets_its_own(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(give)
    elements = [texts(2, 2 * number) for number in range(10)]
    for answer, wanted in zip(embed(runtime, config(endpoint), *elements), elements, strict=True):
        assert_right(answer, wanted)
    assert [len(asked.texts) for asked in endpoint.asked] == [20]
    assert endpoint.asked[0].body["model"] == "m"


@pytest.mark.parametrize(("settings", "sizes"), [({"batch_texts": 4}, [4, 4, 2]), ({"batch_tokens": 8}, [4, 4, 2])])
def test_a_request_has_so_many_texts_and_tokens_at_most(
    runtime: Runtime, serve: Serve, settings: dict[str, int], sizes: list[int]
) -> None:
    endpoint = serve(give)
    answers = embed(runtime, config(endpoint, **settings), *[[text] for text in texts(10)])
    assert all(answer.error is None for answer in answers)
    assert sorted((len(asked.texts) for asked in endpoint.asked), reverse=True) == sizes


def test_a_text_longer_than_a_request_goes_alone(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(give)
    long = "long " * 30 + "7"
    [answer] = embed(runtime, config(endpoint, batch_tokens=8), ["text 1", long, "text 2"])
    assert_right(answer, ["text 1", long, "text 2"])
    assert [long] in [asked.texts for asked in endpoint.asked]


def test_a_text_does_not_wait_long_for_others(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(give)
    embed(runtime, config(endpoint, batch_wait_s=0.01), ["text 1"])
    assert [asked.texts for asked in endpoint.asked] == [["text 1"]]


def test_an_element_without_texts_is_answered(runtime: Runtime, serve: Serve) -> None:
    [answer] = embed(runtime, config(serve(give)), [])
    assert (answer.vectors, answer.error) == ((), None)


def test_the_prefix_goes_with_every_text_and_the_dimensions_with_every_request(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(give)
    how = replace(config(endpoint, dimensions=2), prefix="query: ")
    [answer] = embed(runtime, how, ["text 1"])
    assert_right(answer, ["text 1"])
    assert endpoint.asked[0].body == {"model": "m", "input": ["query: text 1"], "dimensions": 2}


# --- paid once


def test_the_same_text_is_on_its_way_once(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: give(asked, delay_s=0.1))
    answers = embed(runtime, config(endpoint), ["text 1", "text 1"], ["text 1"], ["text 2", "text 1"])
    for answer, wanted in zip(answers, (["text 1", "text 1"], ["text 1"], ["text 2", "text 1"]), strict=True):
        assert_right(answer, wanted)
    assert [asked.texts for asked in endpoint.asked] == [["text 1", "text 2"]]


def test_a_remembered_text_is_not_asked_for_again(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(give)
    embed(runtime, config(endpoint), texts(3))
    [answer] = embed(runtime, config(endpoint), texts(5))
    assert_right(answer, texts(5))
    assert answer.replayed == 3
    assert [asked.texts for asked in endpoint.asked] == [texts(3), texts(2, 3)]


def test_a_damaged_or_foreign_memory_is_not_taken_for_a_vector(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(give)
    how = config(endpoint, dimensions=2)
    for number, memory in enumerate(("no vector", "", pack_vector(np.ones(3, dtype=np.float16)))):
        runtime.recall(embedding_key(f"text {number}", how), memory)
    [answer] = embed(runtime, how, texts(3))
    assert_right(answer, texts(3))
    assert answer.replayed == 0


def test_every_text_is_in_the_journal_by_itself(runtime: Runtime, serve: Serve, tmp_path: Path) -> None:
    endpoint = serve(give)
    how = config(endpoint, journal=str(tmp_path))
    embed(runtime, how, texts(2), texts(1, 2))
    entries = [entry for path in tmp_path.glob("*.jsonl") for entry in read_entries(iter(path.read_bytes().splitlines()))]
    assert {(entry.document_id, entry.stage) for entry in entries} == {("d0", "decontaminate"), ("d1", "decontaminate")}
    assert {entry.key for entry in entries} == {embedding_key(text, how) for text in texts(3)}
    again = Runtime()
    for entry in entries:
        again.recall(entry.key, entry.text)
    [answer] = embed(again, how, texts(3))
    again.close()
    assert_right(answer, texts(3))
    assert len(endpoint.asked) == 1, "what the journal has was paid for again"


def test_what_was_paid_before_a_fault_is_kept(runtime: Runtime, serve: Serve, tmp_path: Path) -> None:
    endpoint = serve(lambda asked: Reply(status=400) if "text 3" in asked.texts else give(asked))
    [answer] = embed(runtime, config(endpoint, journal=str(tmp_path)), texts(8))
    assert isinstance(answer.error, RequestRefused)
    assert sum(len(path.read_bytes().splitlines()) for path in tmp_path.glob("*.jsonl")) == 7


# --- faults


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_fault_that_passes_changes_nothing(runtime: Runtime, serve: Serve, status: int) -> None:
    endpoint = serve(lambda asked: give(asked) if asked.repeat else Reply(status=status))
    [answer] = embed(runtime, config(endpoint), texts(5))
    assert_right(answer, texts(5))
    assert [request.faults for request in answer.requests] == [(f"http_{status}",)]


def test_a_hung_request_is_given_up_and_asked_again(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: give(asked, delay_s=0 if asked.repeat else 3600))
    [answer] = embed(runtime, config(endpoint, request_timeout_s=1.0), texts(2))
    assert_right(answer, texts(2))


GARBLED = {
    "too few": lambda asked: vectors(asked.texts[1:], vector),
    "too many": lambda asked: vectors([*asked.texts, "text 9"], vector),
    "all zeros": lambda asked: vectors(asked.texts, lambda _: [0.0, 0.0]),
    "not numbers": lambda asked: vectors(asked.texts, lambda _: ["a", "b"]),
    "another width": lambda asked: vectors(asked.texts, lambda _: [1.0, 0.0, 0.0]),
}


@pytest.mark.parametrize("garbled", GARBLED.values(), ids=list(GARBLED))
def test_an_invalid_reply_is_asked_for_again_and_is_no_crash(runtime: Runtime, serve: Serve, garbled: Any) -> None:
    sick = iter(range(3))
    endpoint = serve(lambda asked: Reply(raw=garbled(asked)) if next(sick, None) is not None else give(asked))
    [answer] = embed(runtime, config(endpoint, dimensions=2), texts(4))
    assert_right(answer, texts(4))
    for_ever = serve(lambda asked: Reply(raw=garbled(asked)))
    [answer] = embed(runtime, config(for_ever, dimensions=2, max_reasks=1), ["text 50"])
    assert type(answer.error) is ReplyInvalid
    assert len(for_ever.asked) == 2


def test_a_body_that_is_no_reply_is_tried_again(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: give(asked) if asked.repeat else Reply(raw="<html>gateway</html>"))
    [answer] = embed(runtime, config(endpoint), texts(2))
    assert_right(answer, texts(2))


def test_one_vector_that_is_not_a_number_costs_its_own_text_only(runtime: Runtime, serve: Serve) -> None:
    """The reply holds NaN as Python servers write it, which is no JSON."""
    endpoint = serve(
        lambda asked: Reply(raw=vectors(asked.texts, lambda text: [float("nan"), 1.0] if "3" in text else vector(text)))
    )
    answers = embed(runtime, config(endpoint, max_reasks=1), *[[text] for text in texts(6)])
    assert [type(answer.error) for answer in answers] == [type(None)] * 3 + [ReplyInvalid] + [type(None)] * 2
    assert [asked.texts for asked in endpoint.asked] == [texts(6), ["text 3"], ["text 3"]]


def test_a_batch_too_long_for_the_context_is_asked_for_in_parts(runtime: Runtime, serve: Serve) -> None:
    error = {"message": "This model's maximum context length is 512 tokens", "code": "context_length_exceeded"}
    endpoint = serve(lambda asked: Reply(status=400, raw={"error": error}) if len(asked.texts) > 2 else give(asked))
    [answer] = embed(runtime, config(endpoint), texts(8))
    assert_right(answer, texts(8))


def test_a_text_too_long_for_the_context_costs_itself_only(runtime: Runtime, serve: Serve) -> None:
    error = {"message": "This model's maximum context length is 512 tokens"}
    endpoint = serve(
        lambda asked: Reply(status=400, raw={"error": error}) if any(len(text) > 99 for text in asked.texts) else give(asked)
    )
    long = "long " * 30 + "7"
    answers = embed(runtime, config(endpoint), *[[text] for text in (*texts(6), long)])
    assert [answer.error is None for answer in answers] == [True] * 6 + [False]
    assert type(answers[-1].error) is ContextOverflow
    assert [long] in [asked.texts for asked in endpoint.asked]


def test_a_text_that_a_server_says_500_to_costs_itself_only(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: Reply(status=500) if "text 3" in asked.texts else give(asked))
    answers = embed(runtime, config(endpoint, max_attempts=2), *[[text] for text in texts(6)])
    assert [answer.error is None for answer in answers] == [True] * 3 + [False] + [True] * 2
    assert isinstance(answers[3].error, Refused)


@pytest.mark.parametrize(("most", "first_requests"), [(3, 3), (1, 8)])
def test_how_many_texts_a_server_takes_is_learnt_once(
    runtime: Runtime, serve: Serve, caplog: pytest.LogCaptureFixture, most: int, first_requests: int
) -> None:
    def script(asked: Asked) -> Reply:
        if len(asked.texts) > most:
            return Reply(status=422, raw={"error": f"batch size {len(asked.texts)} > maximum allowed batch size {most}"})
        return give(asked)

    endpoint = serve(script)
    how = config(endpoint)
    [answer] = embed(runtime, how, texts(8))
    assert_right(answer, texts(8))
    before = len(endpoint.asked)
    [answer] = embed(runtime, how, texts(8, 8))
    assert_right(answer, texts(8, 8))
    assert all(len(asked.texts) <= most for asked in endpoint.asked[before:])
    assert any("texts in a request from now on, because of HTTP 422: batch size" in message for message in caplog.messages)


def test_one_bad_text_does_not_make_requests_smaller(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: Reply(status=400) if "text 3" in asked.texts else give(asked))
    how = config(endpoint)
    embed(runtime, how, texts(8))
    embed(runtime, how, texts(8, 8))
    assert endpoint.asked[-1].texts == texts(8, 8)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_text_can_survive_stops_the_run(runtime: Runtime, serve: Serve, status: int) -> None:
    endpoint = serve(lambda _: Reply(status=status, raw={"detail": "no such model"}))
    [answer] = embed(runtime, config(endpoint), texts(4))
    assert isinstance(answer.error, FatalError)
    assert runtime.fatal is answer.error
    assert len(endpoint.asked) == 1


def test_an_endpoint_that_stays_away_is_given_up_in_time(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(give)
    endpoint.close()
    answers = embed(runtime, config(endpoint, outage_timeout_s=0.3), texts(2), texts(2, 2))
    assert all(isinstance(answer.error, TransientError) for answer in answers)


def test_a_dead_replica_s_texts_go_to_the_other(runtime: Runtime, serve: Serve) -> None:
    dead, alive = serve(give), serve(give)
    dead.close()
    how = config(dead, alive, batch_texts=1)
    for answer, text in zip(embed(runtime, how, *[[text] for text in texts(10)]), texts(10), strict=True):
        assert_right(answer, [text])


def test_stopping_answers_everything_in_flight(runtime: Runtime, serve: Serve, until: Callable[..., None]) -> None:
    endpoint = serve(lambda asked: give(asked, delay_s=3600))
    answers: SimpleQueue[EmbeddingAnswer] = SimpleQueue()
    for number in range(3):
        runtime.embed(EmbeddingCall("s", "d", (f"text {number}",), config(endpoint), 0, answers.put))
    until(lambda: sum(len(asked.texts) for asked in endpoint.asked) == 3)
    runtime.stop()
    assert all(isinstance(answers.get(timeout=50).error, Stopped) for _ in range(3))
    runtime.embed(EmbeddingCall("s", "d", ("text 9",), config(endpoint), 0, answers.put))
    assert isinstance(answers.get(timeout=50).error, Stopped)


def test_the_ceiling_holds_and_the_bill_is_what_was_served(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(lambda asked: give(asked, delay_s=0.02))
    answers = embed(runtime, config(endpoint, batch_texts=2, concurrency=3), *[[text] for text in texts(40)])
    assert endpoint.most_in_flight == 3
    requests = [request for answer in answers for request in answer.requests]
    assert len(requests) == len(endpoint.asked) == 20
    assert sum(request.usage.prompt_tokens for request in requests) == 7 * 20


def test_the_loop_s_live_figures_count_texts_and_requests(runtime: Runtime, serve: Serve) -> None:
    endpoint = serve(give)
    embed(runtime, config(endpoint), texts(4))
    embed(runtime, config(endpoint), texts(4))
    snapshot = runtime.snapshot()
    assert (snapshot.answered, snapshot.replayed, snapshot.tokens) == (1, 4, 7)
