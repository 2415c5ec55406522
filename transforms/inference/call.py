"""CallModel: the only place where Beam meets an endpoint.

A stage is a prompt, a reply type and two plain functions; `CallModel` does the rest. Its DoFn never
waits for one call: `process` hands the request to the process-wide runtime and yields whatever has
been answered meanwhile; it waits only when its own backlog is full, and `finish_bundle` waits for
what is left.

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
from functools import lru_cache, partial
from typing import Any, NamedTuple

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
from transforms.flow.outcome import WATCHERS, Outcome, as_of, as_waking_outcome, count, counter, split_outputs, tag_and_count
from transforms.inference.client.chat import Request
from transforms.inference.client.error_classes import ContextOverflow
from transforms.inference.client.reply_schema import reply_schema
from transforms.inference.config import ModelConfig
from transforms.inference.recall import document_id
from transforms.inference.runtime import Bundle, Runtime, get_runtime, peek_runtime
from transforms.inference.scheduling.min_yield import name_of
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
        choices: reply fields whose allowed values are known only in a run.
        side: a side input view handed to `variables`.
        needs: whether an element needs an answer; those that do not pass on at once. Without it all do.
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
    needs: Callable[[Any], bool] | None = None

    @no_annotations
    def expand(self, elements: beam.PCollection) -> Outcome:
        sides = () if self.side is None else (self.side,)
        outputs = wakeful(elements) | "Ask" >> split_outputs(beam.ParDo(self.asking(), *sides), self.passed_type)
        return as_waking_outcome(outputs)

    def asking(self) -> beam.DoFn:
        """The DoFn that asks."""
        return CallFn(self, partial(_apply_one, self.apply))


class Opinion(NamedTuple):
    """What one of the models replied, and which it was: its stamp, and its number among those asked, from 1."""

    reply: Any
    stamp: Stamp
    number: int = 1


def _apply_one(apply: Callable[[Any, Any, Stamp], Iterator[Any]], element: Any, opinions: list[Opinion]) -> Iterator[Any]:
    [opinion] = opinions
    return apply(element, opinion.reply, opinion.stamp)


# The answers that have come for one bundle of one stage; those for a bundle that failed lie there unread.
_Mail = deque[tuple[int, Any]]


# Holds the one queue into which all answers come that a thread's stages wait for: fused stages share their thread.
_THREAD = threading.local()


class BacklogFn(beam.DoFn):
    """Keeps a backlog of questions in flight across `process` calls of one bundle; what is asked is the subclass's affair.

    With `wakes` it wakes the stages behind it: its main output must then be read through `as_waking_outcome`.
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
        self._answers: queue.SimpleQueue[tuple[_Mail, int, Any]] = vars(_THREAD).setdefault("answers", queue.SimpleQueue())
        self._mail: _Mail = deque()
        self._in_flight: dict[int, WindowedValue] = {}
        self._numbers = itertools.count()
        self._bundle: Bundle | None = self._runtime.bundles.enter(self._stage)

    def process(self, element: Any, windowed: Any = beam.DoFn.WindowedValueParam, *side: Any) -> Iterator[Any]:
        if element is WAKE or not self._needs_answer(element):
            self._collect(wait=False)
            yield from self._ready()
            yield from (WAKE,) if element is WAKE else tag_and_count(self._stage, [element])
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

    def _needs_answer(self, element: Any) -> bool:
        """Whether there is anything to ask about an element."""
        return True

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
        """What the answers make; they come late: each keeps the timestamp and windows of the element that asked."""
        while self._mail:
            number, answer = self._mail.popleft()
            windowed = self._in_flight.pop(number)
            yield from as_of(windowed, self._results(windowed.value, answer))


class CallFn(BacklogFn):
    """One chat call of each of its models for each element; all of them count as one question, answered when the last is.

    `several` says whether many were wanted: then those that failed are counted, and each element comes to something.
    """

    wakes = True
    several = False

    def __init__(
        self,
        spec: CallModel,
        apply: Callable[[Any, list[Opinion]], Iterator[Any]],
        others: tuple[ModelConfig, ...] = (),
        route: Callable[[Any], str] = document_id,
    ) -> None:
        super().__init__(spec.stage, max(1, spec.model.backlog // (1 + len(others))))
        self._models = (spec.model, *others)
        self._variables = spec.variables
        self._reply_type = spec.reply_type
        self._apply = apply
        self._needs = spec.needs
        self._route = route
        self._prompts = spec.prompts
        self._choices = dict(spec.choices or {})

    def setup(self) -> None:
        super().setup()
        if (serve := self._models[0].serve) is not None:
            keep_serving(serve)
        self._schema = reply_schema(self._reply_type, self._choices)
        prompt = self._prompts.prompt(self._stage)
        self._stamps = [Stamp(self._stage, model.model, prompt.version, prompt.sha256) for model in self._models]
        self._signature = self._prompts.signature(self._stage)
        self._rank = MODEL_STAGES.index(self._stage) if self._stage in MODEL_STAGES else len(MODEL_STAGES)

    def _needs_answer(self, element: Item) -> bool:
        return self._needs is None or self._needs(element)

    def _ask(self, element: Item, side: tuple[Any, ...], deliver: Callable[[list[Answer]], None]) -> None:
        answers: dict[int, Answer] = {}

        def put(index: int, answer: Answer) -> None:
            """Hand all answers on when the last has come; called by the loop's thread alone."""
            answers[index] = answer
            if len(answers) == len(self._models):
                deliver([answers[index] for index in sorted(answers)])

        variables = {name: neutralise(value) for name, value in self._variables(element, *side).items()}
        document = _neutralised(document_of(element).text)
        messages = self._prompts.messages(self._stage, document, variables)
        origin = self._route(element)
        self._runtime.yields.asked(self._stage, name_of(element), self._models[0].min_yield)
        shared = 0 if self._prompts.prompt(self._stage).closed_book else len(document)
        for index, model in enumerate(self._models):
            request = Request(self._stage, origin, messages, self._schema, model, self._signature, shared)
            self._runtime.submit(Call(request, self._reply_type, self._rank, partial(put, index), self._choices))

    def _results(self, element: Item, answer: list[Answer]) -> Iterator[Any]:
        for one in answer:
            self._metrics.record(one)
        results = list(self._decide(element, answer))
        self._runtime.yields.ended(self._stage, name_of(element), results, all(one.replayed for one in answer))
        yield from tag_and_count(self._stage, results)

    def _decide(self, element: Item, answers: list[Answer]) -> Iterator[Any]:
        opinions, failed = [], []
        for number, (said, stamp) in enumerate(zip(answers, self._stamps, strict=True), 1):
            if said.error is None:
                opinions.append(Opinion(said.reply, stamp, number))
            elif stops_the_run(said.error):
                raise said.error
            else:
                failed.append((said.error, said.usage.attempts, stamp))
                if self.several:
                    count(self._stage, f"unanswered/{type(said.error).__name__}")
        results = list(self._apply(element, opinions)) if opinions else []
        assert results or failed or not self.several, f"{self._stage} came to nothing although everybody answered"
        yield from results
        if failed and not results:
            error, attempts, stamp = failed[0]
            message = explain(error, document_of(element).text, "document", "--max_document_tokens splits longer ones")
            yield dead_letter(element, error, attempts, stamp, message)


def _watch_rules(stage: str, result: Any) -> None:
    """Tell what came of a pair that no model was asked about; in every process that has this module."""
    if (runtime := peek_runtime()) is not None:
        runtime.yields.saw(stage, result)


WATCHERS.append(_watch_rules)


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
