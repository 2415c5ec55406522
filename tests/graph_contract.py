"""What a running job keeps from one version of the graph to the next, as lines that can be compared.

A streaming job that is updated in place (Dataflow's `--update`) goes on with what the old graph had stored:
elements on their way through a shuffle, state, timers, side inputs. The runner finds them by the labels of
the transforms and reads them with the coders of the new graph. So labels and coders are a contract, and the
lists in `tests/data/graph/` are its text. A test compares them with the graph; who means to change it says so:

    python -m tests.graph_contract --write

Every line is read from the graph's portable form (`Pipeline.to_runner_api`), parts two spaces apart:

    transform  LABEL  KIND                        each transform that is not made of others
    shuffle    LABEL  CODER  WINDOWS              what is grouped or reshuffled there
    combine    LABEL  CODER                       accumulators, which are shuffled as well
    keys       LABEL  CODER  WINDOWS              elements of a transform that has state or timers
    state      LABEL:NAME  KIND CODER
    timer      LABEL:NAME  TIME DOMAIN
    side       LABEL:NUMBER  CODER  WINDOWS       what a transform reads on the side
    record     TYPE.FIELD  TYPE  DEFAULT          fields of the records that these coders write
"""

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2 as proto
from apache_beam.runners.pipeline_context import PipelineContext

from beam_pipeline.options.command_line import parse
from beam_pipeline.pipeline import build
from beam_pipeline.plan import make_plan
from tests.places import ROOT
from transforms.flow.coders import RecordCoder

LISTS = ROOT / "tests" / "data" / "graph"
GAP = "  "

# What changes mean; by kind, and for all other kinds. Source: the causes of failed compatibility checks in
# https://cloud.google.com/dataflow/docs/guides/updating-a-pipeline
GONE = {
    "transform": "gone or renamed: --update refuses unless --transform_name_mapping names its successor, or none",
    "record": "gone or renamed: its values in records in flight are dropped",
    "side": "gone: --update refuses another number of side inputs",
    "state": "gone or renamed: what it held is lost",
    "timer": "gone or renamed: what was set does not fire",
}
GONE_STORE = "gone or renamed: what is stored there finds no reader"
CHANGED = {
    "transform": "another kind of transform under the same label: --update refuses",
    "timer": "another clock: what was set fires at the wrong time, or not at all",
}
CHANGED_CODER = "another coder or other windows: what is stored in the old ones cannot be read, and --update refuses"
NEW_SIDE = "a transform that is running gets another side input: --update refuses"

ENDPOINT = ("--endpoint=http://127.0.0.1:1/v1", "--model=m")  # is not asked: the graph is only built
GATES = (
    *("--verify_calls=2", "--verifiers=3", "--ask_back", "--round_trip", "--pass_rate_samples=4"),
    *("--benchmarks={folder}/benchmark.jsonl", "--embedding_endpoint=http://127.0.0.1:1/v1", "--embedding_model=e"),
)
BATCH_GATES = (*GATES, "--max_pairs_per_document=2")  # of a whole output, which a stream has not
FILES = "--input={folder}/documents.jsonl"
# Of the local runner: to build for Dataflow looks for credentials, and gives the same but for what its reader is told.
PUBSUB = (
    *("--streaming", "--input_subscription=projects/project/subscriptions/documents"),
    *("--event_time=attribute:when", "--output_topic=projects/project/topics/pairs"),
)
GRAPHS: dict[str, tuple[str, ...]] = {
    "batch": (FILES,),
    "batch_gates": (FILES, *BATCH_GATES),
    "streaming": PUBSUB,
    "streaming_gates": (*PUBSUB, *GATES),
    "streaming_tables": (*PUBSUB, "--output_table=some-project:dataset.pairs"),
    "streaming_folder": ("--streaming", "--runner=PrismRunner", "--event_time=field:when", FILES),
}


class Line(NamedTuple):
    """One term of the contract."""

    kind: str
    name: str
    value: str

    def __str__(self) -> str:
        return GAP.join(self)


class Change(NamedTuple):
    """A term that is not what it was, and what that means for a job that is running."""

    before: Line | None
    after: Line | None
    breaks: bool
    meaning: str

    def __str__(self) -> str:
        terms = [f"  {sign} {line}" for sign, line in (("-", self.before), ("+", self.after)) if line]
        return "\n".join([*terms, f"    {'BREAKS' if self.breaks else 'safe'}: {self.meaning}"])


def build_graph(arguments: Iterable[str]) -> proto.Pipeline:
    """The portable form of the graph that the command line would run with these arguments; "{folder}" is one of their own."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("documents.jsonl", "benchmark.jsonl"):
            (Path(folder) / name).write_text('{"text": "one", "question": "one"}\n')
        given = [argument.replace("{folder}", folder) for argument in arguments]
        config, options = parse([*given, f"--output={folder}/output", *ENDPOINT])
        pipeline = beam.Pipeline(options=options)
        build(pipeline, make_plan(config))
        return pipeline.to_runner_api()


def describe_graph(pipeline: proto.Pipeline) -> list[Line]:
    """The terms of a graph, in an order that does not depend on how it was built."""
    return sorted(_Reader(pipeline).lines())


class _Reader:
    """Reads the terms out of a graph's portable form."""

    def __init__(self, pipeline: proto.Pipeline) -> None:
        self._parts = pipeline.components
        self._context = PipelineContext(pipeline.components)
        self._records: set[type] = set()

    def lines(self) -> Iterator[Line]:
        for transform in self._parts.transforms.values():
            label, urn = transform.unique_name, transform.spec.urn
            if not transform.subtransforms and label:
                yield Line("transform", label, _short(urn))
            if urn == common_urns.primitives.GROUP_BY_KEY.urn:
                [source] = transform.inputs.values()
                yield Line("shuffle", label, self._collection(source))
            elif urn == common_urns.composites.COMBINE_PER_KEY.urn:
                payload = proto.CombinePayload.FromString(transform.spec.payload)
                yield Line("combine", label, self._coder(payload.accumulator_coder_id))
            elif urn == common_urns.primitives.PAR_DO.urn:
                yield from self._do(label, transform.inputs, proto.ParDoPayload.FromString(transform.spec.payload))
        yield from self._fields()

    def _do(self, label: str, inputs: Any, payload: Any) -> Iterator[Line]:
        for tag in payload.side_inputs:
            yield Line("side", f"{label}:{tag.removeprefix('python_side_input')}", self._collection(inputs[tag]))
        if payload.state_specs or payload.timer_family_specs:
            [main] = (source for tag, source in inputs.items() if tag not in payload.side_inputs)
            yield Line("keys", label, self._collection(main))
        for name, state in payload.state_specs.items():
            kind = state.WhichOneof("spec")
            coders = [self._coder(value) for field, value in getattr(state, kind).ListFields() if field.name.endswith("coder_id")]
            yield Line("state", f"{label}:{name}", " ".join((kind.removesuffix("_spec"), *coders)))
        for name, timer in payload.timer_family_specs.items():
            yield Line("timer", f"{label}:{name}", proto.TimeDomain.Enum.Name(timer.time_domain).lower())

    def _collection(self, name: str) -> str:
        collection = self._parts.pcollections[name]
        windows = self._parts.windowing_strategies[collection.windowing_strategy_id].window_fn.urn
        return GAP.join((self._coder(collection.coder_id), _short(windows)))

    def _coder(self, name: str) -> str:
        coder = self._parts.coders[name]
        if coder.spec.urn != "beam:coder:pickled_python:v1":
            parts = ", ".join(map(self._coder, coder.component_coder_ids))
            return _short(coder.spec.urn) + (f"[{parts}]" if parts else "")
        return self._python_coder(self._context.coders.get_by_id(name))

    def _python_coder(self, coder: Any) -> str:
        if isinstance(coder, RecordCoder):
            self._records.add(coder.record_type)
            return f"record[{coder.record_type.__name__}]"
        parts = ", ".join(map(self._python_coder, coder._get_component_coders()))
        return type(coder).__name__ + (f"[{parts}]" if parts else "")

    def _fields(self) -> Iterator[Line]:
        seen: set[type] = set()
        while waiting := self._records - seen:
            for record in waiting:
                seen.add(record)
                for field in dataclasses.fields(record):
                    # Records inside records are written by the same coder.
                    self._records |= {part for part in _types_in(field.type) if dataclasses.is_dataclass(part)}
                    optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
                    needed = "default" if optional else "required"
                    yield Line("record", f"{record.__name__}.{field.name}", GAP.join((_type_name(field.type), needed)))


def _types_in(annotation: Any) -> Iterator[type]:
    """The classes that a type is made of: of `tuple[Persona, ...]` tuple and Persona."""
    for part in getattr(annotation, "__args__", ()):
        yield from _types_in(part)
    if isinstance(annotation, type):
        yield annotation


def _type_name(annotation: Any) -> str:
    return annotation.__name__ if type(annotation) is type else repr(annotation).replace("transforms.records.", "")


def _short(urn: str) -> str:
    """What a name of Beam's says: "beam:coder:kv:v1" -> "kv"."""
    parts = urn.split(":")
    return parts[-2] if len(parts) > 2 else urn


def compare(before: Iterable[Line], after: Iterable[Line]) -> list[Change]:
    """What changed between two lists, and what each change means for a job that is updated in place."""
    old = {(line.kind, line.name): line for line in before}
    new = {(line.kind, line.name): line for line in after}
    running = {name if kind == "transform" else _owner(name) for kind, name in old if kind in ("transform", "record")}
    pairs = ((old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys()))
    return [Change(was, now, *_judge(was, now, running)) for was, now in pairs if was != now]


def _judge(was: Line | None, now: Line | None, running: set[str]) -> tuple[bool, str]:
    """Whether a change breaks an update, and how; `running` are the transforms and records that there were before."""
    line = was or now
    assert line is not None
    owned = _owner(line.name) in running
    if line.kind == "record" and owned:
        return _field_meaning(was, now)
    if was and now:
        return True, CHANGED.get(line.kind, CHANGED_CODER)
    if was:
        return True, GONE.get(line.kind, GONE_STORE)
    return (True, NEW_SIDE) if line.kind == "side" and owned else (False, "new: it begins empty")


def _owner(name: str) -> str:
    """The record of a field, or the transform of a side input."""
    return name[: max(name.rfind("."), name.rfind(":"))]


def _field_meaning(was: Line | None, now: Line | None) -> tuple[bool, str]:
    if was is None:
        if now and now.value.endswith("default"):
            return False, "records in flight get the default"
        return True, "records in flight do not have it and cannot be read: give it a default"
    if now is None:
        return True, GONE["record"]
    if was.value.rpartition(GAP)[0] == now.value.rpartition(GAP)[0]:
        return False, "records in flight all have it"
    return True, "records in flight may not fit and then cannot be read"


def read_list(name: str) -> list[Line]:
    """The committed list of a graph; empty if there is none."""
    path = LISTS / f"{name}.txt"
    if not path.exists():
        return []
    return [Line(*line.split(GAP, 2)) for line in path.read_text("utf-8").splitlines()]


def write_list(name: str, lines: Iterable[Line]) -> None:
    """Make a list the committed one."""
    LISTS.mkdir(parents=True, exist_ok=True)
    (LISTS / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")


def report(name: str, changes: list[Change]) -> str:
    """What a person has to decide, in words."""
    broken = sum(change.breaks for change in changes)
    verdict = (
        f"{broken} of {len(changes)} changes break an update in place (--update): a running job would have to be drained, "
        "and the new version started beside or after it."
        if broken
        else "A running job can be updated in place (--update)."
    )
    return "\n".join(
        [
            f"The {name} graph is not what tests/data/graph/{name}.txt says. {verdict}",
            *map(str, changes),
            "If that is meant: python -m tests.graph_contract --write, and say in the commit what running jobs must do.",
        ]
    )


def main() -> int:
    """Compare the graphs with their lists, or write them; returns 1 if something has changed and is not written down."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.graph_contract", description="Compare the graphs with the committed lists."
    )
    parser.add_argument("--write", action="store_true", help="make what is there now the committed lists")
    write = parser.parse_args().write
    changed = False
    for name, arguments in GRAPHS.items():
        lines = describe_graph(build_graph(arguments))
        if changes := compare(read_list(name), lines):
            print(report(name, changes))
            changed = True
        if write:
            write_list(name, lines)
    return int(changed and not write)


if __name__ == "__main__":
    sys.exit(main())
