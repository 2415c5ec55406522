"""The graphs against their committed lists, and that the lists notice what an update in place would trip over."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.coders import BytesCoder, StrUtf8Coder, VarIntCoder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import BagStateSpec, ReadModifyWriteStateSpec, TimerSpec, on_timer

from tests.graph_contract import GRAPHS, LISTS, Change, Line, build_graph, compare, describe_graph, read_list, report, write_list
from transforms.flow.coders import RecordCoder
from transforms.records import Document


@pytest.fixture(scope="module", params=sorted(GRAPHS))
def graph(request: pytest.FixtureRequest) -> tuple[str, list[Line]]:
    return request.param, describe_graph(build_graph(GRAPHS[request.param]))


def test_the_graph_is_as_written_down(graph: tuple[str, list[Line]]) -> None:
    name, lines = graph
    changes = compare(read_list(name), lines)
    if changes:
        pytest.fail(report(name, changes), pytrace=False)


def test_no_label_of_ours_names_a_line_of_code(graph: tuple[str, list[Line]]) -> None:
    """Beam labels an unnamed lambda with its file and line, which every edit above it would change."""
    named = {line.name for line in graph[1] if "lambda at" in line.name and "lambda at core.py" not in line.name}
    assert not named


def test_every_committed_list_is_of_a_graph() -> None:
    assert {path.stem for path in LISTS.iterdir()} == set(GRAPHS)


def test_two_builds_agree() -> None:
    arguments = GRAPHS["batch"]
    assert describe_graph(build_graph(arguments)) == describe_graph(build_graph(arguments))


# --- what lists say

Step = Callable[[Any], Any]


def described(*steps: Step) -> list[Line]:
    """The list of a graph of some steps over keyed numbers."""
    pipeline = beam.Pipeline()
    collection = pipeline | "Numbers" >> beam.Create([("a", 1)], reshuffle=False).with_output_types(tuple[str, int])
    for step in steps:
        collection = step(collection)
    return describe_graph(pipeline.to_runner_api())


def stateful(label: str = "Keep", state: Any = None, clock: str = TimeDomain.WATERMARK) -> Step:
    """A step with one state, a bag of numbers by default, and one timer."""
    timer = TimerSpec("expiry", clock)
    kept, set_timer = beam.DoFn.StateParam(state or BagStateSpec("seen", VarIntCoder())), beam.DoFn.TimerParam(timer)

    class KeepFn(beam.DoFn):
        def process(self, element: Any, kept: Any = kept, set_timer: Any = set_timer) -> None: ...

        @on_timer(timer)
        def expire(self, kept: Any = kept) -> None: ...

    return lambda collection: collection | label >> beam.ParDo(KeepFn())


BYTES = BagStateSpec("seen", BytesCoder())
OTHER_NAME = ReadModifyWriteStateSpec("last", StrUtf8Coder())


def grouped(collection: Any) -> Any:
    return collection | "Group" >> beam.GroupByKey()


def in_windows(collection: Any) -> Any:
    return collection | "Window" >> beam.WindowInto(beam.window.FixedWindows(60))


def to_documents(collection: Any) -> Any:
    return collection | "Make" >> beam.Map(lambda pair: (pair[0], Document(pair[0], ""))).with_output_types(tuple[str, Document])


def summed(collection: Any) -> Any:
    return collection | "Sum" >> beam.CombinePerKey(beam.combiners.MeanCombineFn())


def with_side(collection: Any) -> Any:
    names = collection.pipeline | "Names" >> beam.Create(["a"], reshuffle=False)
    return collection | "Look" >> beam.FlatMap(_look, beam.pvalue.AsList(names))


def without_side(collection: Any) -> Any:
    return collection | "Look" >> beam.FlatMap(_look)


def _look(pair: Any, names: Iterable[str] = ()) -> Iterator[Any]:
    yield pair


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([grouped], "shuffle|Group|kv[string_utf8, varint]  global_windows", id="group"),
        pytest.param([in_windows, grouped], "shuffle|Group|kv[string_utf8, varint]  fixed_windows", id="windows"),
        pytest.param([to_documents, grouped], "shuffle|Group|kv[string_utf8, record[Document]]  global_windows", id="record"),
        pytest.param([to_documents, grouped], "record|Document.text|str  required", id="field"),
        pytest.param([to_documents, grouped], "record|Stamp.prompt_version|int  required", id="field of a record in a record"),
        pytest.param([to_documents, grouped], "record|Document.parent_id|str  default", id="field with a default"),
        pytest.param([summed], "combine|Sum|FastPrimitivesCoder", id="accumulator"),
        pytest.param([stateful()], "keys|Keep|kv[string_utf8, varint]  global_windows", id="keys"),
        pytest.param([stateful()], "state|Keep:seen|bag varint", id="state"),
        pytest.param([stateful()], "timer|Keep:ts-expiry|event_time", id="timer"),
        pytest.param([with_side], "side|Look:0|string_utf8  global_windows", id="side"),
        pytest.param([with_side], "transform|Look|pardo", id="transform"),
    ],
)
def test_terms(steps: list[Step], expected: str) -> None:
    lines = described(*steps)
    assert "|".join(next(line for line in lines if expected.startswith(f"{line.kind}|{line.name}|"))) == expected


def changes_between(before: list[Step], after: list[Step]) -> dict[str, Change]:
    """Changes by "kind name" of what was there before, or is there now."""
    changes = compare(described(*before), described(*after))
    return {f"{line.kind} {line.name}": change for change in changes if (line := change.before or change.after)}


@pytest.mark.parametrize(
    ("before", "after", "term", "says"),
    [
        pytest.param([grouped], [to_documents, grouped], "shuffle Group", "another coder", id="coder"),
        pytest.param([grouped], [in_windows, grouped], "shuffle Group", "other windows", id="windows"),
        pytest.param([stateful()], [stateful(state=BYTES)], "state Keep:seen", "another coder", id="state's coder"),
        pytest.param([stateful()], [stateful(state=OTHER_NAME)], "state Keep:seen", "what it held is lost", id="state's name"),
        pytest.param([stateful()], [stateful(clock=TimeDomain.REAL_TIME)], "timer Keep:ts-expiry", "another clock", id="clock"),
        pytest.param([stateful()], [stateful("Hold")], "transform Keep", "mapping", id="label"),
        pytest.param([stateful()], [], "keys Keep", "finds no reader", id="stateful transform gone"),
        pytest.param([without_side], [with_side], "side Look:0", "another side input", id="side input added"),
        pytest.param([with_side], [without_side], "side Look:0", "side inputs", id="side input gone"),
    ],
)
def test_what_breaks_an_update(before: list[Step], after: list[Step], term: str, says: str) -> None:
    change = changes_between(before, after)[term]
    assert change.breaks
    assert says in change.meaning


def test_what_is_new_breaks_nothing() -> None:
    changes = changes_between([], [with_side, to_documents, in_windows, grouped, stateful()])
    assert {"transform Keep", "state Keep:seen", "shuffle Group", "side Look:0", "record Document.id"} < set(changes)
    assert not any(change.breaks for change in changes.values())


# --- what the coder of the records makes of changed fields, on which the verdicts above about fields rest


@dataclass(frozen=True)
class Before:
    name: str
    size: int = 0


@dataclass(frozen=True)
class FieldAdded(Before):
    kind: str = "?"


@dataclass(frozen=True)
class FieldRequired:
    name: str
    kind: str
    size: int = 0


@dataclass(frozen=True)
class FieldGone:
    name: str


@dataclass(frozen=True)
class OtherType:
    name: str
    size: tuple[int, ...] = ()


@dataclass(frozen=True)
class NoDefault:
    name: str
    size: int


def field_lines(record: type) -> list[Line]:
    """The lines of a record's fields, as if its name were always the same."""
    make = beam.Map(lambda pair: pair).with_output_types(tuple[str, record])  # type: ignore[valid-type]
    lines = described(lambda collection: collection | "Make" >> make, grouped)
    return [line._replace(name=f"Record.{line.name.rpartition('.')[2]}") for line in lines if line.kind == "record"]


@pytest.mark.parametrize(
    ("after", "breaks", "read"),
    [
        pytest.param(FieldAdded, False, FieldAdded("a", 7, "?"), id="new"),
        pytest.param(FieldRequired, True, None, id="new without a default"),
        pytest.param(FieldGone, True, FieldGone("a"), id="gone"),
        pytest.param(OtherType, True, None, id="another type"),
        pytest.param(NoDefault, False, NoDefault("a", 7), id="no default any more"),
    ],
)
def test_fields(after: type, breaks: bool, read: Any) -> None:
    """What is said of a changed field is what happens to a record in flight that a new version reads."""
    for record in (Before, after):
        beam.coders.registry.register_coder(record, RecordCoder)
    [change] = compare(field_lines(Before), field_lines(after))
    assert change.breaks is breaks
    in_flight = RecordCoder(Before).encode(Before("a", 7))
    if read is None:
        with pytest.raises(ValueError):
            RecordCoder(after).decode(in_flight)
    else:
        assert RecordCoder(after).decode(in_flight) == read


def test_the_report_says_what_to_decide() -> None:
    before = described(stateful())
    text = report("streaming", compare(before, described(stateful(state=OTHER_NAME))))
    assert "BREAKS: gone or renamed: what it held is lost" in text
    assert "- state  Keep:seen  bag varint" in text
    assert "+ state  Keep:last  read_modify_write string_utf8" in text
    assert "drained" in text
    assert "python -m tests.graph_contract --write" in text
    safe = report("streaming", compare([], before))
    assert "can be updated in place" in safe


def test_a_list_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.graph_contract.LISTS", tmp_path / "lists")
    lines = described(in_windows, grouped, stateful())
    assert read_list("one") == []
    write_list("one", lines)
    assert read_list("one") == lines
