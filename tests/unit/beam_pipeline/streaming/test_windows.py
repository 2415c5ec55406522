"""Which window a document is in, and what becomes of one that comes when it is closed."""

import time

import apache_beam as beam
import pytest

from beam_pipeline.streaming.windows import AssignWindows, Windows
from tests.fakes.streams import BASE, At, Seen, run_stream
from transforms.flow.coders import RecordCoder
from transforms.records import DeadLetter, Document

WINDOWS = Windows(60, lateness_s=30)


def dated(name: str, seconds: float | None = None) -> Document:
    """A document that says when it happened, in seconds after `BASE`."""
    return Document(name, "text", where=name, event_time=None if seconds is None else BASE + seconds)


def run_gate(events: list[At], windows: Windows = WINDOWS, rejects: bool = True) -> dict[str, list[Seen]]:
    def apply(documents: beam.PCollection) -> dict[str, beam.PCollection]:
        in_time, late = documents | AssignWindows(windows, Document, rejects)
        counted = in_time | beam.combiners.Count.Globally().without_defaults()
        return {"in_time": in_time, "late": late, "counted": counted}

    return run_stream(events, apply, RecordCoder(Document))


def bounds(seen: list[Seen], windows: Windows = WINDOWS) -> dict[str, tuple[float, float]]:
    """The windows in event time, by id."""
    found = {}
    for element, window, _ in seen:
        assert window is not None
        found[element.id] = (window[0] - windows.lateness_s, window[1] - windows.lateness_s)
    return found


def test_each_is_in_the_window_of_its_event_time() -> None:
    seen = run_gate([At(0, (dated("a", 5), dated("b", 59.9), dated("c", 60), dated("d"))), At(61, (dated("e", 30), dated("f")))])
    assert bounds(seen["in_time"]) == {
        **{name: (0, 60) for name in "abde"},
        **{name: (60, 120) for name in "cf"},
    }
    assert seen["late"] == []


def test_a_window_stays_open_for_its_lateness_and_no_longer() -> None:
    events = [At(0, (dated("a", 5),)), At(89), At(89, (dated("b", 10),)), At(91), At(91, (dated("c", 10), dated("d", 70)))]
    seen = run_gate(events)
    assert bounds(seen["in_time"]) == {"a": (0, 60), "b": (0, 60), "d": (60, 120)}
    [late] = seen["late"]
    assert (late.element.stage, late.element.reason, late.element.document_id) == ("read", "late", "c")
    assert "is closed" in late.element.detail


def test_the_first_document_of_a_closed_window_is_late() -> None:
    """Nothing came for it while it was open, so that nothing is remembered of it."""
    seen = run_gate([At(0), At(500), At(500, (dated("a", 10), dated("b", 500), dated("c", -86_400 * 40))), At(510)])
    assert bounds(seen["in_time"]) == {"b": (480, 540)}
    assert sorted(found.element.document_id for found in seen["late"]) == ["a", "c"]


def test_what_is_older_than_the_gate_remembers_is_in_no_other_window() -> None:
    """Whatever the watermark: that of a watch in this process waits for its end."""
    year = 366 * 86_400
    events = [At(0, (dated("a", -86_400 * 40), dated("b", -year - 86_400 * 40), dated("c", 5)))]
    patient = run_gate(events, windows := Windows(60, year))
    assert bounds(patient["in_time"], windows) == {"a": (-86_400 * 40, -86_400 * 40 + 60), "c": (0, 60)}
    assert [found.element.document_id for found in patient["late"]] == ["b"]


def test_what_is_late_is_accounted_in_the_window_of_now() -> None:
    seen = run_gate([At(500), At(500, (dated("a", 10),))])
    [late] = seen["late"]
    assert late.window is not None
    now = time.time() - BASE + WINDOWS.lateness_s
    assert late.window[0] - 60 <= now <= late.window[1] + 60


def test_what_was_let_in_comes_out_once_and_before_its_window_closes() -> None:
    """Also what is behind the watermark: it is counted in the one pane of its window, not dropped, not alone."""
    events = [At(0, (dated("a", 5),)), At(75), At(75, (dated("b", 5), dated("c", 5))), At(88, (dated("d", 59),)), At(200)]
    counted = run_gate(events)["counted"]
    assert [(found.element, found.pane) for found in counted] == [(4, 0)]


def test_on_arrival_nothing_is_late() -> None:
    """A source may hand over what lay there before the watermark moved on."""
    seen = run_gate([At(500), At(10, (dated("a"),))], rejects=False)
    assert [found.element.id for found in seen["late"]] == ["a"]
    assert seen["in_time"] == []


def test_a_bad_message_is_never_late() -> None:
    letter = DeadLetter("read", "InvalidJson", "not JSON", where="pubsub:1")

    def apply(letters: beam.PCollection) -> dict[str, beam.PCollection]:
        return {"all": letters | AssignWindows(WINDOWS, DeadLetter) | beam.Flatten()}

    assert [found.element for found in run_stream([At(500), At(1, (letter,))], apply, RecordCoder(DeadLetter))["all"]] == [letter]


@pytest.mark.parametrize("windows", [Windows(60), Windows(60, 30), Windows(60, 90), Windows(7, 3.5), Windows(0.5, 0.25)])
@pytest.mark.parametrize("event_time", [0.0, 59.9, 60.0, 12345.678])
def test_bounds_hold_what_they_bound(windows: Windows, event_time: float) -> None:
    [fixed] = windows.closing().windowing.windowfn.assign(
        beam.transforms.window.WindowFn.AssignContext(event_time + windows.lateness_s)
    )
    start, end = windows.bounds(fixed)
    assert start <= event_time < end
    assert end - start == pytest.approx(windows.size_s)
    assert start == pytest.approx(event_time - event_time % windows.size_s)
