"""Google's BigQuery and the part of Cloud Storage that it loads from, on loopback, for tests.

Three interfaces over one store, as the installed client libraries ask for them: BigQuery's REST interface (datasets,
tables, jobs that load and query, insertAll), Cloud Storage's JSON interface (one bucket, resumable uploads), and the
Storage Read API by gRPC, from the protos of google-cloud-bigquery-storage. SQLite keeps the rows and runs the queries,
so that they are run and not guessed at: it takes names in backticks and parameters like @run as BigQuery does. What is
not said of a row is refused as BigQuery refuses it: an unknown column, a value of another type, a null in a
repeated column. Not here: permissions, quotas, locations, views, the streaming buffer.

"""

import base64
import gc
import io
import json
import re
import sqlite3
import threading
import urllib.parse
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import fastavro
import google_crc32c
import grpc
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery_storage
from google.cloud.bigquery_storage_v1 import types
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

PROJECT, BUCKET = "test-project", "bucket"
_ROWS_IN_A_RESPONSE = 3
_CHECKS = {
    "STRING": lambda value: isinstance(value, str),
    "BOOLEAN": lambda value: isinstance(value, bool),
    "INTEGER": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "FLOAT": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "BYTES": lambda value: isinstance(value, bytes),
    "RECORD": lambda value: isinstance(value, dict),
}
_AVRO = {"STRING": "string", "BOOLEAN": "boolean", "INTEGER": "long", "FLOAT": "double", "BYTES": "bytes"}


class RefusedError(Exception):
    """An answer that is an error, in the words of the REST interface."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class BigQueryStub:
    """Serves BigQuery until closed.

    Attributes:
        asked: how often each method of the REST interface was called.
        refuse: a predicate on rows; those it is true of are refused as invalid by insertAll, and fail a load job.
        lose: a predicate on rows; those it is true of are said to be loaded, and are not.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.refuse: Any = lambda row: False
        self.lose: Any = lambda row: False
        self.sessions: list[Any] = []
        self._lock = threading.RLock()
        self._rows = sqlite3.connect(":memory:", check_same_thread=False)
        self._datasets: dict[str, dict[str, Any]] = {}
        self._tables: dict[str, dict[str, Any]] = {}
        self._jobs: dict[str, dict[str, Any]] = {}
        self._results: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {}
        self._objects: dict[str, bytes] = {}
        self._uploads: dict[str, tuple[str, bytearray]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, name="bigquery", daemon=True).start()
        self._grpc = grpc.server(ThreadPoolExecutor(8, "storage-read"))
        self._grpc.add_generic_rpc_handlers((self._read_api(),))
        self.read_address = f"localhost:{self._grpc.add_insecure_port('localhost:0')}"
        self._grpc.start()

    def __enter__(self) -> "BigQueryStub":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._grpc.stop(grace=None).wait(5)
        self._rows.close()
        gc.collect()  # Beam closes none of its clients: their sockets are to go now, and not in somebody else's test

    @contextmanager
    def in_place_of_google(self, patch: Any) -> Iterator[None]:
        """Have every client of this process ask here, with the credentials of nobody."""
        import apache_beam.io.gcp.bigquery as beam_bigquery
        from apache_beam.internal.gcp import auth
        from apache_beam.io.gcp.internal.clients.bigquery import BigqueryV2

        patch.setenv("BIGQUERY_EMULATOR_HOST", self.url)
        patch.setenv("STORAGE_EMULATOR_HOST", self.url)
        patch.setattr("google.auth.default", lambda *_, **__: (AnonymousCredentials(), PROJECT))
        patch.setattr(BigqueryV2, "BASE_URL", f"{self.url}/bigquery/v2/")
        patch.setattr(auth._Credentials, "_credentials_init", True)
        # Without any, Beam's client of BigQuery would open a browser and wait.
        patch.setattr(auth._Credentials, "_credentials", auth._ApitoolsCredentialsAdapter(AnonymousCredentials()))
        with grpc.insecure_channel(self.read_address) as channel:
            client = bigquery_storage.BigQueryReadClient
            patch.setattr(
                beam_bigquery.bq_storage,
                "BigQueryReadClient",
                lambda: client(transport=BigQueryReadGrpcTransport(channel=channel)),
            )
            yield

    # --- what tests say and see

    def make_dataset(self, dataset: str) -> None:
        self._datasets[f"{PROJECT}.{dataset}"] = {"datasetReference": {"projectId": PROJECT, "datasetId": dataset}}

    def make_table(
        self, name: str, fields: list[dict[str, Any]], rows: Iterable[dict[str, Any]] = (), kind: str = "TABLE"
    ) -> None:
        with self._lock:
            self._make(f"{PROJECT}.{name}", fields, kind)
            for row in rows:
                self._add(f"{PROJECT}.{name}", row)

    def drop(self, name: str) -> None:
        with self._lock:
            self._drop(f"{PROJECT}.{name}")

    def rows(self, name: str) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._select(f"{PROJECT}.{name}")]

    def columns(self, name: str) -> list[dict[str, Any]]:
        return list(self._tables[f"{PROJECT}.{name}"]["schema"]["fields"])

    @property
    def datasets(self) -> list[str]:
        return sorted(name.partition(".")[2] for name in self._datasets)

    # --- rows

    def _make(self, key: str, fields: list[dict[str, Any]], kind: str = "TABLE") -> dict[str, Any]:
        if key in self._tables:
            raise RefusedError(409, "duplicate", f"Already Exists: Table {key}")
        project, dataset, table = key.split(".")
        if f"{project}.{dataset}" not in self._datasets:
            raise RefusedError(404, "notFound", f"Not found: Dataset {project}:{dataset}")
        made = self._tables[key] = {
            "id": key,
            "tableReference": {"projectId": project, "datasetId": dataset, "tableId": table},
            "schema": {"fields": fields},
            "type": kind,
            "numBytes": "1",
        }
        columns = ", ".join(f'"{field["name"]}"' for field in fields)
        self._rows.execute(f"CREATE TABLE `{key}` ({columns})")
        return made

    def _drop(self, key: str) -> None:
        if self._tables.pop(key, None):
            self._rows.execute(f"DROP TABLE `{key}`")

    def _add(self, key: str, row: dict[str, Any]) -> None:
        fields = self._fields(key)
        values = [row.get(field["name"]) for field in fields]
        kept = [json.dumps(value) if isinstance(value, dict | list) else value for value in values]
        self._rows.execute(f"INSERT INTO `{key}` VALUES ({', '.join('?' for _ in kept)})", kept)

    def _select(self, key: str) -> Iterator[dict[str, Any]]:
        fields = self._fields(key)
        for values in self._rows.execute(f"SELECT * FROM `{key}` ORDER BY rowid").fetchall():
            yield {field["name"]: _read(value, field) for field, value in zip(fields, values, strict=True)}

    def _fields(self, key: str) -> list[dict[str, Any]]:
        if key not in self._tables:
            raise RefusedError(404, "notFound", f"Not found: Table {key}")
        return list(self._tables[key]["schema"]["fields"])

    def _wrong(self, row: dict[str, Any], fields: list[dict[str, Any]]) -> str:
        if self.refuse(row):
            return "refused by the test"
        return _wrong(row, fields)

    # --- the REST interface

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> dict[str, Any]:
        """Answer one request below /bigquery/v2/projects/."""
        with self._lock:
            project, *parts = path.split("/")
            match method, parts:
                case "GET", ["datasets"]:
                    self.asked["datasets.list"] += 1
                    wanted = dict(term.removeprefix("labels.").split(":") for term in query.get("filter", "").split())
                    found = [kept for kept in self._datasets.values() if wanted.items() <= kept.get("labels", {}).items()]
                    return {"datasets": found}
                case "POST", ["datasets"]:
                    self.asked["datasets.insert"] += 1
                    made = json.loads(body)
                    self._datasets[f"{project}.{made['datasetReference']['datasetId']}"] = made
                    return made
                case "GET", ["datasets", dataset]:
                    if f"{project}.{dataset}" not in self._datasets:
                        raise RefusedError(404, "notFound", f"Not found: Dataset {project}:{dataset}")
                    return self._datasets[f"{project}.{dataset}"]
                case "DELETE", ["datasets", dataset]:
                    self.asked["datasets.delete"] += 1
                    self._datasets.pop(f"{project}.{dataset}", None)
                    for key in [key for key in self._tables if key.startswith(f"{project}.{dataset}.")]:
                        self._drop(key)
                    return {}
                case "POST", ["datasets", dataset, "tables"]:
                    self.asked["tables.insert"] += 1
                    made = json.loads(body)
                    return self._make(f"{project}.{dataset}.{made['tableReference']['tableId']}", made["schema"]["fields"])
                case "GET", ["datasets", dataset, "tables", table]:
                    self._fields(f"{project}.{dataset}.{table}")
                    return self._tables[f"{project}.{dataset}.{table}"]
                case "POST", ["datasets", dataset, "tables", table, "insertAll"]:
                    self.asked["tabledata.insertAll"] += 1
                    return self._insert_all(f"{project}.{dataset}.{table}", json.loads(body))
                case "POST", ["jobs"]:
                    return self._insert_job(project, json.loads(body))
                case "GET", ["jobs", job]:
                    return self._jobs[job]
                case "GET", ["queries", job]:
                    return self._query_results(job)
        raise RefusedError(501, "notImplemented", f"{method} {path} is not in this stub")

    def _insert_all(self, key: str, request: dict[str, Any]) -> dict[str, Any]:
        fields = self._fields(key)
        wrong = {number: self._wrong(row["json"], fields) for number, row in enumerate(request["rows"])}
        for number, row in enumerate(request["rows"]):
            if not wrong[number] and (request.get("skipInvalidRows") or not any(wrong.values())):
                self._add(key, row["json"])
        errors = [
            {"index": number, "errors": [{"reason": "invalid", "message": said, "location": ""}]}
            for number, said in wrong.items()
            if said
        ]
        return {"insertErrors": errors} if errors else {}

    def _insert_job(self, project: str, job: dict[str, Any]) -> dict[str, Any]:
        configuration, reference = job["configuration"], job["jobReference"]
        if reference["jobId"] in self._jobs:
            raise RefusedError(409, "duplicate", f"Already Exists: Job {project}:US.{reference['jobId']}")
        kind = next(kind for kind in ("query", "load", "copy") if kind in configuration)
        self.asked[f"jobs.insert {kind}"] += 1
        status: dict[str, Any] = {"state": "DONE"}
        statistics: dict[str, Any] = {"creationTime": "0", "startTime": "0", "endTime": "0"}
        try:
            if kind == "query":
                statistics["query"] = self._query(project, reference["jobId"], configuration)
                statistics["totalBytesProcessed"] = "1"
            elif kind == "load":
                self._load(configuration["load"])
            else:
                raise RefusedError(501, "notImplemented", f"{kind} jobs are not in this stub")
        except (RefusedError, sqlite3.Error) as error:
            reason = getattr(error, "reason", "invalidQuery")
            if kind == "query" and configuration.get("dryRun"):
                raise RefusedError(getattr(error, "code", 400), reason, str(error)) from error
            status["errorResult"] = {"reason": reason, "message": str(error)}
        answer = {
            "id": f"{project}:US.{reference['jobId']}",
            "kind": "bigquery#job",
            "jobReference": {**reference, "projectId": project, "location": "US"},
            "configuration": configuration,
            "status": status,
            "statistics": statistics,
        }
        if not configuration.get("dryRun"):
            self._jobs[reference["jobId"]] = answer
        return answer

    def _query(self, project: str, job_id: str, configuration: dict[str, Any]) -> dict[str, Any]:
        query = configuration["query"]
        if query.get("useLegacySql", True):
            raise RefusedError(400, "invalidQuery", "legacy SQL")
        parameters = {p["name"]: p["parameterValue"]["value"] for p in query.get("queryParameters", ())}
        for name in re.findall("`([^`]+)`", query["query"]):
            self._fields(name)
        # What a dry run gives is what the query would; it changes nothing.
        sql = f"EXPLAIN {query['query']}" if configuration.get("dryRun") and not _is_select(query["query"]) else query["query"]
        cursor = self._rows.execute(sql, parameters)
        names, rows = [column[0] for column in cursor.description or ()], cursor.fetchall()
        fields = [{"name": name, "type": _type_of(row[i] for row in rows), "mode": "NULLABLE"} for i, name in enumerate(names)]
        tables = [dict(zip(("projectId", "datasetId", "tableId"), name.split("."), strict=True)) for name in _tables_in(sql)]
        told = {"statementType": "SELECT" if names else "DELETE", "referencedTables": tables, "schema": {"fields": fields}}
        if configuration.get("dryRun"):
            return told
        self._results[job_id] = names, rows
        target = query.get("destinationTable")
        if target:
            key = f"{target.get('projectId', project)}.{target['datasetId']}.{target['tableId']}"
            self._make(key, fields)
            for row in rows:
                self._add(key, dict(zip(names, row, strict=True)))
        else:
            query["destinationTable"] = {"projectId": project, "datasetId": "_anonymous", "tableId": "result"}
        return told

    def _query_results(self, job_id: str) -> dict[str, Any]:
        names, rows = self._results[job_id]
        fields = [{"name": name or "f", "type": _type_of(row[i] for row in rows)} for i, name in enumerate(names)]
        return {
            "jobComplete": True,
            "jobReference": self._jobs[job_id]["jobReference"],
            "schema": {"fields": fields},
            "rows": [{"f": [{"v": None if value is None else str(value)} for value in row]} for row in rows],
            "totalRows": str(len(rows)),
        }

    def _load(self, load: dict[str, Any]) -> None:
        """All rows of all files, or none."""
        target = load["destinationTable"]
        key = f"{target['projectId']}.{target['datasetId']}.{target['tableId']}"
        fields = self._fields(key)
        if load["sourceFormat"] != "NEWLINE_DELIMITED_JSON" or load["writeDisposition"] != "WRITE_APPEND":
            raise RefusedError(501, "notImplemented", f"{load['sourceFormat']}, {load['writeDisposition']}")
        if {field["name"]: field["type"] for field in load["schema"]["fields"]} != {f["name"]: f["type"] for f in fields}:
            raise RefusedError(400, "invalid", f"Provided Schema does not match Table {key}.")
        rows = [json.loads(line) for uri in load["sourceUris"] for line in self._objects[uri].splitlines()]
        for number, row in enumerate(rows):
            if said := self._wrong(row, fields):
                raise RefusedError(400, "invalid", f"Error while reading data, row {number}: {said}")
        for row in rows:
            if not self.lose(row):
                self._add(key, row)

    # --- Cloud Storage

    def store(self, method: str, path: str, query: dict[str, str], body: bytes) -> dict[str, Any] | bytes:
        """Answer one request below /storage/v1/ or /upload/storage/v1/."""
        parts = [urllib.parse.unquote(part) for part in path.split("/")]
        with self._lock:
            if method == "POST":  # begins a resumable upload
                name = query.get("name") or json.loads(body)["name"]
                upload = str(len(self._uploads))
                self._uploads[upload] = name, bytearray()
                return {"upload": upload}
            if method == "PUT":
                name, content = self._uploads[query["upload_id"]]
                content += body
                self._objects[f"gs://{parts[1]}/{name}"] = bytes(content)
                checksum = base64.b64encode(google_crc32c.Checksum(bytes(content)).digest()).decode()
                return {"bucket": parts[1], "name": name, "size": str(len(content)), "crc32c": checksum}
            if parts[2:] == []:
                return {"name": parts[1]}
            name = f"gs://{parts[1]}/{parts[3]}" if len(parts) > 3 else ""
            if name in self._objects:
                return {"bucket": parts[1], "name": parts[3], "size": str(len(self._objects[name]))}
        raise RefusedError(404, "notFound", f"No such object: {path}")

    # --- the Storage Read API

    def _read_api(self) -> Any:
        return grpc.method_handlers_generic_handler(
            "google.cloud.bigquery.storage.v1.BigQueryRead",
            {
                "CreateReadSession": grpc.unary_unary_rpc_method_handler(
                    self._create_session, types.CreateReadSessionRequest.deserialize, types.ReadSession.serialize
                ),
                "ReadRows": grpc.unary_stream_rpc_method_handler(
                    self._read_rows, types.ReadRowsRequest.deserialize, types.ReadRowsResponse.serialize
                ),
            },
        )

    def _create_session(self, request: Any, context: Any) -> Any:
        session = request.read_session
        _, project, _, dataset, _, table = session.table.split("/")
        with self._lock:
            fields = {field["name"] for field in self._fields(f"{project}.{dataset}.{table}")}
            if unknown := set(session.read_options.selected_fields) - fields:
                context.abort(
                    grpc.StatusCode.INVALID_ARGUMENT, f"request failed: The following selected fields do not exist: {unknown}"
                )
            number = len(self.sessions)
            self.sessions.append(session)
        session.name = f"projects/{project}/locations/us/sessions/{number}"
        session.streams = [types.ReadStream(name=f"{session.name}/streams/{stream}") for stream in range(2)]
        return session

    def _read_rows(self, request: Any, context: Any) -> Iterator[Any]:
        _, _, _, _, _, number, _, stream = request.read_stream.split("/")
        session = self.sessions[int(number)]
        key = ".".join(session.table.split("/")[1::2])
        with self._lock:
            wanted = set(session.read_options.selected_fields)
            fields = [field for field in self._fields(key) if not wanted or field["name"] in wanted]
            rows = list(self._select(key))[int(stream) :: 2][request.offset :]
        schema = _avro_schema(fields)
        parsed = fastavro.parse_schema(schema)
        for start in range(0, len(rows), _ROWS_IN_A_RESPONSE):
            block, some = io.BytesIO(), rows[start : start + _ROWS_IN_A_RESPONSE]
            for row in some:
                fastavro.schemaless_writer(block, parsed, {field["name"]: row[field["name"]] for field in fields})
            yield types.ReadRowsResponse(
                avro_rows=types.AvroRows(serialized_binary_rows=block.getvalue()),
                avro_schema=types.AvroSchema(schema=json.dumps(schema)) if start == 0 else None,
                row_count=len(some),
            )


def _read(value: Any, field: dict[str, Any]) -> Any:
    if field.get("mode") == "REPEATED" or field["type"] == "RECORD":
        return json.loads(value) if value is not None else None
    return bool(value) if field["type"] == "BOOLEAN" and value is not None else value


def _wrong(row: dict[str, Any], fields: list[dict[str, Any]]) -> str:
    """Why a row does not fit into a table; "" if it does."""
    if unknown := row.keys() - {field["name"] for field in fields}:
        return f"no such field: {', '.join(sorted(unknown))}."
    for field in fields:
        value, repeated = row.get(field["name"]), field.get("mode") == "REPEATED"
        if value is None and not repeated:
            continue
        if repeated != isinstance(value, list):
            return f"Field {field['name']}: {'repeated' if repeated else 'not repeated'}"
        for member in value if repeated else [value]:
            if not _CHECKS[field["type"]](member):
                return f"Field {field['name']}: {member!r} is no {field['type']}"
            if field["type"] == "RECORD" and (said := _wrong(member, field["fields"])):
                return said
    return ""


def _is_select(sql: str) -> bool:
    return sql.lstrip().upper().startswith(("SELECT", "WITH"))


def _tables_in(sql: str) -> list[str]:
    return re.findall("`([^`]+)`", sql)


def _type_of(values: Iterable[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    return {frozenset({int}): "INTEGER", frozenset({float}): "FLOAT", frozenset({bytes}): "BYTES"}.get(frozenset(kinds), "STRING")


def _avro_schema(fields: list[dict[str, Any]], name: str = "__root__") -> dict[str, Any]:
    def kind(field: dict[str, Any]) -> Any:
        one = _avro_schema(field["fields"], f"_{field['name']}") if field["type"] == "RECORD" else _AVRO[field["type"]]
        return {"type": "array", "items": one} if field.get("mode") == "REPEATED" else ["null", one]

    return {"type": "record", "name": name, "fields": [{"name": field["name"], "type": kind(field)} for field in fields]}


def _handler(stub: BigQueryStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None: ...

        def _serve(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {}
            try:
                if url.path.startswith("/bigquery/v2/projects/"):
                    answer: Any = stub.answer(self.command, url.path.removeprefix("/bigquery/v2/projects/"), query, body)
                else:
                    answer = stub.store(self.command, url.path.partition("/storage/v1/")[2], query, body)
                    if "upload" in answer:
                        headers["Location"] = f"{stub.url}{url.path}?uploadType=resumable&upload_id={answer['upload']}"
                code = 200
            except RefusedError as error:
                code = error.code
                answer = {
                    "error": {"code": code, "message": str(error), "errors": [{"reason": error.reason, "message": str(error)}]}
                }
            content = json.dumps(answer).encode()
            self.send_response(code)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _serve

    return Handler


def column(name: str, kind: str = "STRING", mode: str = "NULLABLE", **more: Any) -> dict[str, Any]:
    """A column as the REST interface writes it."""
    return {"name": name, "type": kind, "mode": mode, **more}
