"""A folder that fills up: what a look finds, and files put in while a watch runs."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.output.names import STOP_FILE
from beam_pipeline.streaming import watch_folder as watch_module
from beam_pipeline.streaming.watch_folder import QUIET_S, WatchFiles, ask_to_stop, check_watched, look, stop_watching, watch_again

LONG_AGO_S = 3600


@pytest.fixture(autouse=True)
def nothing_found() -> None:
    _FOUND.clear()


def put(path: Path, age_s: float = LONG_AGO_S) -> Path:
    """Put a file into a folder as a move does: whole, with the time of its own last change."""
    path.write_text('{"text": "x"}\n')
    changed = time.time() - age_s
    os.utime(path, (changed, changed))
    return path


@pytest.fixture
def later(until: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Do one thing after another while the test goes on, each when a look has found the file named before it or after seconds."""
    threads: list[threading.Thread] = []
    seen: set[str] = set()

    def spy(patterns: tuple[str, ...], now: float) -> tuple[list[str], list[str]]:
        quiet, changing = look(patterns, now)
        seen.update(os.path.basename(path) for path in quiet)
        return quiet, changing

    monkeypatch.setattr(watch_module, "look", spy)

    def do(*steps: tuple[str | float, Callable[[], object]]) -> None:
        def work() -> None:
            for after, what in steps:
                if isinstance(after, float):
                    time.sleep(after)
                else:
                    until(lambda after=after: after in seen)
                what()

        threads.append(threading.Thread(target=work))
        threads[-1].start()

    yield do
    for thread in threads:
        thread.join()


_FOUND: list[tuple[str, float]] = []


class _NoteFn(beam.DoFn):
    def process(self, path: str, timestamp: object = beam.DoFn.TimestampParam) -> None:
        _FOUND.append((os.path.basename(path), float(timestamp)))  # type: ignore[arg-type]


def watch(patterns: list[str], interval_s: float, until_s: float, output: str = "") -> list[tuple[str, float]]:
    """Watch in the in-process runner: the names that were found, with the time of each."""
    watch_again(output)
    with beam.Pipeline("FnApiRunner", PipelineOptions(["--streaming"])) as pipeline:
        pipeline | WatchFiles(tuple(patterns), interval_s, until_s, output) | beam.ParDo(_NoteFn())
    return sorted(_FOUND)


def test_a_look_leaves_what_is_still_written(tmp_path: Path) -> None:
    old, new = put(tmp_path / "old.jsonl"), put(tmp_path / "new.jsonl", age_s=0)
    ahead = put(tmp_path / "ahead.jsonl", age_s=-LONG_AGO_S)  # another machine's clock
    (tmp_path / "folder.jsonl").mkdir()
    quiet, changing = look((f"{tmp_path}/*.jsonl",), time.time())
    assert sorted(quiet) == sorted(map(str, (old, ahead)))
    assert changing == [str(new)]
    assert look((f"{tmp_path}/*.jsonl",), time.time() + 2 * QUIET_S)[1] == []


def test_a_file_system_that_is_away_is_asked_again(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    old = put(tmp_path / "old.jsonl")
    quiet, _ = look(("no-such-scheme://b/*.jsonl", str(old)), time.time())
    assert quiet == [str(old)]
    assert "will be tried again" in caplog.text


def test_files_that_come_while_it_watches(tmp_path: Path, later: Callable[..., None]) -> None:
    put_at: list[float] = []

    def add(name: str) -> None:
        put_at.append(time.time())
        put(tmp_path / name)

    add("a.jsonl")
    later(("a.jsonl", lambda: add("b.jsonl")), ("b.jsonl", lambda: add("c.jsonl")), ("c.jsonl", stop_watching))
    found = watch([f"{tmp_path}/*.jsonl", f"{tmp_path}/a*"], 0.2, 600.0)
    assert [name for name, _ in found] == ["a.jsonl", "b.jsonl", "c.jsonl"], "each once, also what two patterns match"
    times = [seen for _, seen in found]
    assert times == sorted(times)
    assert all(seen >= at - 0.01 for seen, at in zip(times, put_at, strict=True))


def test_a_watch_does_not_end_before_a_growing_file_is_whole(tmp_path: Path, later: Callable[..., None]) -> None:
    growing = put(tmp_path / "a.jsonl", age_s=0)

    def grow() -> None:
        with growing.open("a") as file:
            file.write("x")

    later(*[(0.5, grow)] * 3)
    [(name, seen)] = watch([f"{tmp_path}/*.jsonl"], 0.2, 0.6)
    assert name == "a.jsonl"
    assert seen - growing.stat().st_mtime > 0.9 * QUIET_S


def test_a_watch_can_be_ended(tmp_path: Path, later: Callable[..., None]) -> None:
    put(tmp_path / "a.jsonl")
    later(("a.jsonl", stop_watching))
    assert [name for name, _ in watch([f"{tmp_path}/*.jsonl"], 0.3, 600.0)] == ["a.jsonl"]


def test_a_file_in_the_output_folder_ends_a_watch_anywhere(tmp_path: Path, later: Callable[..., None]) -> None:
    """What tells workers on other machines; one that an earlier run left does not."""
    output = tmp_path / "out"
    output.mkdir()
    put(tmp_path / "a.jsonl")
    ask_to_stop(str(output))
    later(("a.jsonl", lambda: put(tmp_path / "b.jsonl")), (0.0, lambda: ask_to_stop(str(output))))
    found = watch([f"{tmp_path}/*.jsonl"], 600.0, 3600.0, str(output))
    assert [name for name, _ in found] == ["a.jsonl", "b.jsonl"], "the last look is when it ends"
    assert (output / STOP_FILE).exists()
    watch_again(str(output))
    assert not (output / STOP_FILE).exists()


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("{folder}", "is a folder; name its files"), ("{folder}/none/*.jsonl", "there is no folder"), ("none*/x.jsonl", "")],
)
def test_folders_must_be_there(tmp_path: Path, pattern: str, said: str) -> None:
    given = (pattern.format(folder=tmp_path),)
    if said:
        with pytest.raises(ValueError, match=said):
            check_watched(given)
    else:
        check_watched(given)  # relative: this folder is there
