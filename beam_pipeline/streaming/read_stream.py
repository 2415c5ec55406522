"""ReadStream: documents that never end, from Pub/Sub or from a folder that fills up, in windows of event time.

Input:    a subscription (`pubsub.py`), or globs (`watch_folder.py`)
Passed:   PCollection[Document], each id once within its time to live, windowed
Rejected: Rejection, reason in {"late", "exact_duplicate"}
Dead:     what reading files gives, and BadEventTime
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.values import ARRIVAL, FIELD, ON_ARRIVAL, EventTime, read_event_time
from beam_pipeline.output.folder import check_apart
from beam_pipeline.reading.documents import STAGE
from beam_pipeline.reading.file_reader import check_installed
from beam_pipeline.reading.input_list import InputSpec, fields_of, file_inputs, input_patterns, is_tallied
from beam_pipeline.reading.read_files import ReadFiles, Reading, ReadInputs, repeated_id
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
    source: beam.PTransform
    watch = partial(WatchFiles, interval_s=config.watch_interval_s, until_s=config.watch_until_s, output=config.output)
    files = tuple(file_inputs(config, inputs, field))
    if config.input_subscription:
        source = ReadMessages(config.input_subscription, fields_of(config, field), event_time)
    elif inputs:
        source = ReadInputs(files, watch)
    else:
        source = "Watch" >> watch(files[0].patterns) | "ReadFiles" >> ReadFiles(files[0].reader, is_tallied(config))
    return ReadStream(source, stream_windows(config), event_time, config.deduplicate_ttl_s)


def check_stream(config: PipelineConfig, inputs: tuple[InputSpec, ...]) -> None:
    """Raise ValueError, one line, unless what is to be read and written is there."""
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
    """

    source: beam.PTransform  # gives an Outcome or a Reading in the global window
    windows: Windows
    event_time: EventTime = ON_ARRIVAL  # where documents say when they happened; on arrival nothing is late
    ttl_s: float = 86_400.0  # for which an id is remembered

    @no_annotations
    def expand(self, pipeline: beam.pvalue.PBegin) -> Outcome | Reading:
        read: Outcome | Reading = pipeline | "Source" >> self.source
        # Before the windows: what is delivered again when its window is closed is still the same document, and not late.
        unique = read.passed | "UniqueIds" >> FirstSeen(STAGE, _id_of, _name_of, _repeated, Document, self.ttl_s)
        letters = (read.dead_letters, unique.dead_letters) | "AllDeadLetters" >> beam.Flatten()
        letters = letters | "WindowDeadLetters" >> AssignWindows(self.windows, DeadLetter)
        dated = self.event_time.kind != ARRIVAL
        documents, late = unique.passed | "WindowDocuments" >> AssignWindows(self.windows, Document, rejects=dated)
        rejected = unique.rejected | "WindowRejected" >> AssignWindows(self.windows, Rejection)
        if dated:
            rejected = (*rejected, late)
        else:
            documents = (documents, late) | "AnyTime" >> beam.Flatten()
        read = read._replace(
            passed=documents,
            rejected=rejected | "AllRejected" >> beam.Flatten(),
            dead_letters=letters | "AllLetters" >> beam.Flatten(),
        )
        if isinstance(read, Reading):
            # What was left out belongs to the window in which it was met: it has no other time that anybody looked at.
            read = read._replace(tallies=read.tallies | "WindowTallies" >> self.windows.closing())
        return read


_id_of = attrgetter("id")


def _name_of(document: Document) -> str:
    return json.dumps([document.where, stable_hash(document.text)])


def _repeated(document: Document, first: str) -> Iterator[Rejection | DeadLetter]:
    where, text = json.loads(first)
    if document.where == where:  # the same message delivered again, so not another document
        count(STAGE, "redelivered")
    else:
        yield repeated_id(document, where, text == stable_hash(document.text))
