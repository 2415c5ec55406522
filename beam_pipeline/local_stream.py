"""LocalStreamRunner: Beam's in-process runner of streams, which goes on reading while a model is asked.

Beam's `BundleBasedDirectRunner` has one thread. It pulls ten messages, takes them through one step after the other,
waits at each model stage for the last answer, and pulls the next ten when all is done: an endpoint of 64
slots is a tenth busy. Two of its steps work otherwise here, and the rest is Beam's:

- a model stage does not wait. Its DoFn lives in one bundle that never ends; what it has no answer for yet holds
  the watermark, and a timer comes back for the answers.
- messages are pulled in a thread of its own, as many at a time as the model stages have room for.

Nothing here outlives the process, as in Beam's: what is under way is lost with it.

Source: `apache_beam.runners.direct` of the Beam version that requirements.txt names, whose insides this needs.
"""

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apache_beam import pvalue
from apache_beam.internal import pickler
from apache_beam.runners import common
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner, _DirectReadFromPubSub
from apache_beam.runners.direct.transform_evaluator import (
    TransformEvaluatorRegistry,
    _ParDoEvaluator,
    _PubSubReadEvaluator,
    _TransformEvaluator,
)
from apache_beam.runners.direct.util import TransformResult
from apache_beam.transforms.core import ParDo
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.counters import CounterFactory
from apache_beam.utils.timestamp import MAX_TIMESTAMP, TIME_GRANULARITY, Timestamp
from google.api_core.exceptions import DeadlineExceeded

from transforms.inference.call import BacklogFn
from transforms.wake import WAKE

# Between two looks for answers, and for messages when none are there. A round through the graph costs some
# milliseconds for each step, so that looking more often would cost more than it brings.
PAUSE_S = 0.1
# The most that Pub/Sub gives for one pull, and how long one waits for messages.
MOST_MESSAGES, PULL_S = 1000, 30.0
# Messages that are pulled before it is known how much the model stages hold.
FIRST_MESSAGES = 10


class LocalStreamRunner(BundleBasedDirectRunner):
    """Runs a stream from Pub/Sub in this process."""

    def run_pipeline(self, pipeline: Any, options: Any) -> Any:
        with _evaluators({ParDo: _evaluate_par_do, _DirectReadFromPubSub: _ReadEvaluator}):
            return super().run_pipeline(pipeline, options)


@contextmanager
def _evaluators(ours: dict[type, Any]) -> Iterator[None]:
    """Have the runs that are begun meanwhile evaluate some kinds of transforms in another way."""
    before = TransformEvaluatorRegistry._test_evaluators_overrides
    TransformEvaluatorRegistry._test_evaluators_overrides = {**before, **ours}
    try:
        yield
    finally:
        TransformEvaluatorRegistry._test_evaluators_overrides = before


class _Flow:
    """What is under way in one run."""

    def __init__(self) -> None:
        self.stages: dict[Any, _Asking] = {}
        self.puller: _Puller | None = None
        self.error: Exception | None = None

    @property
    def room(self) -> int:
        """How many more documents the model stages can hold."""
        if not self.stages:
            return FIRST_MESSAGES
        backlog = max(stage.dofn.backlog for stage in self.stages.values())
        return backlog - sum(len(stage.dofn.unanswered) for stage in self.stages.values())


_FLOWS: "weakref.WeakKeyDictionary[Any, _Flow]" = weakref.WeakKeyDictionary()


def _flow(context: Any) -> _Flow:
    return _FLOWS.setdefault(context, _Flow())


class _Buffer(common.Receiver):
    """What a stage has put out since the last bundle, without the wakes: it needs none, and its successors have timers."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def receive(self, windowed: Any) -> None:
        if windowed.value is not WAKE:
            self.values.append(windowed)


class _Asking:
    """A model stage in its one bundle."""

    def __init__(self, applied: Any, side_inputs: Any) -> None:
        transform = applied.transform
        self.dofn: BacklogFn = pickler.roundtrip(transform.dofn)
        self.outputs = {tag: _Buffer() for tag in applied.outputs}
        self.timer_set = False
        self._runner = common.DoFnRunner(
            self.dofn,
            transform.args,
            transform.kwargs,
            side_inputs,
            applied.inputs[0].windowing,
            tagged_receivers=self.outputs,
            step_name=applied.full_label,
            state=common.DoFnState(CounterFactory()),
        )
        self._runner.setup()
        self._runner.start()

    def process(self, windowed: Any) -> None:
        self._runner.process(windowed)


def _evaluate_par_do(context: Any, applied: Any, bundle: Any, side_inputs: Any) -> Any:
    kind = _AskEvaluator if isinstance(applied.transform.dofn, BacklogFn) else _ParDoEvaluator
    return kind(context, applied, bundle, side_inputs)


class _AskEvaluator(_TransformEvaluator):
    """Hands elements to a model stage and takes what is answered. Side inputs are static: the first bundle's stay."""

    def start_bundle(self) -> None:
        self._flow = _flow(self._evaluation_context)
        if self._applied_ptransform not in self._flow.stages:
            self._flow.stages[self._applied_ptransform] = _Asking(self._applied_ptransform, self._side_inputs)
        self._stage = self._flow.stages[self._applied_ptransform]

    def process_element(self, element: Any) -> None:
        # The runner tries a bundle four times. What was asked by the first try cannot be asked again, so the run ends.
        if self._flow.error is not None:
            raise self._flow.error
        try:
            self._stage.process(element)
        except Exception as error:
            self._flow.error = error
            raise

    def process_timer(self, timer_firing: Any) -> None:
        self._stage.timer_set = False
        self.process_element(GlobalWindows.windowed_value(WAKE))

    def finish_bundle(self) -> TransformResult:
        waiting = self._stage.dofn.unanswered
        if waiting and not self._stage.timer_set:
            self._stage.timer_set = True
            state = self._step_context.get_keyed_state(None)
            state.set_timer(None, "answers", TimeDomain.REAL_TIME, Timestamp.of(time.time() + PAUSE_S))
        oldest = min((windowed.timestamp for windowed in waiting), default=None)
        hold = MAX_TIMESTAMP if oldest is None else oldest - TIME_GRANULARITY
        return TransformResult(self, list(self._bundles()), [], None, {None: hold})

    def _bundles(self) -> Iterator[Any]:
        for tag, buffer in self._stage.outputs.items():
            values, buffer.values = buffer.values, []
            collection = pvalue.PCollection(None, tag=tag)
            collection.producer = self._applied_ptransform
            bundle = self._evaluation_context.create_bundle(collection)
            bundle.tag = tag
            for windowed in values:
                bundle.add(windowed)
            yield bundle


class _ReadEvaluator(_PubSubReadEvaluator):
    """Beam's own, over messages that were pulled meanwhile."""

    def _get_subscriber_client(self, transform: Any) -> "_Puller":
        flow = _flow(self._evaluation_context)
        if flow.puller is None:
            flow.puller = _Puller(super()._get_subscriber_client(transform), self._sub_name, self._evaluation_context)
        flow.puller.allow(flow.room)
        return flow.puller


class _Puller:
    """Pulls in a thread of its own, and looks to the reader like a subscriber's client."""

    def __init__(self, client: Any, subscription: str, context: Any) -> None:
        self._client = client
        self._subscription = subscription
        self._context = context
        self._changed = threading.Condition()
        self._room = 0
        self._response: Any = None
        self._error: Exception | None = None
        threading.Thread(target=self._run, name="pull", daemon=True).start()

    def allow(self, room: int) -> None:
        """Say how many messages there is room for; none are pulled while there is none."""
        with self._changed:
            self._room = room
            self._changed.notify_all()

    def pull(self, **_: Any) -> Any:
        """What was pulled; waits a moment for it.

        Raises whatever the client raises.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._response is not None or self._error is not None, PAUSE_S)
            response, self._response = self._response, None
            error, self._error = self._error, None
            # The next pull is for what there is room for once these messages are in.
            self._room = 0
            self._changed.notify_all()
        if error is not None:
            raise error
        return response if response is not None else _Nothing

    def acknowledge(self, subscription: str, ack_ids: list[str]) -> None:
        self._client.acknowledge(subscription=subscription, ack_ids=ack_ids)

    def _run(self) -> None:
        while not self._context.shutdown_requested:
            with self._changed:
                if not self._changed.wait_for(lambda: self._room > 0 and self._response is None, 1.0):
                    continue
                wanted = min(self._room, MOST_MESSAGES)
            response, problem = None, None
            try:
                response = self._client.pull(subscription=self._subscription, max_messages=wanted, timeout=PULL_S)
            except DeadlineExceeded:
                continue  # no message came
            except Exception as error:  # of the network or of Google; the reader raises it
                problem = error
            with self._changed:
                self._response, self._error = response, problem
                self._changed.notify_all()


class _Nothing:
    """A pull's answer without messages."""

    received_messages = ()
