"""Fixtures, in the order of what they stand in for:

config(**overrides)              a `PipelineConfig` of the defaults and the flat options given, as flags would make it
document(**overrides)            a `Document` about a bridge
serve(script, **settings)        a `ScriptedEndpoint` on loopback, closed after the test
model(*endpoints, **settings)    a `ModelConfig` that asks those endpoints
run_transform(transform, elements, *sides)
                                 an `Outcome` of lists, from a real pipeline; `.seen` has timestamps and windows
                                 as well, `.counters(stage)` what was counted
runtime                          a `Runtime` of the test's own, closed after it
until(condition)                 waits, a hundred seconds at most, for something that another thread or process does
quick_back_off                   retries wait hundredths of a second
no_report                        (of itself) runs of the tests leave the report out
close_the_runtime                (of itself) ends the loop thread and its connections with the session
"""

import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from beam_pipeline.options.command_line import validate
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.run import batch as batch_run
from tests.fakes.scripted_endpoint import ScriptedEndpoint
from transforms.flow.outcome import Outcome
from transforms.inference.config import ModelConfig
from transforms.inference.runtime import Runtime, close_runtime
from transforms.inference.scheduling import retries as attempt_module
from transforms.inference.scheduling import router as router_module
from transforms.records import Document

# A property that fails must fail again, here and elsewhere; and a busy machine is not a broken property.
hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("repeatable")

# Tokens are estimated, here and in the processes that a test starts, whatever file tiktoken has on this machine.
os.environ["TIKTOKEN_CACHE_DIR"] = os.devnull
# Whoever has an endpoint in the environment does not want the tests to ask it.
os.environ.pop("OPENAI_BASE_URL", None)


@pytest.fixture
def config(tmp_path: Any) -> Callable[..., PipelineConfig]:
    """Make a configuration; input and output lie in the test's own folder unless given."""

    def make(**overrides: Any) -> PipelineConfig:
        return validate({"input": [str(tmp_path / "documents.jsonl")], "output": str(tmp_path / "output"), **overrides})

    return make


@pytest.fixture
def document() -> Callable[..., Document]:
    """Make a document; two made alike are equal."""

    def make(**overrides: Any) -> Document:
        fields = {"id": "bridge", "text": "The bridge opened in 1932.", "source": "encyclopedia", "where": "documents.jsonl:1"}
        return Document(**{**fields, **overrides})

    return make


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedEndpoint]]:
    """Start endpoints whose replies the test writes."""
    endpoints: list[ScriptedEndpoint] = []

    def start(script: Any, **settings: Any) -> ScriptedEndpoint:
        endpoints.append(ScriptedEndpoint(script, **settings))
        return endpoints[-1]

    yield start
    for endpoint in endpoints:
        endpoint.close()


@pytest.fixture
def model() -> Callable[..., ModelConfig]:
    """Make model settings for one or several replicas."""

    def make(*endpoints: ScriptedEndpoint, **settings: Any) -> ModelConfig:
        return ModelConfig(tuple(endpoint.url for endpoint in endpoints), "m", **{"request_timeout_s": 50.0, **settings})

    return make


class Seen(NamedTuple):
    """One output as Beam holds it; times in seconds."""

    element: Any
    timestamp: float
    window: Any


# By number, because a pipeline pickles its DoFns: what they see can only be handed over by name.
_SEEN: dict[int, list[Seen]] = {}
_NUMBERS = itertools.count()


class _SeeFn(beam.DoFn):
    def __init__(self, number: int) -> None:
        self._number = number

    def process(self, element: Any, timestamp: Any = beam.DoFn.TimestampParam, window: Any = beam.DoFn.WindowParam) -> None:
        _SEEN[self._number].append(Seen(element, float(timestamp), window))


class TransformRunner:
    """Runs one stage in a pipeline of its own. The replies of one test are remembered until its end."""

    def __init__(self) -> None:
        self.seen = Outcome([], [], [])
        self._result: Any = None

    def __call__(self, transform: Any, elements: Sequence[Any], *sides: Sequence[Any], windows: Any = None) -> Outcome:
        """Run over elements, which may be TimestampedValues where `windows` are given.

        `transform` is a PTransform, or a function that makes one of the sides' PCollections.
        """
        numbers = [next(_NUMBERS) for _ in Outcome._fields]
        self.seen = Outcome(*(_SEEN.setdefault(number, []) for number in numbers))
        with TestPipeline(runner="FnApiRunner") as pipeline:
            given = pipeline | "Elements" >> beam.Create(elements, reshuffle=False)
            if windows is not None:
                given = given | "Stamp" >> beam.Map(lambda stamped: stamped) | "Window" >> beam.WindowInto(windows)
            given_sides = [pipeline | f"Side{number}" >> beam.Create(side) for number, side in enumerate(sides)]
            made = transform if isinstance(transform, beam.PTransform) else transform(*given_sides)
            for name, number, output in zip(Outcome._fields, numbers, given | "Stage" >> made, strict=True):
                output | f"See_{name}" >> beam.ParDo(_SeeFn(number))
        self._result = pipeline.result
        return Outcome(*([seen.element for seen in part] for part in self.seen))

    def counters(self, stage: str) -> dict[str, int]:
        """The counters of a stage in the last run."""
        query = beam.metrics.MetricsFilter().with_namespace(stage)
        return {counter.key.metric.name: counter.result for counter in self._result.metrics().query(query)["counters"]}


@pytest.fixture
def run_transform() -> Iterator[TransformRunner]:
    """Run one transform; another test's replies are never remembered."""
    close_runtime()
    yield TransformRunner()
    close_runtime()
    _SEEN.clear()


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """Make a runtime that no other test has asked anything."""
    runtime = Runtime()
    yield runtime
    runtime.close()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait for something that another thread or process does."""

    def wait(condition: Callable[[], bool], timeout_s: float = 100.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.005)

    return wait


@pytest.fixture
def quick_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits between tries."""
    monkeypatch.setattr(attempt_module, "BACK_OFF_FIRST_S", 0.01)
    monkeypatch.setattr(attempt_module, "BACK_OFF_MOST_S", 0.05)
    monkeypatch.setattr(router_module, "PROBE_INTERVAL_S", 0.02)


@pytest.fixture(scope="session", autouse=True)
def no_report() -> Iterator[None]:
    """Let runs of the tests leave the report out: it costs each of them seconds. Those of the report ask for it again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_run, "tell_report", lambda output: True)
        yield


@pytest.fixture(scope="session", autouse=True)
def close_the_runtime() -> Iterator[None]:
    """End the process's runtime, so that no socket is left to the garbage collector."""
    yield
    close_runtime()
