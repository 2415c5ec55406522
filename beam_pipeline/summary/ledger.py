"""The ledger: every document and every task must have ended in exactly one place, and this counts the proof.

The proof is counted inside the graph, by name, and not with counters. Whatever begins leaves a mark
under its name, and so does whatever it ends in:

    row    by `where`: read; pairs, rejections and dead letters of it
    text   a document or chunk, by row and id: given to the model block; tasks begun, or rejected there, or dead there
    task   by row and id: begun; accepted, rejected or dead

Where a limit stopped the run, a text may also be not started, and a text or task unfinished.

A text or task must end exactly once: with no ending it was lost, with two it was doubled, and an ending
without a beginning came from nowhere. A row may end in several places, as its tasks do, and counts where
what counts most of it ended; if one of its texts was lost or doubled, so was the row.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import chain, zip_longest
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows

from transforms import records
from transforms.flow.outcome import Outcome
from transforms.records import DeadLetter, Document, PersonaTask, QAPair, Rejection, VerifiedQA
from transforms.stages import BEFORE_MODELS, MODEL_STAGES

# How often each mark was left under a name. Of a text, ACCEPTED are the tasks that were begun for it.
STARTED, ACCEPTED, DEAD, REJECTED, LOST_TEXT, DOUBLED_TEXT, UNFINISHED, UNSTARTED = MARKS = range(8)
# Where a row ended when its tasks ended in several places: what counts most comes first. Dead
# goes before rejected, because a replay may still make a pair of it; so does what a limit of the run left undone.
ENDINGS = (
    *((ACCEPTED, "accepted"), (DEAD, "dead_lettered"), (UNFINISHED, "unfinished"), (UNSTARTED, "not_started")),
    (REJECTED, "rejected"),
)
# The endings that only a run with a limit has.
LEFT = ("unfinished", "not_started")
LOST, UNKNOWN, DOUBLED = "lost", "unknown", "doubled"
UNBALANCED = (LOST, UNKNOWN, DOUBLED)

# Of rows that a table refused: a copy of what has ended elsewhere, so counted and no ending.
SINK_STAGE = "table"

# What is counted: rows, texts and tasks by name, and tallies, which are sums and have no endings.
ROW, TEXT, TASK, TALLY = "row", "text", "task", "tally"
ROWS = "rows"

Counts = dict[str, int]
Count = tuple[str, int]
Marks = tuple[int, ...]
Name = tuple[str, str, str]  # what it is, its row's `where`, and the id of a text or task; a tally's key comes second
Mark = tuple[Name, Marks]
Ended = VerifiedQA | Rejection | DeadLetter


def marks(*left: int) -> Marks:
    """Marks as they are counted: how many of each kind."""
    return tuple(left.count(mark) for mark in MARKS)


def add_marks(counted: Iterable[Marks]) -> Marks:
    """All marks under one name."""
    # A running stream that is updated may still hold marks of a version that had fewer kinds.
    return tuple(map(sum, zip_longest(marks(), *counted, fillvalue=0)))


def row_ending(counted: Marks) -> str:
    """Where a row ended, by the marks under its name."""
    if not counted[STARTED]:
        return UNKNOWN
    if counted[LOST_TEXT]:
        return LOST
    if counted[STARTED] > 1 or counted[DOUBLED_TEXT]:
        return DOUBLED
    return next((name for mark, name in ENDINGS if counted[mark]), LOST)


def task_ending(counted: Marks) -> str:
    """Where a task ended, which must be one place."""
    if not counted[STARTED]:
        return UNKNOWN
    ended = [name for mark, name in ENDINGS for _ in range(counted[mark])]
    if counted[STARTED] > 1 or len(ended) > 1:
        return DOUBLED
    return ended[0] if ended else LOST


def text_ending(counted: Marks) -> str:
    """Where a text ended in the model block; "accepted" if tasks were begun for it, however many."""
    return task_ending(tuple(min(number, 1) if mark == ACCEPTED else number for mark, number in enumerate(counted)))


def _read(item: Document | Rejection | DeadLetter) -> Mark:
    return (ROW, item.where, ""), marks(STARTED)


def _given(document: Document) -> Mark:
    return (TEXT, document.where, document.id), marks(STARTED)


def _begun(task: PersonaTask) -> Iterator[Mark]:
    document = task.document
    yield (TEXT, document.where, document.id), marks(ACCEPTED)
    yield (TASK, document.where, task.id), marks(STARTED)


def _left(item: Ended, before_models: tuple[str, ...] = BEFORE_MODELS) -> Iterator[Mark]:
    """What something that leaves the pipeline says of its row, its text, its task and the tallies."""
    tallied: tuple[str, str, str] | None = None
    match item:
        case VerifiedQA():
            task = item.pair.task
            yield _tally("pairs")
            yield _tally("domains", task.domain, "accepted")
            yield _tally("answer_types", item.pair.answer_type)
            yield (ROW, task.document.where, ""), marks(ACCEPTED)
            yield (TASK, task.document.where, task.id), marks(ACCEPTED)
            return
        case Rejection():
            ended, tallied = REJECTED, ("rejected", "reasons", item.reason)
        case DeadLetter(error=records.NOT_STARTED):
            ended = UNSTARTED if item.stage == MODEL_STAGES[0] else UNFINISHED
        case DeadLetter():
            ended, tallied = DEAD, ("dead_lettered", "errors", item.error)
    if tallied:
        ending, part, why = tallied
        yield _tally("stages", item.stage, ending)
        yield _tally(part, item.stage, why)
        if item.domain:
            yield _tally("domains", item.domain, ending)
        if ended == DEAD and item.stage == SINK_STAGE:
            return
    yield (ROW, item.where, ""), marks(ended)
    if item.stage in before_models:
        # Begun and ended here, so it must not be given to the model block as well.
        yield (TEXT, item.where, item.document_id), marks(STARTED, ended)
    elif not item.task_id:
        yield (TEXT, item.where, item.document_id), marks(ended)
    if item.task_id:
        yield (TASK, item.where, item.task_id), marks(ended)


def _met(tally: tuple[str, str]) -> Mark:
    return _tally("inputs", *tally)


def _pair_of_source(qa: VerifiedQA) -> Mark:
    return _tally("inputs", qa.pair.task.document.source, "pairs")


def _passed(element: Any, stage: str) -> Mark:
    return _tally("stages", stage, "passed")


def _mended(pair: QAPair) -> Iterator[Mark]:
    if pair.repaired:
        yield _tally("repairs", "mended")


def _tally(*parts: str) -> Mark:
    return (TALLY, _key(*parts), ""), marks(STARTED)


def _key(*parts: str) -> str:
    # Reasons and domains may hold any character but this one.
    return "\t".join(parts)


class _EndFn(beam.DoFn):
    """Where each name ended: counts, and to the rows what a text that did not end exactly once says of its row."""

    def process(self, counted: Mark) -> Iterator[Any]:
        (kind, where, _), left = counted
        match kind:
            case "tally":
                yield where, left[STARTED]
            case "task":
                yield _key("tasks", task_ending(left)), 1
            case "text":
                ended = text_ending(left)
                if ended in UNBALANCED:
                    yield beam.pvalue.TaggedOutput(ROWS, (where, marks(LOST_TEXT if ended == LOST else DOUBLED_TEXT)))
            case _:
                yield beam.pvalue.TaggedOutput(ROWS, (where, left))


def _end_row(where: str, left: Marks) -> Count:
    return _key("documents", row_ending(left)), 1


@dataclass
class CountRun(beam.PTransform):
    """Counts a whole run: PCollection of one Counts, keys of the summary's parts joined by tabs.

    In windows it counts each by itself, and all that belongs to a document must be in its window. Marks are counted
    once, when the window closes: sums of what has come so far would call lost what is only under way.
    """

    read: Outcome  # what reading gave
    stages: Mapping[str, Outcome]  # by name, in order
    given: Any  # PCollection[Document], all documents and chunks that the model block was given
    tasks: Any  # PCollection[PersonaTask], all that were begun
    left: Outcome  # everything that left the pipeline
    tallies: Any = None  # PCollection[tuple[str, str]], labels and what was met in the input of that label; None if nobody counts
    by_source: bool = False  # whether sources are labels of inputs, so that pairs are counted by them
    before_screen: tuple[str, ...] = ()  # stages of one's own between the first and the second

    def expand(self, pipeline: Any) -> beam.PCollection:
        marked = [
            *(part | f"Read{name}" >> beam.Map(_read).with_output_types(Mark) for name, part in _named(Outcome(*self.read[:3]))),
            self.given | "Given" >> beam.Map(_given).with_output_types(Mark),
            self.tasks | "Begun" >> beam.FlatMap(_begun).with_output_types(Mark),
            *(
                part | f"Left{name}" >> beam.FlatMap(_left, (*BEFORE_MODELS, *self.before_screen)).with_output_types(Mark)
                for name, part in _named(self.left)
            ),
            *(
                outcome.passed | f"Passed{stage.title().replace('_', '')}" >> beam.Map(_passed, stage).with_output_types(Mark)
                for stage, outcome in self.stages.items()
            ),
        ]
        if "repair" in self.stages:
            marked.append(self.stages["repair"].passed | "Mended" >> beam.FlatMap(_mended).with_output_types(Mark))
        if self.tallies is not None:
            marked.append(self.tallies | "Met" >> beam.Map(_met).with_output_types(Mark))
        if self.by_source:
            marked.append(self.left.passed | "PairsBySource" >> beam.Map(_pair_of_source).with_output_types(Mark))
        ended = (
            marked
            | "FlattenMarks" >> beam.Flatten()
            | "JoinMarks" >> beam.CombinePerKey(add_marks)
            | "End" >> beam.ParDo(_EndFn()).with_output_types(Count, rows=tuple[str, Marks]).with_outputs(ROWS, main="counts")
        )
        rows = (
            ended[ROWS]
            | "JoinRows" >> beam.CombinePerKey(add_marks)
            | "EndRows" >> beam.MapTuple(_end_row).with_output_types(Count)
        )
        return (
            (ended["counts"], rows)
            | "FlattenCounts" >> beam.Flatten()
            | "Gather" >> combine_windows(_GatherFn(), self.given).with_output_types(dict[str, int])
        )


def combine_windows(combine: Any, elements: Any) -> Any:
    """CombineGlobally in the windows of some elements; only where there are none does it give a value for no elements."""
    combined = beam.CombineGlobally(combine)
    return combined if isinstance(elements.windowing.windowfn, GlobalWindows) else combined.without_defaults()


def _named(parts: Outcome) -> Iterator[tuple[str, Any]]:
    return zip(("Passed", "Rejected", "DeadLetters"), parts, strict=True)


class _GatherFn(beam.CombineFn):
    """All counts of a run as one dictionary: some hundred keys, however large the run."""

    def create_accumulator(self) -> Counts:
        return {}

    def add_input(self, accumulator: Counts, count: Count) -> Counts:
        accumulator[count[0]] = accumulator.get(count[0], 0) + count[1]
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Counts]) -> Counts:
        return reduce(self.add_input, chain.from_iterable(part.items() for part in accumulators), {})

    def extract_output(self, accumulator: Counts) -> Counts:
        return accumulator
