"""A folder that fills up: every file that appears is read once, for engines that have no queue to read from.

Beam's `MatchContinuously` looks every so often, too, but runs its watermark ahead to the next look, keeps what it
has seen in one element, and cannot be ended. Here the watermark is the last look, what was seen is state by path, and
a watch ends by itself: after some time, when the process that it runs in is asked to stop, or, wherever it runs, when a
file named `stop` lies in the output folder, so that what was seen goes through to the end.

A file is known by its name: what is put under a name again is not read again.
"""

import logging
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.coders import BooleanCoder
from apache_beam.io.filesystems import FileSystems
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Duration, Timestamp

from beam_pipeline.output.names import STOP_FILE
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.matching import list_files

# A file that was changed less than this ago may still grow.
QUIET_S = 2.0
# A file that goes on changing does not hold up the end of a watch for longer.
_PATIENCE_S = 10.0
# So soon is seen that a watch is to end.
_GLANCE_S = 1.0
_FOREVER_MS = 2**62

_LOGGER = logging.getLogger(__name__)
_STOP = threading.Event()


def stop_watching() -> None:
    """End every watch that runs in this process, at its next look; what was seen goes through to the end."""
    _STOP.set()


def ask_to_stop(output: str) -> None:
    """End the watch of a run wherever it runs, within some seconds; what was seen goes through to the end.

    Raises whatever a file system raises that cannot write into the folder.
    """
    FileSystems.create(FileSystems.join(output, STOP_FILE), mime_type="text/plain", compression_type="uncompressed").close()


def watch_again(output: str = "") -> None:
    """Forget that a watch was asked to end, here or in an output folder. Raises as `ask_to_stop`."""
    _STOP.clear()
    if output and FileSystems.exists(path := FileSystems.join(output, STOP_FILE)):
        FileSystems.delete([path])


@dataclass
class WatchFiles(beam.PTransform):
    """Looks for files again and again: pipeline -> PCollection[str], each path once, at the time when it was seen."""

    patterns: tuple[str, ...]  # paths or globs
    interval_s: float  # between looks
    until_s: float = 0.0  # after the first look at which watching ends; 0 for never
    output: str = ""  # folder in which a file named `stop` ends it; "" for none

    def expand(self, pipeline: beam.pvalue.PBegin) -> beam.PCollection:
        # The in-process runner comes back at once whatever was asked for, and adds up metrics by recursion.
        stay = isinstance(pipeline.pipeline.runner, FnApiRunner)
        stop_file = FileSystems.join(self.output, STOP_FILE) if self.output else ""
        looking = beam.ParDo(_LookFn(self.patterns, self.interval_s, self.until_s, stop_file, stay))
        return (
            pipeline
            | "Once" >> beam.Create([b""], reshuffle=False)
            | "Begin" >> beam.Map(lambda _: time.time()).with_output_types(float)
            | "Look" >> looking.with_output_types(tuple[str, bool])
            | "OncePerPath" >> beam.ParDo(_NewPathFn()).with_output_types(str)
            | "SpreadFiles" >> beam.Reshuffle()
        )


class _MomentsProvider(RestrictionProvider):
    """The moments at which one may look, in milliseconds since the epoch: from now on."""

    def initial_restriction(self, began: float) -> OffsetRange:
        return OffsetRange(round(began * 1000), _FOREVER_MS)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return OffsetRestrictionTracker(restriction)

    def restriction_size(self, began: float, restriction: OffsetRange) -> int:
        return 1

    def truncate(self, began: float, restriction: OffsetRange) -> None:
        """No further look is taken when a job is drained."""


_MOMENTS = _MomentsProvider()
_WATERMARK = ManualWatermarkEstimator.default_provider()


@dataclass(eq=False)
class _LookFn(beam.DoFn):
    """Looks, and comes back for the next look; with `stay` it waits for it."""

    patterns: tuple[str, ...]
    interval_s: float
    until_s: float
    stop_file: str
    stay: bool

    @beam.DoFn.unbounded_per_element()
    def process(
        self,
        began: float,
        moments: Any = beam.DoFn.RestrictionParam(_MOMENTS),
        watermark: Any = beam.DoFn.WatermarkEstimatorParam(_WATERMARK),
    ) -> Iterator[TimestampedValue]:
        due = moments.current_restriction().start / 1000
        while True:
            now = time.time()
            over_s = now - began - self.until_s if self.until_s else 0.0
            ending = over_s > 0 or _asked_to_stop(self.stop_file)
            growing = False
            if now >= due or ending:
                due = max(now + self.interval_s, due)
                # All moments before the next look are claimed, so that what is left begins with it.
                if not moments.try_claim(round(due * 1000)):
                    return
                quiet, changing = look(self.patterns, now)
                growing = bool(changing) and over_s < _PATIENCE_S
                for path in quiet if growing or not ending else (*quiet, *changing):
                    yield TimestampedValue((path, True), now)
            # Not ahead of the clock, so that nothing that is found next is late.
            if now > float(watermark.current_watermark() or 0):
                watermark.set_watermark(Timestamp.of(now))
            if ending and not growing:
                moments.try_claim(_FOREVER_MS)
                return
            pause = min(self.interval_s, _GLANCE_S)
            if not self.stay:
                moments.defer_remainder(Duration.of(pause))
                return
            time.sleep(pause)


def _asked_to_stop(stop_file: str) -> bool:
    if _STOP.is_set() or not stop_file:
        return _STOP.is_set()
    try:
        return FileSystems.exists(stop_file)
    except Exception as error:  # of any file system, as below
        _LOGGER.warning("%s: cannot be looked up, will be tried again: %s", stop_file, reason(error))
        return False


def look(patterns: tuple[str, ...], now: float) -> tuple[list[str], list[str]]:
    """The files that are there: those that are complete as far as one can see, and those that have just changed."""
    quiet: list[str] = []
    changing: list[str] = []
    for pattern in patterns:
        try:
            found = list_files(pattern)
        except Exception as error:  # each file system has errors of its own; the next look may do better
            _LOGGER.warning("%s: cannot be looked up, will be tried again: %s", pattern, reason(error))
            continue
        for file in found:
            recent = abs(now - (file.last_updated_in_seconds or 0)) < QUIET_S
            (changing if recent else quiet).append(file.path)
    return quiet, changing


class _NewPathFn(beam.DoFn):
    """Lets each path pass once. The state's name is part of a running stream."""

    SEEN = ReadModifyWriteStateSpec("seen", BooleanCoder())

    def process(self, found: tuple[str, bool], seen: Any = beam.DoFn.StateParam(SEEN)) -> Iterator[str]:
        if not seen.read():
            seen.write(True)
            yield found[0]


def check_watched(patterns: tuple[str, ...]) -> None:
    """Raise ValueError, one line, unless the folders to watch are there; they may be empty."""
    for pattern in patterns:
        if FileSystems.get_scheme(pattern) is not None:
            continue
        if os.path.isdir(pattern):
            raise ValueError(f"{pattern}: is a folder; name its files, as in '{pattern.rstrip('/')}/*.jsonl'")
        fixed = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
        folder = os.path.dirname(fixed) or "."
        if not os.path.isdir(folder):
            raise ValueError(f"{pattern}: there is no folder {folder} to watch; make it first")
