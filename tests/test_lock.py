import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from beam_pipeline.lock import LOCK_FILE, only_run


def test_a_second_run_is_refused_and_the_folder_free_afterwards(tmp_path: Path) -> None:
    output = tmp_path / "out"
    with only_run(str(output)):
        with pytest.raises(ValueError, match=f"process {os.getpid()} on"), only_run(str(output)):
            pytest.fail("two runs in one folder")
        assert (output / LOCK_FILE).exists()
    assert not (output / LOCK_FILE).exists()


def test_the_lock_of_a_process_that_is_gone_is_taken_over(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / LOCK_FILE).write_text(json.dumps({"host": socket.gethostname(), "pid": gone.pid}))
    with only_run(str(tmp_path)):
        assert json.loads((tmp_path / LOCK_FILE).read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("content", ["", "not json", '{"host": "elsewhere", "pid": 1}'])
def test_a_lock_that_nobody_can_judge_is_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / LOCK_FILE).write_text(content)
    with pytest.raises(ValueError, match="another run"), only_run(str(tmp_path)):
        pytest.fail("the lock was ignored")
    assert (tmp_path / LOCK_FILE).read_text() == content
