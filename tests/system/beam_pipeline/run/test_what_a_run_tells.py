"""What a run tells while it goes on, and what becomes of it where its folder cannot be written or goes away."""

import errno
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from apache_beam.io.localfilesystem import LocalFileSystem

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.exit_codes import FAILED, OK
from beam_pipeline.main import main
from beam_pipeline.report.write import tell_report
from beam_pipeline.run import batch, preview, progress
from beam_pipeline.storage import whole_file
from tests.places import SAMPLE

pytestmark = pytest.mark.integration

NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def rows(*paths: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def arguments(output: Path, endpoint: str, *more: str) -> list[str]:
    return ["--input", str(SAMPLE), "--output", str(output), "--endpoint", endpoint, "--report=false", *more]


def test_pairs_can_be_read_while_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LOOK_S", 0.05), ("FIRST_S", 0.1), ("NEXT_S", 0.1)):
        monkeypatch.setattr(preview, name, value)
    output, seen = tmp_path / "out", {}
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.02):
            for path in output.glob("preview/qa-*.jsonl"):
                with suppress(FileNotFoundError):  # the run is over
                    seen[path.name] = [row["id"] for row in rows(path)]

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with DemoEndpoint.start(slots=8, latency_median_s=0.1) as endpoint:
            assert main(arguments(output, endpoint.url)) == OK
    finally:
        over.set()
        reader.join()
    previewed = [each for ids in seen.values() for each in ids]
    pairs = [row["id"] for row in rows(*output.glob("qa/*.jsonl"))]
    assert len(seen) > 2, "it grows in whole files"
    assert len(previewed) > len(pairs) / 2 and len(set(previewed)) == len(previewed)
    assert len(set(previewed) & set(pairs)) > 0.8 * len(previewed), "some are taken out when all are there"
    assert not list(output.glob("preview/*")), "qa/ is there now"


def test_a_stopped_run_leaves_its_preview_and_the_next_takes_it_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "out"
    with DemoEndpoint.start() as endpoint:
        create = LocalFileSystem.create

        def full(self: Any, path: str, *args: Any, **kwargs: Any) -> Any:
            if "/qa/beam-temp-qa" in path:
                raise NO_SPACE
            return create(self, path, *args, **kwargs)

        monkeypatch.setattr(LocalFileSystem, "create", full)
        assert main(arguments(output, endpoint.url)) == FAILED
        assert rows(*output.glob("preview/qa-*.jsonl")), "though nothing is in qa/"
        monkeypatch.undo()
        assert main(arguments(output, endpoint.url, "--resume")) == OK
    assert not (output / "preview").exists() and rows(*output.glob("qa/*.jsonl"))


@pytest.mark.parametrize("kind", ["qa", "rejected", "dead_letters"])
def test_a_full_disk_costs_a_line_and_nothing_that_was_paid_for(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    output, create = tmp_path / "out", LocalFileSystem.create

    def full(self: Any, path: str, *args: Any, **kwargs: Any) -> Any:
        if f"/{kind}/beam-temp" in path:
            raise NO_SPACE
        return create(self, path, *args, **kwargs)

    with DemoEndpoint.start() as endpoint:
        monkeypatch.setattr(LocalFileSystem, "create", full)
        assert main(arguments(output, endpoint.url)) == FAILED
        [line] = capfd.readouterr().err.splitlines()
        assert line == (
            "error: the output cannot be written: No space left on device; what was paid for is kept: "
            "mend it and go on with --resume"
        )
        monkeypatch.undo()
        before = endpoint.stats()["requests"]
        assert main(arguments(output, endpoint.url, "--resume")) == OK
        assert endpoint.stats()["requests"] == before + 1, "the preflight"


@pytest.mark.parametrize(
    ("name", "line"), [("summary.json", "error: .* cannot be written: .*No space"), ("report.html", "no report: .*No space")]
)
def test_a_page_is_whole_or_not_there(
    name: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output, replace = tmp_path / "out", os.replace
    began = threading.Event()

    def full(source: str, target: str) -> None:
        if target.endswith(name) and (name != "summary.json" or began.is_set()):
            raise NO_SPACE
        began.set() if target.endswith(name) else None
        replace(source, target)

    monkeypatch.setattr(whole_file.os, "replace", full)
    monkeypatch.setattr(batch, "tell_report", tell_report)
    assert (
        main(["--input", str(SAMPLE), "--output", str(output), "--demo", f"--report={str(name != 'summary.json').lower()}"])
        == FAILED
    )
    out, err = capsys.readouterr()
    assert re.search(line, err) and "Traceback" not in err and " pairs in " in out
    assert (output / "report.html").exists() is False
    assert json.loads((output / "summary.json").read_text())["balanced"]
    assert not list(output.glob("*.tmp"))


@pytest.mark.parametrize(("what", "after"), [("journal", 60), ("", 60), ("journal", 5)])
def test_a_journal_that_is_deleted_meanwhile_is_told(
    what: str, after: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    with DemoEndpoint.start(slots=4, latency_median_s=0.2) as endpoint:

        def remove() -> None:
            while endpoint.stats()["requests"] < after or not list(output.glob("journal/index/*")):
                time.sleep(0.02)
            shutil.rmtree(output / what)

        remover = threading.Thread(target=remove)
        remover.start()
        assert main(arguments(output, endpoint.url)) == FAILED
        remover.join()
        requests = endpoint.stats()["requests"]
    at_once, at_end = capsys.readouterr().err.splitlines()
    assert re.search(r"journal was deleted while the run goes on: about \d+ replies that were paid for are lost", at_once)
    lost = json.loads((output / "summary.json").read_text())["lost_replies"]
    assert f"{lost} replies that were paid for are kept nowhere" in at_end
    kept = sum(path.read_bytes().count(b"\n") for path in output.glob("journal/*.jsonl"))
    assert 0 < lost < requests - 1 <= lost + kept, "what came later is kept"
    assert rows(*output.glob("qa/*.jsonl")), "what the run wrote is whole"
    assert (output / "options.yaml").exists(), "it can be gone on with"


def test_a_log_file_has_its_lines(tmp_path: Path) -> None:
    code = (
        "import sys; from beam_pipeline.run import progress; progress.LOG_INTERVAL_S = 0.3; "
        "from beam_pipeline.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    with DemoEndpoint.start(slots=4, latency_median_s=0.1) as endpoint:
        prices = ("--price_in=1", "--price_out=2")
        command = [sys.executable, "-c", code, "run", *arguments(tmp_path / "out", endpoint.url, *prices)]
        err = subprocess.run(command, capture_output=True, text=True, timeout=120).stderr
    lines = err.splitlines()
    asked = [line for line in lines if "accepted" in line]
    assert len(asked) > 5 and "\x1b" not in err and "\r" not in err
    done = [int(found[1]) for line in lines if (found := re.search(r"done (\d+)%", line))]
    assert done[-1] > 80 and all(after >= before - 15 for before, after in itertools.pairwise(done))
    middle = asked[len(asked) // 2]
    assert re.search(
        r"^\d\d:\d\d done \d+% \| ETA .* \| documents \d+/\d+ \| accepted \d+ \| yield [\d.]+ a document \| cost", middle
    )
    assert re.search(r"waiting for \d+ replies$", middle)
    assert progress.LOG_INTERVAL_S == 60, "one a minute for everybody else"
