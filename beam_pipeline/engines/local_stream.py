"""LocalStreamRunner: Beam's in-process runner of streams, which goes on reading while a model is asked.

Beam's `BundleBasedDirectRunner` has one thread. It pulls ten messages, takes them through one step after the other,
waits at each model stage for the last answer, and pulls the next ten when all is done: an endpoint of 64
slots is a tenth busy. Some of its steps work otherwise here, and the rest is Beam's:

- a model stage does not wait. Its DoFn lives in one bundle that never ends; what it has no answer for yet holds
  the watermark, and a timer comes back for the answers.
- messages are pulled in a thread of its own, as many at a time as the model stages have room for.
- a DoFn without state is made once and not for every bundle, and a bundle without elements goes no further: Beam's
  takes a millisecond for each step of the graph, also for nothing.

Nothing here outlives the process, as in Beam's: what is under way is lost with it.

Source: `apache_beam.runners.direct` of the Beam version that requirements.txt names, whose insides this needs.
"""

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from apache_beam import pvalue
from apache_beam.internal import pickler
from apache_beam.options.pipeline_options import DirectOptions
from apache_beam.runners import common
from apache_beam.runners.direct import transform_evaluator
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner, _DirectReadFromPubSub
from apache_beam.runners.direct.util import TransformResult
from apache_beam.transforms.core import ParDo
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.counters import CounterFactory
from apache_beam.utils.timestamp import MAX_TIMESTAMP, MIN_TIMESTAMP, TIME_GRANULARITY, Timestamp
from google.api_core.exceptions import DeadlineExceeded

from transforms.flow.heartbeat import WAKE
from transforms.inference.call import BacklogFn

# Between two looks for answers, and for messages when none are there. A round through the graph costs some
# milliseconds for each step, so that looking more often would cost more than it brings.
PAUSE_S = 0.1
# The most that Pub/Sub gives for one pull, and how long one waits for messages.
MOST_MESSAGES, PULL_S = 1000, 30.0
# Messages that are pulled before it is known how much the model stages hold.
FIRST_MESSAGES = 100
# How much longer it is between two looks for timers than one takes.
LOOK_SHARE = 10


class LocalStreamRunner(BundleBasedDirectRunner):
    """Runs a stream from Pub/Sub in this process."""

    def run_pipeline(self, pipeline: Any, options: Any) -> Any:
        # To stack elements compares the windows of each with those of the one before.
        options.view_as(DirectOptions).direct_runner_use_stacked_bundle = False
        # Beam's runner names what evaluates nowhere but in its module.
        before = transform_evaluator.TransformEvaluatorRegistry
        transform_evaluator.TransformEvaluatorRegistry = _Registry
        try:
            return super().run_pipeline(pipeline, options)
        finally:
            transform_evaluator.TransformEvaluatorRegistry = before


class _Registry(transform_evaluator.TransformEvaluatorRegistry):
    """Says how each transform of a run is evaluated."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._flow = _Flow()
        self._serial: dict[Any, bool] = {}
        timers = context._watermark_manager
        timers.extract_all_timers = _NowAndThen(timers.extract_all_timers)

    def get_evaluator(self, applied: Any, bundle: Any, side_inputs: Any) -> Any:
        transform = applied.transform
        given = self._evaluation_context, applied, bundle, side_inputs
        if isinstance(transform, _DirectReadFromPubSub):
            return _ReadEvaluator(self._flow, *given)
        if type(transform) is ParDo:
            if isinstance(transform.dofn, BacklogFn):
                return _AskEvaluator(self._flow, *given)
            if not side_inputs and not self.should_execute_serially(applied):
                return _KeptEvaluator(self._flow, *given)
        return super().get_evaluator(applied, bundle, side_inputs)

    def should_execute_serially(self, applied: Any) -> bool:
        """As Beam's, which reads the signatures of the DoFn each time."""
        if applied not in self._serial:
            self._serial[applied] = super().should_execute_serially(applied)
        return self._serial[applied]


class _NowAndThen:
    """Looks for timers that are due, but not all the time: that goes through every key that any step remembers.

    A stream has always something to wait for, so it says that there are timers when it has not looked.
    """

    def __init__(self, look: Callable[[], tuple[list[Any], bool]]) -> None:
        self._look = look
        self._next = 0.0

    def __call__(self) -> tuple[list[Any], bool]:
        began = time.monotonic()
        if began < self._next:
            return [], True
        found, _ = self._look()
        ended = time.monotonic()
        self._next = ended + max(PAUSE_S / 2, LOOK_SHARE * (ended - began))
        return found, True


class _Flow:
    """What a run keeps from bundle to bundle."""

    def __init__(self) -> None:
        self.kept: dict[Any, _Kept] = {}  # the DoFn of each transform that was made once
        self.asking: list[BacklogFn] = []  # those of them that are model stages
        self.puller: _Puller | None = None
        self.error: Exception | None = None  # what a model stage raised, which ends the run

    @property
    def room(self) -> int:
        """How many more documents the model stages can hold."""
        if not self.asking:
            return FIRST_MESSAGES
        return max(stage.backlog for stage in self.asking) - sum(len(stage.unanswered) for stage in self.asking)


class _Buffer(common.Receiver):
    """What a DoFn has put out in this bundle, without wakes: the stages behind have timers."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def receive(self, windowed: Any) -> None:
        if windowed.value is not WAKE:
            self.values.append(windowed)


class _Kept:
    """A DoFn that is set up, and what it has put out."""

    def __init__(self, applied: Any, side_inputs: Any) -> None:
        transform = applied.transform
        self.dofn = pickler.roundtrip(transform.dofn)
        self.outputs = {tag: _Buffer() for tag in applied.outputs}
        self.timer_set = False
        self.runner = common.DoFnRunner(
            self.dofn,
            transform.args,
            transform.kwargs,
            side_inputs,
            applied.inputs[0].windowing,
            tagged_receivers=self.outputs,
            step_name=applied.full_label,
            state=common.DoFnState(CounterFactory()),
        )
        self.runner.setup()


class _KeptEvaluator(transform_evaluator._TransformEvaluator):
    """Takes a bundle through a DoFn without state and side inputs."""

    def __init__(self, flow: _Flow, *given: Any) -> None:
        super().__init__(*given)
        self._flow = flow

    def start_bundle(self) -> None:
        # A bundle that failed is tried again, with a DoFn of its own: so it is back only when it has ended.
        applied = self._applied_ptransform
        self._kept = self._flow.kept.pop(applied) if applied in self._flow.kept else _Kept(applied, self._side_inputs)
        self._kept.runner.start()

    def process_element(self, element: Any) -> None:
        self._kept.runner.process(element)

    def finish_bundle(self) -> Any:
        self._kept.runner.finish()
        self._flow.kept[self._applied_ptransform] = self._kept
        return TransformResult(self, list(self._bundles()), [], None, None)

    def _bundles(self) -> Iterator[Any]:
        """The bundles of all outputs that have any element."""
        for tag, buffer in self._kept.outputs.items():
            if not buffer.values:
                continue
            values, buffer.values = buffer.values, []
            collection = pvalue.PCollection(None, tag=tag)
            collection.producer = self._applied_ptransform
            bundle = self._evaluation_context.create_bundle(collection)
            bundle.tag = tag
            for windowed in values:
                bundle.add(windowed)
            yield bundle


class _AskEvaluator(_KeptEvaluator):
    """Hands elements to a model stage and takes what is answered. Side inputs are static: the first bundle's stay."""

    def start_bundle(self) -> None:
        # The runner tries a bundle four times. What the first try has asked cannot be asked again, so the run ends.
        if self._flow.error is not None:
            raise self._flow.error
        kept = self._flow.kept.get(self._applied_ptransform)
        if kept is None:
            kept = self._flow.kept[self._applied_ptransform] = _Kept(self._applied_ptransform, self._side_inputs)
            kept.runner.start()
            self._flow.asking.append(kept.dofn)
        self._kept = kept

    def process_element(self, element: Any) -> None:
        try:
            self._kept.runner.process(element)
        except Exception as error:
            self._flow.error = error
            raise

    def process_timer(self, timer_firing: Any) -> None:
        self._kept.timer_set = False
        self.process_element(GlobalWindows.windowed_value(WAKE))

    def finish_bundle(self) -> Any:
        waiting = self._kept.dofn.unanswered
        if waiting and not self._kept.timer_set:
            self._kept.timer_set = True
            state = self._step_context.get_keyed_state(None)
            state.set_timer(None, "answers", TimeDomain.REAL_TIME, Timestamp.of(time.time() + PAUSE_S))
        oldest = min((windowed.timestamp for windowed in waiting), default=None)
        hold = MAX_TIMESTAMP if oldest is None else max(oldest - TIME_GRANULARITY, MIN_TIMESTAMP)
        return TransformResult(self, list(self._bundles()), [], None, {None: hold})


class _ReadEvaluator(transform_evaluator._PubSubReadEvaluator):
    """Beam's own, over messages that were pulled meanwhile."""

    def __init__(self, flow: _Flow, *given: Any) -> None:
        super().__init__(*given)
        self._flow = flow

    def _get_subscriber_client(self, transform: Any) -> "_Puller":
        if self._flow.puller is None:
            client = super()._get_subscriber_client(transform)
            self._flow.puller = _Puller(client, self._sub_name, self._evaluation_context)
        self._flow.puller.allow(self._flow.room)
        return self._flow.puller


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
        """What was pulled; waits a moment for it. Raises whatever the client raises."""
        with self._changed:
            self._changed.wait_for(lambda: self._response is not None or self._error is not None, PAUSE_S)
            response, self._response = self._response, None
            error, self._error = self._error, None
            # The next pull is for what there is room for once these messages are in.
            self._room = 0
            self._changed.notify_all()
        if error is not None:
            raise error
        return response if response is not None else SimpleNamespace(received_messages=())

    def acknowledge(self, subscription: str, ack_ids: list[str]) -> None:
        self._client.acknowledge(subscription=subscription, ack_ids=ack_ids)

    def _run(self) -> None:
        while not self._context.shutdown_requested:
            with self._changed:
                # Not before the reader has an error: else this would ask at once again, and lose it.
                if not self._changed.wait_for(lambda: self._room > 0 and self._response is None and self._error is None, 1.0):
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
