"""One run at a time in an output folder."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from beam_pipeline.output.names import LOCK_FILE
from beam_pipeline.output.run_lock import only_run
from tests.places import ROOT

HOLD = """
import sys, time
from beam_pipeline.output.run_lock import only_run
with only_run(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_run_is_refused_and_the_folder_free_afterwards(tmp_path: Path) -> None:
    refused = pytest.raises(ValueError, match=r"run.lock: another run \(process \d+ on .*\)")
    with only_run(str(tmp_path)), refused, only_run(str(tmp_path)):
        pytest.fail("two runs in one folder")
    assert list(tmp_path.iterdir()) == []
    with only_run(str(tmp_path)):
        pass


def test_the_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    """Also where its number is that of a process that lives, as in a container that was started again."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(ValueError, match=f"process {holder.pid} on"), only_run(str(tmp_path)):
        pytest.fail("two runs in one folder")
    holder.kill()
    holder.communicate()
    assert (tmp_path / LOCK_FILE).exists()
    with only_run(str(tmp_path)):
        pass


@pytest.mark.parametrize("content", ["", "not ours", "process 1 on elsewhere\n"])
def test_a_file_without_a_holder_holds_nobody_up(tmp_path: Path, content: str) -> None:
    (tmp_path / LOCK_FILE).write_text(content)
    with only_run(str(tmp_path)):
        pass


def test_a_lock_file_that_somebody_deleted_costs_nothing(tmp_path: Path) -> None:
    with only_run(str(tmp_path)):
        (tmp_path / LOCK_FILE).unlink()


def test_two_takers_never_hold_it_together(tmp_path: Path) -> None:
    """One takes and leaves it all the time; the other must never get in while it is held."""
    script = """
import sys, time
from beam_pipeline.output.run_lock import only_run
end = time.monotonic() + 1.5
entered = 0
while time.monotonic() < end:
    try:
        with only_run(sys.argv[1]):
            open(sys.argv[1] + "/inside", "x").close()  # fails if the other is inside
            entered += 1
            import os; os.unlink(sys.argv[1] + "/inside")
    except ValueError:
        pass
print(entered)
"""
    takers = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    deadline = time.monotonic() + 60
    for taker in takers:
        output, _ = taker.communicate(timeout=max(1.0, deadline - time.monotonic()))
        assert taker.returncode == 0
        assert int(output) > 0
