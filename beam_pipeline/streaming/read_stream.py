"""ReadStream: documents that never end, from Pub/Sub or from a folder that fills up, in windows of event time.

Input:    a subscription (`pubsub.py`), or globs (`watch.py`)
Passed:   PCollection[Document], each id once within its time to live, windowed
Rejected: Rejection, reason in {"late", "exact_duplicate"}
Dead:     what reading files gives, and BadEventTime
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.values import ARRIVAL, FIELD, ON_ARRIVAL, EventTime, read_event_time
from beam_pipeline.output.folder import check_apart
from beam_pipeline.reading.documents import STAGE, Fields
from beam_pipeline.reading.file_reader import check_installed
from beam_pipeline.reading.input_list import InputSpec, file_inputs, input_patterns
from beam_pipeline.reading.read_files import ReadFiles, Reading, repeated_id
from beam_pipeline.reading.read_inputs import ReadInputs, is_tallied
from beam_pipeline.streaming.pubsub import ReadMessages, check_pubsub
from beam_pipeline.streaming.watch_folder import WatchFiles, check_watched
from beam_pipeline.streaming.windows import AssignWindows, Windows
from transforms.flow.first_seen import FirstSeen
from transforms.flow.outcome import Outcome, count
from transforms.records import DeadLetter, Document, Rejection
from transforms.text import stable_hash


def stream_source(config: PipelineConfig, inputs: tuple[InputSpec, ...] = ()) -> "ReadStream":
    """The stream of documents that the options name; `inputs` are those of `--inputs`."""
    event_time = read_event_time(config.event_time)
    field = event_time.name if event_time.kind == FIELD else ""
    fields = Fields(config.text_field, config.id_field, config.source_field, config.source, field, tuple(config.carry))
    source: ReadMessages | ReadFolder | ReadInputs
    look = config.watch_interval_s, config.watch_until_s, config.output
    if config.input_subscription:
        source = ReadMessages(config.input_subscription, fields, event_time)
    elif inputs:
        source = ReadInputs(inputs, partial(WatchFiles, interval_s=look[0], until_s=look[1], output=look[2]), field)
    else:
        source = ReadFolder(tuple(config.input), fields, config.input_format, *look, is_tallied(config))
    return ReadStream(source, stream_windows(config), event_time, config.deduplicate_ttl_s)


def check_stream(config: PipelineConfig, inputs: tuple[InputSpec, ...]) -> None:
    """Look whether what is to be read and written is there.

    Raises:
        ValueError: it is not; one line.
    """
    if patterns := input_patterns(config, inputs):
        check_watched(patterns)
        for files in file_inputs(config, inputs):
            for pattern in files.patterns:
                check_installed(files.reader.format_of(pattern))
        # Not the folders that this run fills itself.
        folders = [pattern.rpartition("/")[0] for pattern in patterns]
        check_apart([f"{folder}/{folder.rpartition('/')[2]}-00000-of-00001.jsonl" for folder in folders], config.output)
    if config.input_subscription or config.output_topic:
        check_pubsub(config.input_subscription, config.output_topic)


def stream_windows(config: PipelineConfig) -> Windows:
    """How the options cut a stream."""
    lateness_s = config.allowed_lateness_s
    if lateness_s is None:
        lateness_s = 0.0 if read_event_time(config.event_time).kind == ARRIVAL else config.window_s
    return Windows(config.window_s, lateness_s)


@dataclass
class ReadStream(beam.PTransform):
    """Reads a stream of documents: pipeline -> Outcome[Document], stage "read", every part windowed; a Reading if the source
    gives one.

    Attributes:
        source: PTransform from a pipeline to an Outcome[Document] in the global window: `ReadMessages`, `ReadFolder` or
            `ReadInputs`.
        windows: how the stream is cut.
        event_time: where documents say when they happened; on arrival nothing is late.
        ttl_s: seconds for which an id is remembered.
    """

    source: Any
    windows: Windows
    event_time: EventTime = ON_ARRIVAL
    ttl_s: float = 86_400.0

    @no_annotations
    def expand(self, pipeline: beam.pvalue.PBegin) -> Outcome | Reading:
        read = pipeline | "Source" >> self.source
        # Before the windows: what is delivered again when its window is closed is still the same document, and not late.
        unique = read.passed | "UniqueIds" >> FirstSeen(STAGE, _id_of, _name_of, _repeated, Document, self.ttl_s)
        letters = (read.dead_letters, unique.dead_letters) | "AllDeadLetters" >> beam.Flatten()
        dated = self.event_time.kind != ARRIVAL
        documents, late = unique.passed | "WindowDocuments" >> AssignWindows(self.windows, Document, rejects=dated)
        rejected = unique.rejected | "WindowRejected" >> AssignWindows(self.windows, Rejection)
        if dated:
            rejected = (*rejected, late)
        else:
            documents = (documents, late) | "AnyTime" >> beam.Flatten()
        outcome = Outcome(
            documents,
            rejected | "AllRejected" >> beam.Flatten(),
            letters | "WindowDeadLetters" >> AssignWindows(self.windows, DeadLetter) | "AllLetters" >> beam.Flatten(),
        )
        if not isinstance(read, Reading):
            return outcome
        # What was left out belongs to the window in which it was met: it has no other time that anybody looked at.
        return Reading(*outcome, read.tallies | "WindowTallies" >> self.windows.closing())


@dataclass
class ReadFolder(beam.PTransform):
    """Reads the documents of every file that appears: pipeline -> Outcome[Document], in the global window.

    Attributes:
        patterns: globs of files to come.
        fields: where a row keeps what a document needs.
        input_format: as `ReadDocuments` has it.
        interval_s, until_s, output: as `WatchFiles` has them.
        tallied: whether to give a Reading.
    """

    patterns: tuple[str, ...]
    fields: Fields
    input_format: str = "auto"
    interval_s: float = 30.0
    until_s: float = 0.0
    output: str = ""
    tallied: bool = False

    @no_annotations
    def expand(self, pipeline: beam.pvalue.PBegin) -> Outcome | Reading:
        paths = pipeline | "Watch" >> WatchFiles(self.patterns, self.interval_s, self.until_s, self.output)
        return paths | "ReadFiles" >> ReadFiles(self.fields, self.input_format, tallied=self.tallied)


def _id_of(document: Document) -> str:
    return document.id


def _name_of(document: Document) -> str:
    return json.dumps([document.where, stable_hash(document.text)])


def _repeated(document: Document, first: str) -> Iterator[Rejection | DeadLetter]:
    where, text = json.loads(first)
    if document.where == where:  # the same message delivered again, so not another document
        count(STAGE, "redelivered")
    else:
        yield repeated_id(document, where, text == stable_hash(document.text))
