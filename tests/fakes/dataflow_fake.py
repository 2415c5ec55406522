"""Dataflow on loopback, for tests: the part of its REST API that Beam's runner uses to start, watch and cancel a job.

A job is handed to `work`, on a thread of its own, which does what the service's machines would do with it.
"""

import itertools
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JOBS = re.compile(r"/v1b3/projects/(?P<project>[^/]+)/locations/(?P<region>[^/]+)/jobs(?:/(?P<id>[^/]+))?(?:/(?P<what>\w+))?")


@dataclass
class Ending:
    """How a job ended: its state, user metrics as the service tells them, and what it says of a fault."""

    state: str = "JOB_STATE_DONE"
    metrics: list[dict[str, Any]] = field(default_factory=list)
    message: str = ""


@dataclass
class Job:
    """A job as it was submitted, and how it goes."""

    id: str
    project: str
    region: str
    body: dict[str, Any]
    state: str = "JOB_STATE_RUNNING"
    ending: Ending = field(default_factory=Ending)

    def described(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.body["name"], "projectId": self.project, "currentState": self.state} | {
            name: self.body[name] for name in ("clientRequestId",) if name in self.body
        }


class DataflowFake:
    """Serves the API under `.url` until closed. `refusal` (status, message) answers every new job."""

    def __init__(self, work: Callable[[Job], Ending] = lambda job: Ending()) -> None:
        self.jobs: list[Job] = []
        self.requested: list[tuple[str, str]] = []  # job, state that somebody asked for
        self.refusal: tuple[int, str] | None = None
        self._work = work
        self._ids = itertools.count(1)
        self._threads: list[threading.Thread] = []
        fake = self

        class Handler(_Handler):
            service = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> "DataflowFake":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        match = JOBS.fullmatch(path)
        if not match:
            return 501, {}
        if method == "POST":
            return self._create(match["project"], match["region"], body)
        if match["id"] is None:
            active = [job.described() for job in self.jobs if job.state == "JOB_STATE_RUNNING"]
            return 200, {"jobs": active}
        [job] = [job for job in self.jobs if job.id == match["id"]]
        if method == "PUT":
            state = body["requestedState"]  # by number or by name
            self.requested.append((job.id, {5: "JOB_STATE_CANCELLED"}.get(state, state)))
            job.state = self.requested[-1][1]
        if match["what"] == "metrics":
            return 200, {"metrics": job.ending.metrics}
        if match["what"] == "messages":
            return 200, {"jobMessages": self._messages(job)}
        return 200, job.described()

    def _create(self, project: str, region: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.refusal:
            status, message = self.refusal
            return status, {"error": {"code": status, "message": message, "status": "PERMISSION_DENIED"}}
        job = Job(f"2026-11-21_{next(self._ids)}", project, region, body)
        self.jobs.append(job)
        threading.Thread(target=self._do, args=(job,), daemon=True).start()
        return 200, job.described()

    def _do(self, job: Job) -> None:
        try:
            ending = self._work(job)
        except BaseException as error:  # a test that fails there must not wait for ever here
            ending = Ending("JOB_STATE_FAILED", message=f"{type(error).__name__}: {error}")
        job.ending = ending
        if job.state == "JOB_STATE_RUNNING":
            job.state = ending.state

    def _messages(self, job: Job) -> list[dict[str, Any]]:
        if not job.ending.message:
            return []
        return [
            {
                "id": "1",
                "time": "2026-11-21T06:00:00Z",
                "messageText": job.ending.message,
                "messageImportance": "JOB_MESSAGE_ERROR",
            }
        ]


class _Handler(BaseHTTPRequestHandler):
    service: DataflowFake
    protocol_version = "HTTP/1.1"

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.service.answer(self.command, self.path.partition("?")[0], json.loads(body or b"{}"))
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = handle_one

    def log_message(self, *_: object) -> None:
        pass
