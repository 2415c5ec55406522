"""A Flink cluster of this machine, started by the script that users start theirs with, on ports of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.places import ROOT

SCRIPT = ROOT / "templates" / "engines" / "flink.sh"
PORTS = ("JOB_PORT", "REST_PORT", "RPC_PORT", "ARTIFACT_PORT")
START_TIMEOUT_S = 150.0


class FlinkCluster:
    """A job manager, task managers of one slot each, and a job server. A context manager.

    Attributes:
        folder: logs and process ids.
    """

    def __init__(self, engines: Path, folder: Path, task_managers: int = 2) -> None:
        self.folder = folder
        self._task_managers = task_managers
        self._ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self._environment = {
            **os.environ,
            **{name: str(port) for name, port in self._ports.items()},
            "ENGINES": str(engines),
            "CLUSTER": str(folder),
            "TMPDIR": str(folder),  # where workers write what they print
        }
        folder.mkdir(parents=True, exist_ok=True)
        self._worker = folder / "worker.sh"
        self._worker.write_text(
            f'#!/bin/sh\nexport PYTHONPATH="{ROOT}"\nexec "{sys.executable}" -m beam_pipeline.engines.flink_worker "$@"\n',
            "utf-8",
        )
        self._worker.chmod(0o755)

    def __enter__(self) -> "FlinkCluster":
        with ExitStack() as stack:
            stack.callback(self.stop)
            self._run("start", str(self._task_managers))
            stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        self._run("stop")

    def add(self, name: str) -> None:
        """Start one more task manager; returns at once."""
        self._run("add", name)

    def flags(self, *more: str, command: str = "", parallelism: int = 2) -> list[str]:
        """The options by which a pipeline runs here."""
        return [
            *("--runner=PortableRunner", f"--job_endpoint=localhost:{self._ports['JOB_PORT']}", "--environment_type=PROCESS"),
            f"--environment_config={json.dumps({'command': command or str(self._worker)})}",
            f"--parallelism={parallelism}",
            f"--flink_master=localhost:{self._ports['REST_PORT']}",
            *more,
        ]

    def pid(self, name: str) -> int:
        """The process id of "jobmanager", "jobserver", "taskmanager-1", ..."""
        return int((self.folder / f"{name}.pid").read_text())

    def workers(self, name: str) -> list[int]:
        """The process ids of a task manager's Python workers."""
        return children(self.pid(name))

    def kill(self, name: str) -> list[int]:
        """Kill a task manager and its Python workers as a lost machine would; returns who they were."""
        pids = [self.pid(name), *self.workers(name)]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        (self.folder / f"{name}.pid").unlink()
        return pids

    def jobs(self) -> list[dict[str, Any]]:
        """The cluster's jobs, the oldest first: jid, state and times."""
        with urllib.request.urlopen(f"http://localhost:{self._ports['REST_PORT']}/jobs/overview", timeout=10) as reply:
            return sorted(json.load(reply)["jobs"], key=lambda job: int(job["start-time"]))

    def wait_for_state(self, state: str, timeout_s: float = 60.0) -> None:
        """Wait until the latest job has a state.

        Raises:
            TimeoutError: it has not got there in time.
        """
        ends_at = time.monotonic() + timeout_s
        while not (jobs := self.jobs()) or jobs[-1]["state"] != state:
            if time.monotonic() > ends_at:
                raise TimeoutError(f"the latest of {len(jobs)} jobs is not {state}: {jobs[-1:]}")
            time.sleep(0.2)

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            [str(SCRIPT), *arguments],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=START_TIMEOUT_S,
        )
        if done.returncode:
            raise RuntimeError(f"flink.sh {' '.join(arguments)}: {done.stderr}")


def free_ports(count: int) -> Sequence[int]:
    """Ports that nobody listens on at this moment."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def children(pid: int) -> list[int]:
    """The process ids of a process's children."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found
