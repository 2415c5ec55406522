"""CallModel: the only place where Beam meets an endpoint.

A stage is a prompt, a reply type and two plain functions; `CallModel` does the rest. Its DoFn never
waits for one call: `process` hands the request to the process-wide runtime and yields whatever has
been answered meanwhile; it waits only when its own backlog is full, and `finish_bundle` waits for
what is left. The number of requests on the wire is the runtime's affair, shared by all stages and
threads of a process.

Fused stages in a row keep the endpoint as busy as a bare asyncio client does; a Reshuffle between
them makes them run one after another, each with a tail of stragglers. While one of them waits it
wakes those behind it (`flow/heartbeat.py`), so that no stage's answers lie about.
"""

import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import apache_beam as beam
import orjson
from apache_beam.io.components.adaptive_throttler import ThrottlingSignaler
from apache_beam.metrics import Metrics
from apache_beam.typehints.decorators import no_annotations
from apache_beam.utils.windowed_value import WindowedValue
from pydantic import BaseModel

from prompts.load import PromptSet
from transforms.errors import FatalError, NotStarted, stops_the_run
from transforms.flow.heartbeat import WAKE, wakeful
from transforms.flow.outcome import Outcome, as_of, as_waking_outcome, counter, split_outputs, tag_and_count
from transforms.inference.client.chat import Request
from transforms.inference.client.error_classes import ContextOverflow
from transforms.inference.client.reply_schema import reply_schema
from transforms.inference.config import ModelConfig
from transforms.inference.runtime import Bundle, Runtime, get_runtime
from transforms.inference.scheduling.retries import Answer, Call
from transforms.inference.serving.worker_server import keep_serving
from transforms.records import TOKENS, DeadLetter, Item, Stamp, document_of, origin_of
from transforms.stages import MODEL_STAGES
from transforms.text import estimate_tokens, neutralise

# Every answer by itself would have the two threads take turns for it, a fifth of the time that a call costs. Where
# so many calls wait that no slot can run out of work meanwhile, answers are gathered for a moment.
GATHER_S, MANY_WAITING = 0.05, 32
# How long an answer is waited for at most before time lost to throttling is reported.
REPORT_S = 1.0

# All stages and personas of a document ask about the same text. Few, because a text may have megabytes.
_neutralised = lru_cache(maxsize=256)(neutralise)


@dataclass
class CallModel(beam.PTransform):
    """Asks a model once for each element and turns the reply into records.

    Attributes:
        stage: name of the prompt, and the stage in every counter, rejection and dead letter.
        variables: element (and the side input's value, if any) -> the prompt's variables.
        reply_type: pydantic model of the reply.
        apply: (element, reply, stamp) -> records that pass, and rejections.
        passed_type: record type that passes.
        model: which model, where, how.
        prompts: the prompts of the run.
        choices: reply fields whose allowed values are known only in a run.
        side: a side input view handed to `variables`, or None.
    """

    stage: str
    variables: Callable[..., Mapping[str, str]]
    reply_type: type[BaseModel]
    apply: Callable[[Any, Any, Stamp], Iterator[Any]]
    passed_type: type
    model: ModelConfig
    prompts: PromptSet
    choices: Mapping[str, Sequence[str]] | None = None
    side: Any = None

    @no_annotations
    def expand(self, elements: beam.PCollection) -> Outcome:
        sides = () if self.side is None else (self.side,)
        outputs = wakeful(elements) | "Ask" >> split_outputs(beam.ParDo(self.asking(), *sides), self.passed_type)
        return as_waking_outcome(outputs)

    def asking(self) -> beam.DoFn:
        """The DoFn that asks."""
        return CallFn(self)


# The answers that have come for one bundle of one stage; those for a bundle that failed lie there unread.
_Mail = deque[tuple[int, Any]]


class _Thread(threading.local):
    """The one queue into which all answers come that a thread's stages wait for: fused stages share their thread."""

    def __init__(self) -> None:
        self.answers: queue.SimpleQueue[tuple[_Mail, int, Any]] = queue.SimpleQueue()


_THREAD = _Thread()


class BacklogFn(beam.DoFn):
    """Keeps a backlog of questions in flight across `process` calls of one bundle; what is asked is the subclass's affair.

    With `wakes` it wakes the stages behind it: its main output must then be read through `as_waking_outcome`. `backlog`
    is how many elements it holds at most.
    """

    wakes = False

    def __init__(self, stage: str, backlog: int, namespace: str = "") -> None:
        self._stage = stage
        self.backlog = backlog
        self._namespace = namespace or stage

    @property
    def unanswered(self) -> Collection[WindowedValue]:
        """The elements that the running bundle has no answer for yet."""
        return self._in_flight.values()

    def setup(self) -> None:
        self._runtime: Runtime = get_runtime()
        self._metrics = CallMetrics(self._namespace)

    def start_bundle(self) -> None:
        self._answers = _THREAD.answers
        self._mail: _Mail = deque()
        self._in_flight: dict[int, WindowedValue] = {}
        self._numbers = itertools.count()
        self._bundle: Bundle | None = self._runtime.bundles.enter(self._stage)

    def process(self, element: Any, windowed: Any = beam.DoFn.WindowedValueParam, *side: Any) -> Iterator[Any]:
        if element is WAKE:
            self._collect(wait=False)
            yield from self._ready()
            yield element
            return
        number = next(self._numbers)
        self._in_flight[number] = windowed
        mail, answers = self._mail, self._answers
        self._ask(element, side, lambda answer: answers.put((mail, number, answer)))
        yield from self._go_on(windowed, wait=False)
        while len(self._in_flight) >= self._runtime.bundles.share(self._stage, self.backlog):
            yield from self._go_on(windowed, wait=True)

    def finish_bundle(self) -> Iterator[Any]:
        while self._in_flight:
            yield from self._go_on(next(iter(self._in_flight.values())), wait=True)
        self._bundle = None
        self._runtime.flush()

    def _ask(self, element: Any, side: tuple[Any, ...], deliver: Callable[[Any], None]) -> None:
        """Hand a question to the runtime; `deliver` is called from another thread."""
        raise NotImplementedError

    def _results(self, element: Any, answer: Any) -> Iterator[Any]:
        """Records, rejections and dead letters, tagged and counted. Raises what must stop the run."""
        raise NotImplementedError

    def _go_on(self, windowed: WindowedValue, wait: bool) -> Iterator[Any]:
        """Yield what this stage's answers make, and a wake if there are answers for another stage."""
        others = self._collect(wait and not self._mail)
        yield from self._ready()
        if others and self.wakes:
            yield windowed.with_value(WAKE)

    def _collect(self, wait: bool) -> bool:
        """Sort the answers that have come to their stages, and say whether any is for another stage.

        With `wait` one must come, however long it takes.
        """
        others = False
        while wait or not self._answers.empty():
            mail, number, answer = self._wait_for_answer()
            mail.append((number, answer))
            others = others or mail is not self._mail
            if wait and self._runtime.waiting >= MANY_WAITING:
                time.sleep(GATHER_S)
            wait = False
        return others

    def _wait_for_answer(self) -> tuple[_Mail, int, Any]:
        """The next answer. Time lost to throttling is reported while it goes by: an outage may take long."""
        while True:
            began = time.monotonic()
            try:
                return self._answers.get(timeout=REPORT_S)
            except queue.Empty:
                continue
            finally:
                if self._runtime.throttled:
                    self._metrics.throttled(time.monotonic() - began)

    def _ready(self) -> Iterator[Any]:
        while self._mail:
            yield from self._finished(*self._mail.popleft())

    def _finished(self, number: int, answer: Any) -> Iterator[Any]:
        windowed = self._in_flight.pop(number)
        yield from as_of(windowed, self._results(windowed.value, answer))


class CallFn(BacklogFn):
    """One chat call for each element."""

    wakes = True

    def __init__(self, spec: CallModel) -> None:
        super().__init__(spec.stage, spec.model.backlog)
        self._variables = spec.variables
        self._reply_type = spec.reply_type
        self._apply = spec.apply
        self._model = spec.model
        self._prompts = spec.prompts
        self._choices = dict(spec.choices or {})

    def setup(self) -> None:
        super().setup()
        if self._model.serve is not None:
            keep_serving(self._model.serve)
        self._schema = reply_schema(self._reply_type, self._choices)
        prompt = self._prompts.prompt(self._stage)
        self._stamp = Stamp(self._stage, self._model.model, prompt.version, prompt.sha256)
        self._signature = self._prompts.signature(self._stage)
        self._rank = MODEL_STAGES.index(self._stage) if self._stage in MODEL_STAGES else len(MODEL_STAGES)

    def _ask(self, element: Item, side: tuple[Any, ...], deliver: Callable[[Answer], None]) -> None:
        request = self._request(element, side, document_of(element).id)
        self._runtime.submit(Call(request, self._reply_type, self._rank, deliver, self._choices))

    def _request(self, element: Item, side: tuple[Any, ...], origin: str) -> Request:
        """The question about an element; `origin` is what its call is routed by and kept under."""
        variables = {name: neutralise(value) for name, value in self._variables(element, *side).items()}
        return Request(
            stage=self._stage,
            document_id=origin,
            messages=self._prompts.messages(self._stage, _neutralised(document_of(element).text), variables),
            schema=self._schema,
            config=self._model,
            signature=self._signature,
        )

    def _results(self, element: Item, answer: Answer) -> Iterator[Any]:
        self._metrics.record(answer)
        yield from tag_and_count(self._stage, self._records(element, answer))

    def _records(self, element: Item, answer: Answer) -> Iterator[Any]:
        if answer.error is None:
            yield from self._apply(element, answer.reply, self._stamp)
        elif stops_the_run(answer.error):
            raise answer.error
        else:
            yield unanswered(element, answer.error, answer.usage.attempts, self._stamp)


def unanswered(element: Item, error: Exception, attempts: int, stamp: Stamp) -> DeadLetter:
    """The dead letter of a call about an element's document that has no answer."""
    message = explain(error, document_of(element).text, "document", "--max_document_tokens splits longer ones")
    return dead_letter(element, error, attempts, stamp, message)


def dead_letter(element: Item, error: Exception, attempts: int, stamp: Stamp, message: str) -> DeadLetter:
    """What failed and all that is needed to do it again."""
    assert not isinstance(error, FatalError)
    return DeadLetter(
        stage=stamp.stage,
        error=type(error).__name__,
        message=message,
        item=orjson.dumps(element).decode(),
        item_type=type(element).__name__,
        attempts=attempts,
        prompt_version=stamp.prompt_version,
        reply=getattr(error, "reply", ""),
        occurred_at=time.time(),
        **origin_of(element),
    )


def explain(error: Exception, text: str, what: str, remedy: str = "") -> str:
    """An error for a reader; where the model's context is too short, with the size of the text that was sent, if any."""
    if not isinstance(error, ContextOverflow) or not text:
        return str(error)
    size = f"about {estimate_tokens(text):,} tokens, {len(text):,} characters"
    return f"the model's context is too short for this {what} ({size}){f'; {remedy}' if remedy else ''}. {error}"


class CallMetrics:
    """Counts what calls cost, on the bundle's own thread: from any other it would be lost silently."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._latencies = {name: Metrics.distribution(stage, f"{name}_ms") for name in ("latency", "first_try", "queued")}
        # What keeps Dataflow from adding workers while the endpoint asks for patience.
        self._throttling = ThrottlingSignaler(stage)
        self._throttled_s = 0.0

    def record(self, answer: Answer) -> None:
        usage = answer.usage
        if isinstance(answer.error, NotStarted) and not usage.attempts:
            return  # nobody was asked
        self.add("replayed" if answer.replayed else "calls", 1)
        for name in ("attempts", *TOKENS):
            self.add(name, getattr(usage, name))
        for fault in answer.faults:
            self.add(f"fault/{fault}", 1)
        if not answer.replayed:
            for name, latencies in self._latencies.items():
                latencies.update(round(getattr(usage, f"{name}_s") * 1000))

    def throttled(self, seconds: float) -> None:
        """Report time; Beam counts whole seconds, so the rest is kept for the next time."""
        whole, self._throttled_s = divmod(self._throttled_s + seconds, 1)
        if whole:
            self._throttling.signal_throttled(int(whole))

    def add(self, name: str, by: int) -> None:
        if by:
            counter(self._stage, name).inc(by)
