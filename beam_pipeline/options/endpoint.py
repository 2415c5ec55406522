"""Options of who is asked, and how: the endpoint, the model that workers serve themselves, prices."""

import json
import re
from collections.abc import Iterable

from pydantic import field_validator

from beam_pipeline.options.values import (
    ACCELERATOR,
    ENDPOINT,
    ENV_NAME,
    HEADER,
    PRICES,
    RESERVED_HEADERS,
    SECRET_NAME,
    SERVE,
    OptionsModel,
    check_endpoints,
    check_env_name,
    check_secret_name,
    declare,
    looks_like_key,
    shown,
    split_endpoint_key,
    texts_in,
)
from transforms.inference.config import ServeConfig

BASE_URL_ENV = "OPENAI_BASE_URL"
"""The environment variable that names the endpoint where no option does, as for OpenAI's own clients."""

SERVE_COMMAND = (
    "vllm serve {model} --host 127.0.0.1 --port {port} --enable-prefix-caching --enable-prompt-tokens-details "
    """--structured-outputs-config '{"backend":"guidance","disable_any_whitespace":true}' --generation-config vllm"""
)
"""How a worker serves the model without `--serve_command`; templates/serving/README.md says what the flags are for."""

SERVE_PORT, SERVE_START_TIMEOUT_S = 8000, 1800.0
"""Where the server listens, on the worker's own loopback; seconds from its start to its first answer."""


class EndpointOptions(OptionsModel):
    """The endpoints and how they are asked, for all stages that have no settings of their own."""

    endpoint: list[str] = declare(
        [],
        "Base URL of an OpenAI-compatible endpoint, mostly ending in /v1. Repeatable: replicas of one model. "
        f"Without one, {BASE_URL_ENV} of the environment.",
        ENDPOINT,
        split="urls",
    )
    demo: bool = declare(
        False,
        "Let rules answer in place of a model, to try the pipeline; what they make is no training data.",
        ENDPOINT,
    )
    model: str = declare("", "Model to ask. Without one, the only one served.", ENDPOINT)
    api_key_env: str = declare(
        "OPENAI_API_KEY", "Name of the environment variable that holds the endpoint's key.", ENDPOINT, regex=ENV_NAME
    )
    api_key_secret: str = declare(
        "",
        "Secret Manager version that holds the endpoint's key (projects/P/secrets/S/versions/V), instead of a variable.",
        ENDPOINT,
        regex=SECRET_NAME,
    )
    endpoint_keys: list[str] = declare(
        [],
        "Keys of endpoints that have one of their own, each as URL=env:NAME or URL=secret:projects/P/secrets/S/versions/V. "
        "Repeatable.",
        ENDPOINT,
        split="commas",
    )
    temperature: float = declare(0.0, "Sampling temperature.", ENDPOINT, ge=0, le=2)
    max_tokens: int = declare(512, "Longest reply, in tokens.", ENDPOINT, ge=1)
    request_timeout_s: float = declare(
        120.0,
        "Seconds that a server may be silent: one that answers others, or says that it goes on, is waited for.",
        ENDPOINT,
        gt=0,
    )
    max_attempts: int = declare(5, "Tries of one call when the endpoint is busy or fails for a moment.", ENDPOINT, ge=1)
    max_reasks: int = declare(2, "Fresh samples asked for after a malformed or cut reply.", ENDPOINT, ge=0)
    concurrency: int = declare(0, "Ceiling of requests in flight per endpoint; 0 finds it while running.", ENDPOINT, ge=0)
    worker_processes: int = declare(1, "Worker processes of the run that share the ceiling of --concurrency.", ENDPOINT, ge=1)
    outage_timeout_s: float = declare(
        600.0, "Seconds to wait while no replica answers, or all say later, before giving up on a call.", ENDPOINT, ge=0
    )
    disable_thinking: bool = declare(
        False, "Ask thinking models not to think (chat_template_kwargs: enable_thinking false).", ENDPOINT
    )
    extra_body: str = declare("", "More keys for the body of every request, as a JSON object.", ENDPOINT)
    session_header: str = declare(
        "", "Header that carries the document's id, for routers that keep a session on one replica.", ENDPOINT, regex=HEADER
    )
    serve_model: str = declare(
        "", "Model that every worker serves itself, instead of --endpoint: a name, or a folder in the workers' image.", SERVE
    )
    serve_args: str = declare("", "More flags for the server, such as '--max-model-len 16384 --max-num-seqs 64'.", SERVE)
    serve_command: str = declare(
        SERVE_COMMAND,
        "Command that starts an OpenAI-compatible server on the worker; {model} and {port} stand for theirs.",
        SERVE,
        min_length=1,
    )
    serve_accelerator: str = declare(
        "nvidia-l4",
        "GPU of a Dataflow worker, TYPE or TYPE:COUNT; the machine type is chosen for it unless --machine_type is given.",
        SERVE,
        regex=ACCELERATOR,
    )
    price_in: float = declare(0.0, "Price of a million prompt tokens, for the summary.", PRICES, ge=0)
    price_cached: float | None = declare(
        None, "Price of a million prompt tokens from the prefix cache; without it, that of --price_in.", PRICES, ge=0
    )
    price_out: float = declare(0.0, "Price of a million completion tokens.", PRICES, ge=0)
    price_gpu_hour: float = declare(0.0, "Price of an hour of all GPUs that serve the run, for your own endpoints.", PRICES, ge=0)

    _endpoints = field_validator("endpoint")(check_endpoints)
    _env_name = field_validator("api_key_env")(check_env_name)
    _secret_name = field_validator("api_key_secret")(check_secret_name)

    @field_validator("endpoint_keys")
    @classmethod
    def _one_key_each(cls, given: list[str]) -> list[str]:
        pairs = [split_endpoint_key(text) for text in given]
        urls = [url for url, _ in pairs]
        if twice := sorted({url for url in urls if urls.count(url) > 1}):
            raise ValueError(f"{twice[0]} stands twice")
        return [f"{url}={key}" for url, key in pairs]

    @field_validator("extra_body")
    @classmethod
    def _json_object(cls, text: str) -> str:
        try:
            given = json.loads(text or "{}")
        except ValueError as error:
            raise ValueError(f"must be a JSON object: {error}") from None
        if not isinstance(given, dict):
            raise ValueError('must be a JSON object, such as {"top_p": 0.95}')
        ours = sorted(given.keys() & {"model", "messages", "response_format", "max_tokens", "temperature", "stream", "n"})
        if ours:
            raise ValueError(f"must not hold {', '.join(ours)}: the pipeline sets that itself")
        if not isinstance(given.get("chat_template_kwargs", {}), dict):
            raise ValueError("must hold an object under chat_template_kwargs")
        if any(map(looks_like_key, texts_in(given))):
            raise ValueError("must not hold a key (value not shown); name the variable that holds it with --api_key_env")
        return text

    @field_validator("session_header")
    @classmethod
    def _header_name(cls, name: str) -> str:
        if name and not re.fullmatch(HEADER, name):
            raise ValueError(f"{name!r} is no name of a header; use letters, digits and hyphens, such as x-session-id")
        if name.lower() in RESERVED_HEADERS or name.lower().startswith("content-"):
            raise ValueError(f"{name!r} means something else to every server; choose another, such as x-session-id")
        return name

    @field_validator("serve_accelerator")
    @classmethod
    def _accelerator(cls, name: str) -> str:
        if not re.fullmatch(ACCELERATOR, name):
            raise ValueError(f"{shown(name)} must be a type of GPU, such as nvidia-l4, or nvidia-l4:2 for two of them")
        return name

    @property
    def serve(self) -> ServeConfig | None:
        """How the workers serve the model themselves; None if they do not."""
        if not self.serve_model:
            return None
        command = f"{self.serve_command} {self.serve_args}".strip()
        return ServeConfig(self.serve_model, command, SERVE_PORT, SERVE_START_TIMEOUT_S)

    def keys_of(self, endpoints: Iterable[str]) -> set[str]:
        """The names of the keys of some endpoints: their own, or the general one."""
        own = dict(split_endpoint_key(text) for text in self.endpoint_keys)
        general = f"secret:{self.api_key_secret}" if self.api_key_secret else f"env:{self.api_key_env}"
        return {own.get(url, general) for url in endpoints} or {general}

    @property
    def more_body(self) -> str:
        """The body keys that a user wants besides ours, as JSON text; "" if none."""
        body = json.loads(self.extra_body or "{}")
        if self.disable_thinking:
            body["chat_template_kwargs"] = {**body.get("chat_template_kwargs", {}), "enable_thinking": False}
        return json.dumps(body, sort_keys=True) if body else ""
