"""Google Cloud Storage on loopback, for tests: the part of its JSON API that its client library and Beam use.

Buckets, objects, listing, resumable and multipart uploads, ranges, rewriting, batches, permissions; objects lie in memory.
It also gives out access tokens, so that a process with `credentials_file` goes the whole way of a real one, and has the
manifests of container images. What it is asked and does not know is answered with 501, so that a test fails instead of
passing for the wrong reason.

    with BucketFake("b") as fake:
        environment = {"STORAGE_EMULATOR_HOST": fake.url, "GOOGLE_APPLICATION_CREDENTIALS": fake.credentials_file(folder)}
"""

import email
import hashlib
import itertools
import json
import re
import threading
from base64 import b64encode
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import google_crc32c

TOKEN = "token-of-the-tests"
NOT_FOUND, RESUME, NOT_HERE = 404, 308, 501


class Reply(NamedTuple):
    """What a request is answered with; a `body` that is no bytes goes out as JSON."""

    status: int
    body: Any = b""
    headers: tuple[tuple[str, str], ...] = ()


class BucketFake:
    """Serves some buckets under `.url` until closed.

    Args:
        buckets: the names of those that there are.
        location: where all of them are.
        denied: permissions that nobody has on any of them.
    """

    def __init__(self, *buckets: str, location: str = "US-CENTRAL1", denied: tuple[str, ...] = ()) -> None:
        self.objects: dict[str, dict[str, bytes]] = {bucket: {} for bucket in buckets}
        self.images: set[str] = set()  # paths of manifests: "/v2/NAME/manifests/TAG"
        self.asked: list[tuple[str, str, str]] = []  # method, path, Authorization
        self.location, self.denied = location, denied
        self._generations = itertools.count(1)
        self._generation: dict[tuple[str, str], int] = {}
        self._uploads: dict[str, tuple[str, str, bytearray]] = {}
        self._lock = threading.Lock()
        fake = self

        class Handler(_Handler):
            store = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"localhost:{self._server.server_port}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> "BucketFake":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def credentials_file(self, folder: Path) -> str:
        """Credentials of a workload elsewhere, whose tokens come from this server and are good for it alone."""
        path = folder / "credentials.json"
        (folder / "subject").write_text("the tests")
        described = {
            "type": "external_account",
            "audience": "tests",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{self.url}/token",
            "credential_source": {"file": str(folder / "subject")},
        }
        path.write_text(json.dumps(described))
        return str(path)

    def put(self, bucket: str, name: str, content: bytes) -> None:
        with self._lock:
            self.objects[bucket][name] = content
            self._generation[bucket, name] = next(self._generations)

    def answer(self, method: str, target: str, headers: Message, body: bytes) -> Reply:
        """Answer one request."""
        parts = urlsplit(target)
        asked, path = dict(parse_qsl(parts.query, keep_blank_values=True)), parts.path
        if path.startswith("/v2/"):
            return Reply(200 if path in self.images else NOT_FOUND)
        if path == "/token":
            return Reply(
                200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer", "issued_token_type": "access_token"}
            )
        if path.startswith("/batch/"):
            return self._batch(headers, body)
        if path == "/upload" or path.startswith("/upload/"):
            return self._upload(method, path, asked, headers, body)
        match = re.fullmatch(r"(?:/download)?/storage/v1/b/([^/]+)(?:/(.*))?", path)
        if not match:
            return Reply(NOT_HERE)
        bucket, rest = unquote(match[1]), match[2] or ""
        if bucket not in self.objects:
            return _missing("The specified bucket does not exist.")
        if rest == "":
            return Reply(200, {"kind": "storage#bucket", "id": bucket, "name": bucket, "location": self.location})
        if rest == "iam/testPermissions":
            wanted = [value for name, value in parse_qsl(parts.query) if name == "permissions"]
            return Reply(200, {"permissions": [name for name in wanted if name not in self.denied]})
        if rest == "o":
            return self._list(bucket, asked)
        if match := re.fullmatch(r"o/([^/]+)/(?:rewriteTo|copyTo)/b/([^/]+)/o/([^/]+)", rest):
            return self._copy(bucket, *map(unquote, match.groups()))
        if match := re.fullmatch(r"o/([^/]+)", rest):
            return self._object(method, bucket, unquote(match[1]), asked, headers)
        return Reply(NOT_HERE)

    def _object(self, method: str, bucket: str, name: str, asked: dict[str, str], headers: Message) -> Reply:
        with self._lock:
            content = self.objects[bucket].get(name)
            if content is None:
                return _missing("No such object.")
            if method == "DELETE":
                del self.objects[bucket][name]
                return Reply(204)
        if asked.get("alt") != "media":
            return Reply(200, self._described(bucket, name))
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("Range", ""))
        if not span:
            return Reply(200, content)
        first, last = int(span[1]), min(int(span[2] or len(content)), len(content) - 1)
        if first >= len(content):
            return Reply(416, headers=(("Content-Range", f"bytes */{len(content)}"),))
        return Reply(206, content[first : last + 1], (("Content-Range", f"bytes {first}-{last}/{len(content)}"),))

    def _described(self, bucket: str, name: str) -> dict[str, Any]:
        content = self.objects[bucket][name]
        return {
            "kind": "storage#object",
            "id": f"{bucket}/{name}",
            "bucket": bucket,
            "name": name,
            "size": str(len(content)),
            "generation": str(self._generation[bucket, name]),
            "updated": "2026-11-21T06:00:00.000Z",
            "timeCreated": "2026-11-21T06:00:00.000Z",
            "md5Hash": b64encode(hashlib.md5(content).digest()).decode(),
            "crc32c": b64encode(google_crc32c.Checksum(content).digest()).decode(),
        }

    def _list(self, bucket: str, asked: dict[str, str]) -> Reply:
        if "delimiter" in asked or "pageToken" in asked:
            return Reply(NOT_HERE)
        with self._lock:
            names = sorted(name for name in self.objects[bucket] if name.startswith(asked.get("prefix", "")))
            return Reply(200, {"kind": "storage#objects", "items": [self._described(bucket, name) for name in names]})

    def _copy(self, bucket: str, name: str, to_bucket: str, to_name: str) -> Reply:
        if name not in self.objects[bucket] or to_bucket not in self.objects:
            return _missing("No such object.")
        self.put(to_bucket, to_name, self.objects[bucket][name])
        size, resource = str(len(self.objects[bucket][name])), self._described(to_bucket, to_name)
        return Reply(200, {"done": True, "objectSize": size, "totalBytesRewritten": size, "resource": resource})

    def _upload(self, method: str, path: str, asked: dict[str, str], headers: Message, body: bytes) -> Reply:
        if method == "PUT":
            return self._go_on(asked["upload_id"], headers, body)
        match = re.fullmatch(r"/upload/storage/v1/b/([^/]+)/o", path)
        if not match or unquote(match[1]) not in self.objects:
            return _missing("The specified bucket does not exist.")
        bucket = unquote(match[1])
        if asked["uploadType"] == "resumable":
            name, upload = asked.get("name") or json.loads(body)["name"], str(next(self._generations))
            self._uploads[upload] = (bucket, name, bytearray())
            return Reply(200, {}, (("Location", f"{self.url}{path}?uploadType=resumable&upload_id={upload}"),))
        if asked["uploadType"] == "multipart":
            described, content = _parts(headers, body)
            name = json.loads(described)["name"]
            self.put(bucket, name, content)
            return Reply(200, self._described(bucket, name))
        return Reply(NOT_HERE)

    def _go_on(self, upload: str, headers: Message, body: bytes) -> Reply:
        bucket, name, content = self._uploads[upload]
        content += body
        if headers.get("Content-Range", "").endswith("/*"):
            return Reply(RESUME, headers=(("Range", f"bytes=0-{len(content) - 1}"),))
        del self._uploads[upload]
        self.put(bucket, name, bytes(content))
        return Reply(200, self._described(bucket, name))

    def _batch(self, headers: Message, body: bytes) -> Reply:
        """Answer the requests of a batch, each in a part of the answer."""
        answers = []
        for part in _message(headers, body).get_payload():
            first, _, rest = part.get_payload(decode=True).replace(b"\r\n", b"\n").partition(b"\n")
            method, target, _ = first.decode().split()
            inner, _, inner_body = rest.partition(b"\n\n")
            reply = self.answer(method, target, email.message_from_bytes(inner), inner_body)
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            answers.append(
                f"--border\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 {reply.status} OK\r\n".encode()
                + f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
                + content
                + b"\r\n"
            )
        return Reply(200, b"".join(answers) + b"--border--\r\n", (("Content-Type", 'multipart/mixed; boundary="border"'),))


def _missing(message: str) -> Reply:
    return Reply(NOT_FOUND, {"error": {"code": NOT_FOUND, "message": message}})


def _message(headers: Message, body: bytes) -> Any:
    return email.message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)


def _parts(headers: Message, body: bytes) -> list[bytes]:
    """The parts of a multipart body, as they are: no line ending of theirs may change."""
    border = re.search(r'boundary="?([^";]+)', headers["Content-Type"], re.IGNORECASE)
    assert border
    pieces = body.split(b"--" + border[1].strip("'").encode())[1:-1]
    return [piece.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for piece in pieces]


class _Handler(BaseHTTPRequestHandler):
    store: BucketFake
    protocol_version = "HTTP/1.1"

    def handle_one(self) -> None:
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length else self._chunks()
        self.store.asked.append((self.command, self.path, self.headers.get("Authorization", "")))
        reply = self.store.answer(self.command, self.path, self.headers, body)
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        named = {name for name, _ in reply.headers}
        for name, value in reply.headers:
            self.send_header(name, value)
        if "Content-Type" not in named:
            self.send_header("Content-Type", "application/octet-stream" if isinstance(reply.body, bytes) else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _chunks(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return b""
        found = bytearray()
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(found)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = handle_one

    def log_message(self, *_: object) -> None:
        pass
