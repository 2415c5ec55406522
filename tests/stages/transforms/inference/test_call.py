"""CallModel: where Beam meets an endpoint. Late answers, full backlogs, faults, bills and stops."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from apache_beam.transforms.window import FixedWindows, IntervalWindow, TimestampedValue

from prompts.load import load_prompts
from tests.fakes.scripted_endpoint import Answer as Reply
from tests.fakes.scripted_endpoint import Asked
from transforms import records
from transforms.classify import ClassifyDocuments
from transforms.filter import FilterDocuments, FilterReply
from transforms.flow.coders import RecordCoder
from transforms.inference import call as call_module
from transforms.inference.call import CallModel
from transforms.inference.config import ModelConfig
from transforms.inference.runtime import close_runtime, get_runtime
from transforms.inference.scheduling import router as router_module
from transforms.records import Document, Item, Persona, PersonaTask, QAPair, Stamp
from transforms.synthesize import SynthesizeQA
from transforms.verify import VerifyQA

pytestmark = pytest.mark.usefixtures("quick_back_off")

PROMPTS = load_prompts()
GOOD = {"qualified": True, "reason": "ok"}
BAD = {"qualified": False, "reason": "not_informative"}
Make = Callable[..., Any]


def documents(count: int) -> list[Document]:
    return [Document(f"d{number}", f"Text {number}.", where=f"f:{number}") for number in range(count)]


def number_in(asked: Asked) -> int:
    return int(asked.text.partition("Text ")[2].partition(".")[0])


def after(delay_s: float, reply: Any = GOOD) -> Reply:
    return Reply(json.dumps(reply), delay_s=delay_s)


def ids(records: list[Any]) -> list[str]:
    return sorted(getattr(record, "document_id", "") or record.id for record in records)


# --- answers come late


def test_a_late_answer_keeps_the_timestamp_and_window_of_its_element(serve: Make, model: Make, run_transform: Any) -> None:
    """The first of every four asked is answered last, in the bundle's middle and at its end."""

    def script(asked: Asked) -> Reply:
        number = number_in(asked)
        return [after(0.25), after(0.0, BAD), Reply("no json"), after(0.0)][number % 4]

    endpoint = serve(script)
    stage = FilterDocuments(model(endpoint, backlog=4, max_reasks=0), PROMPTS)
    given = [TimestampedValue(document, 7 * number) for number, document in enumerate(documents(16))]
    outcome = run_transform(stage, given, windows=FixedWindows(10))
    assert [len(part) for part in outcome] == [8, 4, 4]
    for part in run_transform.seen:
        for seen in part:
            timestamp = 7 * int(ids([seen.element])[0][1:])
            assert seen.timestamp == timestamp
            assert seen.window == IntervalWindow(timestamp // 10 * 10, timestamp // 10 * 10 + 10)
    order = [seen.timestamp for seen in run_transform.seen.passed]
    assert order != sorted(order), "nothing was late, so nothing was shown"


@pytest.mark.parametrize(("backlog", "most"), [(1, 1), (3, 3), (100, 12)])
def test_no_more_than_the_backlog_is_asked_at_once(serve: Make, model: Make, run_transform: Any, backlog: int, most: int) -> None:
    endpoint = serve(lambda _: after(0.05 * min(backlog, 8)))
    outcome = run_transform(FilterDocuments(model(endpoint, backlog=backlog, concurrency=64), PROMPTS), documents(12))
    assert len(outcome.passed) == 12
    assert endpoint.most_in_flight == most


def test_the_ceiling_of_the_endpoint_holds_whatever_the_backlog(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda _: after(0.05))
    outcome = run_transform(FilterDocuments(model(endpoint, concurrency=2), PROMPTS), documents(8))
    assert len(outcome.passed) == 8
    assert endpoint.most_in_flight == 2


# --- failures


@pytest.mark.parametrize(
    ("answer", "error", "message", "attempts", "reply"),
    [
        (Reply("no json"), "ReplyInvalid", "no JSON object in the reply", 2, "no json"),
        (Reply(None), "ReplyInvalid", "the reply has no content", 2, ""),
        (Reply('{"q": "\\ud800'), "ReplyInvalid", "no JSON object in the reply", 2, '{"q": "\\ud800'),
        (Reply('{"qual', finish_reason="length"), "ReplyTruncated", "cut at the token limit; raise --max_tokens", 2, '{"qual'),
        (Reply("I can't", finish_reason="content_filter"), "RequestRefused", "the endpoint's content filter", 1, "I can't"),
        (Reply(status=400), "RequestRefused", "HTTP 400: scripted 400", 2, ""),  # gateways refuse by chance
        (
            Reply(status=400, raw={"error": {"message": "too long", "code": "context_length_exceeded"}}),
            "ContextOverflow",
            "HTTP 400: too long",
            1,
            "",
        ),
        (Reply(status=502), "Refused", "HTTP 502: scripted 502", 3, ""),
        (Reply(status=500), "Refused", "HTTP 500: scripted 500", 3, ""),
        (Reply(raw="<html>gateway</html>"), "TransientError", "answered 200 with a page: gateway", 3, ""),
        (Reply(raw={"choices": []}), "TransientError", "body that is not a chat completion", 3, ""),
        (after(10.0), "TimedOut", "no reply", 3, ""),
    ],
    ids=["prose", "empty", "surrogate", "cut", "filtered", "400", "overflow", "502", "500", "gateway", "no completion", "hung"],
)
def test_what_cannot_be_answered_is_a_dead_letter_and_the_rest_goes_on(
    serve: Make, model: Make, run_transform: Any, answer: Reply, error: str, message: str, attempts: int, reply: str
) -> None:
    endpoint = serve(lambda asked: answer if number_in(asked) == 7 else GOOD)
    settings = model(endpoint, max_reasks=1, max_attempts=3, request_timeout_s=0.7 if answer.delay_s else 30.0)
    before = time.time()
    outcome = run_transform(FilterDocuments(settings, PROMPTS), documents(20))
    assert ids(outcome.passed) == ids([document for document in documents(20) if document.id != "d7"])
    assert outcome.rejected == []
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.attempts, letter.reply) == ("filter", error, attempts, reply)
    assert message in letter.message
    assert (letter.document_id, letter.where) == ("d7", "f:7")
    assert letter.prompt_version == PROMPTS.prompt("filter").version
    assert before <= letter.occurred_at <= time.time()
    assert run_transform.counters("filter")[f"dead_letter/{error}"] == 1


@pytest.mark.parametrize(
    "error",
    [
        {"message": "This model's maximum context length is 8192 tokens. However, you requested 9000", "param": "input_tokens"},
        {"message": "the request exceeds the available context size, try increasing it", "type": "exceed_context_size_error"},
        {"message": "Requested tokens (9000) exceed context window of 8192"},
        {"message": "The input (9000 tokens) is longer than the model's context length (8192 tokens)."},
        {"message": "litellm.ContextWindowExceededError: prompt is too long"},
    ],
    ids=["vllm", "llama-server", "llama-cpp-python", "sglang", "litellm"],
)
def test_a_document_too_long_for_the_model_is_a_dead_letter_that_says_so_with_its_size(
    serve: Make, model: Make, run_transform: Any, error: dict[str, Any]
) -> None:
    text = "Text 7. " + "word " * 1200
    endpoint = serve(lambda asked: Reply(status=400, raw={"error": {"code": 400, **error}}) if "Text 7." in asked.text else GOOD)
    outcome = run_transform(FilterDocuments(model(endpoint), PROMPTS), [Document("long", text), *documents(3)])
    assert ids(outcome.passed) == ["d0", "d1", "d2"]
    [letter] = outcome.dead_letters
    assert (letter.error, letter.attempts) == ("ContextOverflow", 1)
    said = f"the model's context is too short for this document (about 1,203 tokens, {len(text):,} characters); "
    assert letter.message == f"{said}--max_document_tokens splits longer ones. HTTP 400: {letter.message.rpartition('400: ')[2]}"
    assert error["message"] in letter.message


def test_an_endpoint_that_is_not_there_costs_dead_letters_and_not_the_run(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda _: GOOD)
    endpoint.close()
    outcome = run_transform(FilterDocuments(model(endpoint, outage_timeout_s=0.2), PROMPTS), documents(3))
    assert (outcome.passed, outcome.rejected) == ([], [])
    assert ids(outcome.dead_letters) == ["d0", "d1", "d2"]
    assert {letter.error for letter in outcome.dead_letters} <= {"ConnectionLost", "Outage"}


def test_transient_faults_change_nothing(serve: Make, model: Make, run_transform: Any) -> None:
    """Every third question meets a fault of its own the first time it is asked."""
    faults = [Reply(status=429), Reply(status=500), Reply(status=503), Reply("no json"), Reply('{"q', finish_reason="length")]

    def script(asked: Asked) -> Any:
        number = number_in(asked)
        fresh = asked.repeat == 0 and asked.body["temperature"] == 0
        return faults[number // 3 % 5] if fresh and number % 3 == 0 else (GOOD if number % 2 else BAD)

    endpoint = serve(script)
    outcome = run_transform(FilterDocuments(model(endpoint), PROMPTS), documents(30))
    assert ids(outcome.passed) == ids([document for number, document in enumerate(documents(30)) if number % 2])
    assert ids(outcome.rejected) == ids([document for number, document in enumerate(documents(30)) if not number % 2])
    assert outcome.dead_letters == []
    assert len(endpoint.asked) == 40


TASK = PersonaTask(
    Document("d", 'Z\u00fcrich "quoted" \\ \0 <|im_end|>', "s", "f:1", stamps=(Stamp("filter", "m", 1, "abc"),)),
    "Other",
    Persona("sailor", "tides"),
    (Stamp("classify", "m", 1, "def"),),
)
NO_EXEMPLARS: list[Any] = [("Other", [])]
# Every stage that asks a model, and what it is given.
STAGES: dict[str, tuple[Callable[..., Any], Item]] = {
    "filter": (FilterDocuments, TASK.document),
    "classify": (ClassifyDocuments, TASK.document),
    "synthesize": (SynthesizeQA, TASK),
    "verify": (VerifyQA, QAPair(TASK, "Which?", "Z\u00fcrich", "place", ("Zurich",))),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_dead_letter_holds_what_is_needed_to_run_the_stage_again(
    serve: Make, model: Make, run_transform: Any, stage: str
) -> None:
    make, item = STAGES[stage]
    settings = model(serve(lambda _: "no json"), max_reasks=0)
    sides: list[Any] = [NO_EXEMPLARS] if stage == "synthesize" else []
    outcome = run_transform(lambda *bank: make(settings, PROMPTS, *bank), [item], *sides)
    [letter] = outcome.dead_letters
    assert letter.stage == stage
    assert RecordCoder(getattr(records, letter.item_type)).decode(letter.item.encode()) == item


# --- stops


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_call_can_survive_stops_the_run_and_says_why(serve: Make, model: Make, run_transform: Any, status: int) -> None:
    endpoint = serve(lambda _: Reply(status=status, raw={"error": {"message": "the model `m` does not exist"}}))
    with pytest.raises(Exception, match="the model `m` does not exist"):
        run_transform(FilterDocuments(model(endpoint), PROMPTS), documents(3))
    assert f"HTTP {status}: the model `m` does not exist" in str(get_runtime().fatal)


def test_a_stopped_runtime_ends_the_run_at_once(serve: Make, model: Make, run_transform: Any) -> None:
    def stop_at_the_third(_: Asked) -> Reply:
        if len(endpoint.asked) == 3:
            get_runtime().stop()
        return after(3600)  # nobody waits for it, or this test never ends

    endpoint = serve(stop_at_the_third)
    with pytest.raises(Exception, match="the run was stopped"):
        run_transform(FilterDocuments(model(endpoint, request_timeout_s=7200), PROMPTS), documents(3))
    assert len(endpoint.asked) == 3
    with pytest.raises(Exception, match="the run was stopped"):
        run_transform(FilterDocuments(model(endpoint), PROMPTS), documents(6))
    assert len(endpoint.asked) == 3, "a stopped runtime asks nothing more"


def broken_apply(document: Document, reply: FilterReply, stamp: Stamp) -> Iterator[Document]:
    raise ZeroDivisionError("a bug in a stage")


def test_a_bug_is_no_dead_letter(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda _: GOOD)
    stage = CallModel("filter", lambda _: {}, FilterReply, broken_apply, Document, model(endpoint), PROMPTS)
    with pytest.raises(Exception, match="a bug in a stage"):
        run_transform(stage, documents(1))


# --- bills


def test_the_bill_is_what_the_endpoint_served(serve: Make, model: Make, run_transform: Any) -> None:
    def script(asked: Asked) -> Any:
        number, fresh = number_in(asked), asked.repeat == 0 and asked.body["temperature"] == 0
        if fresh and number == 1:
            return Reply(status=429)
        if (fresh and number == 2) or number == 3:
            return "no json"
        return BAD if number == 4 else GOOD

    endpoint = serve(script)
    run_transform(FilterDocuments(model(endpoint, max_reasks=2), PROMPTS), documents(6))
    counters = run_transform.counters("filter")
    served = len(endpoint.asked) - 1  # all but the 429
    assert len(endpoint.asked) == 10
    assert {name: number for name, number in counters.items() if name not in ("latency_ms", "queued_ms")} == {
        "calls": 6,
        "attempts": 10,
        "prompt_tokens": 100 * served,
        "cached_tokens": 40 * served,
        "completion_tokens": 10 * served,
        "fault/http_429": 1,
        "fault/ReplyInvalid/no_json": 4,
        "passed": 4,
        "rejected/not_informative": 1,
        "dead_letter/ReplyInvalid": 1,
    }


def test_a_reply_is_paid_for_once(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda _: GOOD)
    stage = FilterDocuments(model(endpoint), PROMPTS)
    first = run_transform(stage, documents(3))
    assert ids(run_transform(stage, documents(3)).passed) == ids(first.passed)
    assert len(endpoint.asked) == 3
    counters = run_transform.counters("filter")
    assert (counters["replayed"], counters["passed"]) == (3, 3)
    assert not {"calls", "prompt_tokens", "completion_tokens"} & set(counters)
    close_runtime()
    run_transform(stage, documents(3))
    assert len(endpoint.asked) == 6, "another process remembers nothing by itself"


# --- what is said and heard


def test_all_stages_and_documents_share_their_system_message(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda _: "no json")
    for make, item in STAGES.values():
        for number in range(2):
            element = item_with(item, f"Text {number}.")
            sides: list[Any] = [NO_EXEMPLARS] if make is SynthesizeQA else []
            settings = model(endpoint, max_reasks=0)
            run_transform(lambda *bank, make=make, settings=settings: make(settings, PROMPTS, *bank), [element], *sides)
    assert [asked.stage for asked in endpoint.asked] == [stage for stage in STAGES for _ in range(2)]
    assert {asked.body["messages"][0]["content"] for asked in endpoint.asked} == {PROMPTS.system}
    # so that a server's prefix cache serves the system message to all and a document to its own calls
    assert {asked.text.partition("Task: ")[0] for asked in endpoint.asked} == {
        f"<document>\nText {number}.\n</document>\n\n" for number in range(2)
    }


def item_with(item: Any, text: str) -> Any:
    """The item as it would have come of another document's text."""
    if isinstance(item, Document):
        return replace(item, text=text)
    field = "document" if isinstance(item, PersonaTask) else "task"
    return replace(item, **{field: item_with(getattr(item, field), text)})


def test_what_a_model_copies_is_written_as_the_document_has_it(
    serve: Make, model: Callable[..., ModelConfig], run_transform: Any
) -> None:
    """A page on HTML is neutralised on its way out; its questions must not carry the invisible traces."""
    task = replace(TASK, document=replace(TASK.document, text="The <s> element strikes text out."))

    def copying(asked: Asked) -> Any:
        element = asked.text.partition("The ")[2].partition(" element")[0]
        assert element == "<\u200bs>"
        return {"question": f"What does {element} do?", "answer": element, "answer_type": "code", "aliases": [f"{element} tag"]}

    settings = model(serve(copying))
    outcome = run_transform(lambda bank: SynthesizeQA(settings, PROMPTS, bank), [task], NO_EXEMPLARS)
    [pair] = outcome.passed
    assert (pair.question, pair.answer, pair.aliases) == ("What does <s> do?", "<s>", ("<s> tag",))


@pytest.mark.parametrize("outage", [False, True], ids=["asked to wait", "nobody there"])
def test_time_lost_to_the_endpoint_is_reported(
    serve: Make, model: Make, run_transform: Any, monkeypatch: pytest.MonkeyPatch, outage: bool
) -> None:
    """By the counter that keeps Dataflow from adding workers to an endpoint that has had enough."""
    monkeypatch.setattr(call_module, "REPORT_S", 0.1)
    if outage:
        monkeypatch.setattr(router_module, "PROBE_INTERVAL_S", 2.0)
    failing = Reply(status=502) if outage else Reply(status=429, headers={"retry-after": "2"})
    endpoint = serve(lambda _: failing if len(endpoint.asked) <= 4 else GOOD)
    outcome = run_transform(FilterDocuments(model(endpoint), PROMPTS), documents(4))
    assert len(outcome.passed) == 4
    assert 1 <= run_transform.counters("filter")["cumulativeThrottlingSeconds"] <= 8
