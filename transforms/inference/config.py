"""How a model, an embedding model and a server on the worker are asked: plain values, part of the pickled graph."""

import shlex
from dataclasses import dataclass

HOST = "127.0.0.1"
FIRST = 200
"""Elements of a stage by which `ModelConfig.min_yield` judges it."""


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """How a worker serves a model itself.

    Attributes:
        model: what the server loads, and the name that it is asked by.
        command: the server's command line, in which "{model}" and "{port}" stand for theirs.
        port: where it listens, on loopback.
        start_timeout_s: seconds from a start to its first answer.
    """

    model: str
    command: str
    port: int
    start_timeout_s: float

    @property
    def url(self) -> str:
        """The base URL to ask it at."""
        return f"http://{HOST}:{self.port}/v1"

    @property
    def arguments(self) -> list[str]:
        """The command line in words. Raises ValueError where its quotes do not match."""
        words = shlex.split(self.command)
        return [word.replace("{model}", self.model).replace("{port}", str(self.port)) for word in words]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """How one stage asks its model.

    Attributes:
        endpoints: base URLs ending in /v1; replicas of the same model.
        api_key: where to find the key, "env:NAME" or "secret:projects/P/secrets/S/versions/V";
            never the key itself.
        request_timeout_s: seconds that a server may be silent while a request waits for its reply; see `client.patience`.
        max_attempts: tries of one call on transient faults.
        max_reasks: fresh samples after a malformed or cut reply.
        concurrency: requests in flight per endpoint at most, of all worker processes together; 0 = found by the runtime.
        processes: worker processes of the run that share that ceiling.
        backlog: elements in flight per stage and process.
        outage_timeout_s: seconds to wait while every replica is down.
        extra_body: further body keys as JSON text, such as '{"chat_template_kwargs": ...}'.
        session_header: header that carries the document id, for routers; "" = none.
        journal: folder of the reply journal; "" = none.
        min_yield: share of a stage's first elements that must pass it, or nothing more is asked; 0 = any.
        serve: how the workers serve the model themselves, at the endpoint; None where somebody else does.
    """

    endpoints: tuple[str, ...]
    model: str
    api_key: str = "env:OPENAI_API_KEY"
    temperature: float = 0.0
    max_tokens: int = 512
    request_timeout_s: float = 120.0
    max_attempts: int = 5
    max_reasks: int = 2
    concurrency: int = 0
    processes: int = 1
    backlog: int = 512
    outage_timeout_s: float = 600.0
    extra_body: str = ""
    session_header: str = ""
    journal: str = ""
    min_yield: float = 0.0
    serve: ServeConfig | None = None

    def __post_init__(self) -> None:
        if isinstance(self.endpoints, str):  # type: ignore[unreachable]
            raise TypeError("endpoints is a tuple of base URLs, not one text")


@dataclass(frozen=True, slots=True)
class EmbeddingConfig:
    """How texts are embedded.

    Attributes:
        model: which model, where; its temperature, tokens and re-asks mean nothing here but `max_reasks`.
        dimensions: asked of models that can shorten their vectors; 0 = the model's own.
        prefix: put before each text, for models trained with one ("query: ").
        batch_texts: texts in one request at most.
        batch_tokens: estimated tokens in one request at most; a longer text goes alone.
        batch_wait_s: seconds that a text waits for others to share its request.
    """

    model: ModelConfig
    dimensions: int = 0
    prefix: str = ""
    batch_texts: int = 64
    batch_tokens: int = 16_384
    batch_wait_s: float = 0.02
