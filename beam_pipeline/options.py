"""Every option of the pipeline, declared once, as one pydantic model.

`PipelineConfig` is the only list of options. The flags of the command line, the keys of a
`--config` file, `templates/metadata.json` and the option table of the README are made from it
(`python -m beam_pipeline.describe` rewrites the last two). One stage's own settings are declared
once in `StageOptions` and exist for every stage of `prompts.STAGES` as `--<stage>_<setting>`.

Values are taken from the defaults, then the `--config` file, then the command line. What is not
ours goes to Beam; what neither knows is an error, as Beam itself would ignore it with a warning.
A secret is named, never given: no option takes a key, and no message repeats what looks like one.
"""

import argparse
import difflib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, NoReturn, get_args, get_origin
from urllib.parse import urlsplit

import annotated_types
import langdetect
import tiktoken
import yaml
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from beam_pipeline import __version__
from beam_pipeline.event_time import parse_option
from beam_pipeline.screening import read_thresholds
from beam_pipeline.stream_options import SUBSCRIPTION, TOPIC, check_runner, check_source
from prompts import STAGES

DEMO_MODEL = "demo-rules"
"""The one model that the embedded endpoint serves."""

LOCAL_RUNNER = "FnApiRunner"
"""What runs without `--runner`: "DirectRunner" becomes another runner where it can download one."""

VERIFY_STAGES = ("verify", "verify_answer", "verify_question")
"""The stages of verification: the one of a single call, and the two of `--verify_calls 2`, which share its settings."""

SOLVER_TEMPERATURE, SOLVER_MAX_TOKENS = 1.0, 2048
"""How the closed-book solver answers unless told otherwise: as in a rollout, with room to think."""

MOST_VERIFIERS = 9

ANY_LANGUAGE = "all"

STREAM_RUNNER = "BundleBasedDirectRunner"
"""What reads Pub/Sub without `--runner`: the other in-process runner cannot."""

FILES = "Input and output"
STREAMING = "Streaming (with Beam's own --streaming)"
ENDPOINT = "Endpoint and model"
PRICES = "Prices, for the cost in the summary"
SCREENING = "Screening"
QUESTIONS = "Domains, exemplars, personas"
GATES = "Verification and further gates"
MIX = "De-duplication, decontamination, mix"
RUN = "The run"
STAGE = "One stage's own settings"


class OptionError(ValueError):
    """The options cannot be used; the message is one line that says what to write instead."""


# How one word of the command line, or one scalar of a config file, becomes a list.
_BRACKETED = r"\{[^{}]*\}|\[[^\[\]]*\]"


def split_commas(text: str) -> list[str]:
    """Split where no item can hold a comma: languages, base URLs."""
    return [item.strip() for item in text.split(",") if item.strip()]


def split_paths(text: str) -> list[str]:
    """Split before the next full path ("a,gs://b", "a,/b"), so that "{a,b}.jsonl" and "a,b.jsonl" stay whole."""
    found, start = [], 0
    for match in re.finditer(rf"{_BRACKETED}|,(?=\s*(?:[a-z][a-z0-9+.-]*://|/))", text):
        if match.group() == ",":
            found.append(text[start : match.start()])
            start = match.end()
    return [item.strip() for item in (*found, text[start:]) if item.strip()]


def split_urls(text: str) -> list[str]:
    """Split base URLs. Nothing stays an item, because an unset variable must not mean another endpoint."""
    return split_commas(text) or [""]


_SPLITTERS: Mapping[str, Callable[[str], list[str]]] = {"commas": split_commas, "paths": split_paths, "urls": split_urls}


def _option(
    default: Any, description: str, group: str, *, param_type: str = "TEXT", split: str = "", regex: str = "", **bounds: Any
) -> Any:
    """A pydantic field with what flags, Flex Template metadata and the README need to know of it."""
    extra: dict[str, Any] = {"group": group, "param_type": param_type, "split": split, "regex": regex}
    return Field(default, description=description, json_schema_extra=extra, **bounds)


_ENV_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_HEADER = "[A-Za-z0-9-]+"
_RESERVED_HEADERS = frozenset(
    "accept accept-encoding authorization connection cookie expect host keep-alive te trailer transfer-encoding upgrade".split()
)
_SECRET_NAME = "projects/[^/]+/secrets/[^/]+/versions/[^/]+"


def looks_like_key(text: str) -> bool:
    """Whether text looks like a key rather than the name of one: "sk-...", or 20 letters and digits on end."""
    return text.startswith(("sk-", "sk_", "Bearer ")) or any(
        not run.isalpha() and not run.isdigit() for run in re.findall("[A-Za-z0-9]{20,}", text)
    )


def _check_env_name(name: str) -> str:
    if name and (looks_like_key(name) or not re.fullmatch(_ENV_NAME, name)):
        raise ValueError("takes the name of an environment variable that holds the key, not the key itself (value not shown)")
    return name


def _check_endpoint(url: str) -> str:
    """Return a base URL without its closing slash."""
    if "@" in url:
        raise ValueError("must not hold a user name or password (value not shown); name the key with --api_key_env")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets that do not match, or a port that is no number
        usable = False
    if not usable:
        raise ValueError("must begin with http:// or https:// and a host; write http://HOST:PORT/v1")
    path = parts.path.rstrip("/")
    deeper = re.match("(.*?/v1)/", path)
    root = path if path.endswith("/v1") else deeper[1] if deeper else f"{path}/v1"
    if path != root or parts.query or parts.fragment:
        raise ValueError(f"must be a base URL ending in /v1; write {parts.scheme}://{parts.netloc}{root}")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _check_endpoints(urls: list[str] | None) -> list[str] | None:
    if urls is not None and "" in urls:
        raise ValueError("must not be empty: is a variable not set? Leave the option out for the embedded endpoint")
    return None if urls is None else list(dict.fromkeys(_check_endpoint(url) for url in urls))


# What switches on a stage that a run with all options at their defaults does not have.
_SWITCHES: Mapping[str, str] = {
    "verify_answer": "--verify_calls 2",
    "verify_question": "--verify_calls 2",
    "round_trip": "--round_trip",
    "pass_rate": "--pass_rate_samples",
}


# Fields of the configuration that are no options of their own.
_NO_OPTIONS = {"stages", "streaming"}


class _Options(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True, hide_input_in_errors=True
    )


class StageOptions(_Options):
    """What one model stage may have of its own; None is the general value."""

    model: str | None = _option(None, "Model of this stage.", STAGE)
    endpoint: list[str] | None = _option(None, "Base URL of this stage's endpoint. Repeatable.", STAGE, split="urls")
    temperature: float | None = _option(None, "Sampling temperature of this stage.", STAGE, param_type="NUMBER", ge=0, le=2)
    max_tokens: int | None = _option(None, "Longest reply of this stage, in tokens.", STAGE, param_type="NUMBER", ge=1)
    api_key_env: str | None = _option(
        None, "Name of the environment variable that holds the key for this stage.", STAGE, regex=_ENV_NAME
    )

    _endpoints = field_validator("endpoint")(_check_endpoints)

    @field_validator("model", "api_key_env")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("api_key_env")
    @classmethod
    def _env_name(cls, name: str | None) -> str | None:
        return name and _check_env_name(name)


@dataclass(frozen=True, slots=True)
class StageSettings:
    """How one stage calls its model: plain values that travel to workers. No `endpoints`: the embedded one."""

    stage: str
    endpoints: tuple[str, ...]
    model: str
    temperature: float
    max_tokens: int
    api_key_env: str
    api_key_secret: str
    request_timeout_s: float
    max_attempts: int
    max_reasks: int
    concurrency: int
    worker_processes: int
    backlog: int
    outage_timeout_s: float
    disable_thinking: bool
    extra_body: str
    session_header: str


class PipelineConfig(_Options):
    """Every option of a run, validated."""

    input: list[str] = _option(
        [],
        "Files to read: paths or globs, local or gs://. Repeatable; in one value, full paths separated by commas.",
        FILES,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    output: str = _option(
        ...,
        "Folder to write to: qa/, rejected/, dead_letters/, summary.json.",
        FILES,
        param_type="GCS_WRITE_FOLDER",
        min_length=1,
    )
    overwrite: bool = _option(False, "Replace what an earlier run left in the output folder.", FILES, param_type="BOOLEAN")
    resume: bool = _option(False, "Go on with a stopped run in the output folder.", FILES, param_type="BOOLEAN")
    input_format: Literal["auto", "jsonl", "parquet", "text"] = _option(
        "auto", "Format of the input; auto goes by the file name (.jsonl, .parquet, .txt; .gz and .zst too).", FILES
    )
    text_field: str = _option("text", "Field that holds a document's text.", FILES, min_length=1)
    id_field: str = _option("id", "Field that holds a document's id; a row without it gets a hash of its text.", FILES)
    source_field: str = _option("source", "Field that says where a document comes from.", FILES)
    source: str = _option("", "Source of the documents whose row has none.", FILES)
    output_format: Literal["jsonl", "parquet"] = _option("jsonl", "Format of the output.", FILES)
    output_shards: int = _option(
        0, "Files per kind of output; 0 lets the runner choose.", FILES, param_type="NUMBER", ge=0, le=10_000
    )

    input_subscription: str = _option(
        "",
        "Pub/Sub subscription to read (projects/P/subscriptions/S), each message a document as JSON. "
        "Without it, --input is watched for files that appear.",
        STREAMING,
        param_type="PUBSUB_SUBSCRIPTION",
        regex=SUBSCRIPTION,
    )
    output_topic: str = _option(
        "",
        "Pub/Sub topic (projects/P/topics/T) to which accepted pairs are published as well.",
        STREAMING,
        param_type="PUBSUB_TOPIC",
        regex=TOPIC,
    )
    event_time: str = _option(
        "arrival",
        "Which window a document belongs to: that of its arrival, of a message's attribute:NAME (RFC 3339 or milliseconds), "
        "or of a row's field:NAME (ISO-8601 or seconds).",
        STREAMING,
    )
    window_s: float = _option(
        600.0, "Length of a window, in seconds; each has files of its own.", STREAMING, param_type="NUMBER", gt=0
    )
    allowed_lateness_s: float | None = _option(
        None,
        "Seconds after its end for which a window stays open; what comes later is rejected as late. "
        "Without it: one more window for an attribute or field; on arrival nothing is late.",
        STREAMING,
        param_type="NUMBER",
        ge=0,
    )
    early_firing_s: int = _option(
        0,
        "Write what an open window holds every so many seconds; 0 writes each window once, when it closes.",
        STREAMING,
        param_type="NUMBER",
        ge=0,
    )
    deduplicate_ttl_s: float = _option(
        86_400.0,
        "Seconds for which ids, texts and questions are remembered, to find repeated ones.",
        STREAMING,
        param_type="NUMBER",
        gt=0,
    )
    watch_interval_s: float = _option(30.0, "Seconds between two looks for new files.", STREAMING, param_type="NUMBER", gt=0)
    watch_until_s: float = _option(
        0.0, "Seconds after which watching ends, and the run with it; 0 is never.", STREAMING, param_type="NUMBER", ge=0
    )

    endpoint: list[str] = _option(
        [],
        "Base URL of an OpenAI-compatible endpoint, ending in /v1. Repeatable: replicas of one model. "
        "Without one, the embedded endpoint is started.",
        ENDPOINT,
        split="urls",
    )
    model: str = _option(
        "",
        f"Model to ask. Without one: {DEMO_MODEL} of the embedded endpoint, or the one model that the endpoint serves.",
        ENDPOINT,
    )
    api_key_env: str = _option(
        "OPENAI_API_KEY", "Name of the environment variable that holds the endpoint's key.", ENDPOINT, regex=_ENV_NAME
    )
    api_key_secret: str = _option(
        "",
        "Secret Manager version that holds the endpoint's key (projects/P/secrets/S/versions/V), instead of a variable.",
        ENDPOINT,
        regex=_SECRET_NAME,
    )
    temperature: float = _option(0.0, "Sampling temperature.", ENDPOINT, param_type="NUMBER", ge=0, le=2)
    max_tokens: int = _option(512, "Longest reply, in tokens.", ENDPOINT, param_type="NUMBER", ge=1)
    request_timeout_s: float = _option(120.0, "Seconds to wait for one reply.", ENDPOINT, param_type="NUMBER", gt=0)
    max_attempts: int = _option(
        5, "Tries of one call when the endpoint is busy or fails for a moment.", ENDPOINT, param_type="NUMBER", ge=1
    )
    max_reasks: int = _option(2, "Fresh samples asked for after a malformed or cut reply.", ENDPOINT, param_type="NUMBER", ge=0)
    concurrency: int = _option(
        0, "Ceiling of requests in flight per endpoint; 0 finds it while running.", ENDPOINT, param_type="NUMBER", ge=0
    )
    worker_processes: int = _option(
        1, "Worker processes of the run that share the ceiling of --concurrency.", ENDPOINT, param_type="NUMBER", ge=1
    )
    backlog: int = _option(
        512, "Elements that one worker process holds in flight in one stage.", ENDPOINT, param_type="NUMBER", ge=1
    )
    outage_timeout_s: float = _option(
        600.0,
        "Seconds to wait while no replica answers, or all say later, before giving up on a call.",
        ENDPOINT,
        param_type="NUMBER",
        ge=0,
    )
    disable_thinking: bool = _option(
        False, "Ask thinking models not to think (chat_template_kwargs: enable_thinking false).", ENDPOINT, param_type="BOOLEAN"
    )
    extra_body: str = _option("", "More keys for the body of every request, as a JSON object.", ENDPOINT)
    session_header: str = _option(
        "", "Header that carries the document's id, for routers that keep a session on one replica.", ENDPOINT, regex=_HEADER
    )
    price_in: float = _option(0.0, "Price of a million prompt tokens, for the summary.", PRICES, param_type="NUMBER", ge=0)
    price_cached: float | None = _option(
        None,
        "Price of a million prompt tokens from the prefix cache; without it, that of --price_in.",
        PRICES,
        param_type="NUMBER",
        ge=0,
    )
    price_out: float = _option(0.0, "Price of a million completion tokens.", PRICES, param_type="NUMBER", ge=0)
    price_gpu_hour: float = _option(0.0, "Price of a GPU for an hour, for your own endpoints.", PRICES, param_type="NUMBER", ge=0)
    gpus: int = _option(1, "GPUs that serve the run, for --price_gpu_hour.", PRICES, param_type="NUMBER", ge=1)

    min_document_tokens: int = _option(50, "Shortest document to keep, in tokens.", SCREENING, param_type="NUMBER", ge=0)
    max_document_tokens: int = _option(
        8000, "Longest document to ask about, in tokens; at least twice the shortest.", SCREENING, param_type="NUMBER", ge=2
    )
    long_documents: Literal["chunk", "cut", "reject"] = _option(
        "chunk", "A document over the longest: chunk splits it at paragraphs, cut keeps its beginning.", SCREENING
    )
    languages: list[str] = _option(
        ["en"],
        f"Languages to keep (langdetect codes); {ANY_LANGUAGE} keeps any. Repeatable.",
        SCREENING,
        split="commas",
        min_length=1,
    )
    tokenizer: str = _option(
        "estimate", "How tokens are counted: estimate needs no file; or a tiktoken encoding such as o200k_base.", SCREENING
    )
    near_duplicates: float = _option(
        0.85, "Similarity from which two documents are near duplicates; 0 keeps them.", SCREENING, param_type="NUMBER", ge=0, le=1
    )

    screening: str = _option(
        "",
        "Thresholds of the rules on a text, such as max_pitch_share=0.1,min_words=20, or the path of a YAML file of the same; "
        "transforms/quality.py says what each means.",
        SCREENING,
    )

    domains: str = _option(
        "", "YAML list of your own domains (slug, name, description), local or gs://.", QUESTIONS, param_type="GCS_READ_FILE"
    )
    domains_mode: Literal["extend", "replace"] = _option(
        "extend", "Whether your domains extend or replace the built-in list.", QUESTIONS
    )
    exemplars: list[str] = _option(
        [],
        "Your own exemplar banks: JSONL files named <slug>.jsonl, paths or globs. "
        "Repeatable; in one value, full paths separated by commas.",
        QUESTIONS,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    exemplars_mode: Literal["extend", "replace"] = _option(
        "extend", "Whether your exemplars extend the built-in bank of their domain, or replace it.", QUESTIONS
    )
    exemplars_per_prompt: int = _option(
        3, "Exemplars shown when a question is written.", QUESTIONS, param_type="NUMBER", ge=0, le=8
    )
    max_personas: int = _option(
        3, "Most personas, and so questions, for one document.", QUESTIONS, param_type="NUMBER", ge=1, le=3
    )

    verify_calls: int = _option(
        1,
        "Calls that verify a pair: 1 judges everything at once; 2 judges the answer by the document, "
        "then the question by a verifier that cannot see the document.",
        GATES,
        param_type="NUMBER",
        ge=1,
        le=2,
    )
    verifiers: int | None = _option(
        None,
        "Verifiers that judge each pair, each by itself, in every call of verification; without it, as many as --verifier_models "
        "names, or one.",
        GATES,
        param_type="NUMBER",
        ge=1,
        le=MOST_VERIFIERS,
    )
    verifier_models: list[str] = _option(
        [],
        "Models of the verifiers, taken in turn, all at the endpoint of verify; "
        "without it --verify_model judges again and again, sampled. Repeatable.",
        GATES,
        split="commas",
    )
    verifier_agreement: Literal["majority", "all"] = _option("majority", "How many of the verifiers must let a pair pass.", GATES)
    round_trip: bool = _option(
        False,
        "Have a model answer each question from the document without seeing the stored answer; a pair whose answers "
        "disagree is rejected.",
        GATES,
        param_type="BOOLEAN",
    )
    pass_rate_samples: int = _option(
        0,
        "Times that a solver answers each question without the document; the share of right answers is kept on the row.",
        GATES,
        param_type="NUMBER",
        ge=0,
        le=64,
    )
    min_pass_rate: float = _option(
        0.0, "Lowest pass rate of a pair to keep; those below are too hard.", GATES, param_type="NUMBER", ge=0, le=1
    )
    max_pass_rate: float = _option(
        1.0, "Highest pass rate of a pair to keep; those above are too easy.", GATES, param_type="NUMBER", ge=0, le=1
    )

    near_duplicate_questions: bool = _option(
        True,
        "Take questions in other words with the same answer for one; false keeps all but equal ones.",
        MIX,
        param_type="BOOLEAN",
    )
    benchmarks: list[str] = _option(
        [],
        "Evaluation sets that the output must not repeat: JSONL or Parquet, paths or globs. "
        "Repeatable; in one value, full paths separated by commas.",
        MIX,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    benchmark_fields: list[str] = _option(
        [],
        "Fields of a benchmark row: the question's first, then answer and options; without it the usual names are tried.",
        MIX,
        split="commas",
    )
    benchmark_ngram: int = _option(
        13,
        "Words in a row that count as a copy of a benchmark item; a shorter question counts as a whole.",
        MIX,
        param_type="NUMBER",
        ge=5,
        le=50,
    )
    benchmark_similarity: float = _option(
        0.65,
        "Share of a long benchmark question that must come back in a near duplicate (more of a short one); "
        "0 looks for copies only.",
        MIX,
        param_type="NUMBER",
        ge=0,
        le=1,
    )
    embedding_endpoint: list[str] = _option(
        [],
        "Base URL of an OpenAI-compatible endpoint with /v1/embeddings: benchmark questions in other words are looked for too. "
        "Repeatable.",
        MIX,
        split="urls",
    )
    embedding_model: str = _option(
        "", "Embedding model to ask; without it, the one model that the embedding endpoint serves.", MIX
    )
    embedding_api_key_env: str | None = _option(
        None, "Name of the environment variable that holds the embedding endpoint's key.", MIX, regex=_ENV_NAME
    )
    embedding_dimensions: int = _option(
        0, "Length of vectors to ask for, of models that can shorten them; 0 is the model's own.", MIX, param_type="NUMBER", ge=0
    )
    embedding_prefix: str = _option("", "Put before each text, for models trained with one, such as 'query:'.", MIX)
    embedding_similarity: float = _option(
        0.72,
        "Cosine from which a question is compared with a benchmark's; tuned for all-MiniLM-L6-v2.",
        MIX,
        param_type="NUMBER",
        ge=0,
        le=1,
    )
    max_pairs_per_document: int = _option(
        0, "Most accepted pairs of one input row, its chunks together; 0 is no limit.", MIX, param_type="NUMBER", ge=0
    )
    max_pairs_per_source: int = _option(
        0,
        "Most accepted pairs of one source; rows without one count as one source; 0 is no limit.",
        MIX,
        param_type="NUMBER",
        ge=0,
    )
    max_pairs_per_domain: int = _option(0, "Most accepted pairs of one domain; 0 is no limit.", MIX, param_type="NUMBER", ge=0)
    domain_shares: str = _option(
        "",
        "Share of the output that each domain is to have, such as math=0.3,coding=20%, or the path of a YAML file; "
        "the others get the rest in the proportions they come in. Pairs are only left out, so the scarcest decides.",
        MIX,
    )
    mix_seed: int = _option(0, "Another seed keeps other pairs.", MIX, param_type="NUMBER", ge=0)

    config: str = _option("", "YAML file with any of these options, by name; flags win over it.", RUN, param_type="GCS_READ_FILE")
    progress: Literal["auto", "on", "off"] = _option("auto", "The live progress line; auto shows it on a terminal.", RUN)
    log_level: Literal["debug", "info", "warning", "error"] = _option("warning", "Least severe log message to show.", RUN)

    streaming: bool = False  # Beam's own flag
    stages: dict[str, StageOptions] = Field(default_factory=dict)

    _endpoints = field_validator("endpoint", "embedding_endpoint")(_check_endpoints)
    _env_name = field_validator("api_key_env")(_check_env_name)
    _embedding_env_name = field_validator("embedding_api_key_env")(lambda name: name and _check_env_name(name))

    @model_validator(mode="before")
    @classmethod
    def _gather_stages(cls, values: Any) -> Any:
        """Gather the flat keys of each stage (`filter_model`) into its `StageOptions`."""
        if not isinstance(values, Mapping) or "stages" in values:
            return values
        flat, stages = dict(values), {}
        for stage in STAGES:
            own = {setting: flat.pop(name) for setting in StageOptions.model_fields if (name := f"{stage}_{setting}") in flat}
            stages[stage] = own
        return {**flat, "stages": stages}

    @field_validator("input_subscription", "output_topic")
    @classmethod
    def _full_name(cls, name: str, info: ValidationInfo) -> str:
        what, pattern = ("subscriptions/S", SUBSCRIPTION) if info.field_name == "input_subscription" else ("topics/T", TOPIC)
        if name and not re.fullmatch(pattern, name):
            raise ValueError(f"{_shown(name)} must be a full name, projects/P/{what}")
        return name

    @field_validator("event_time")
    @classmethod
    def _known_event_time(cls, text: str) -> str:
        parse_option(text)
        return text

    @field_validator("verifier_models")
    @classmethod
    def _each_once(cls, models: list[str]) -> list[str]:
        once = list(dict.fromkeys(models))
        if len(once) > MOST_VERIFIERS:
            raise ValueError(f"names {len(once)} models; {MOST_VERIFIERS} verifiers are the most")
        return once

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("api_key_secret")
    @classmethod
    def _secret_name(cls, name: str) -> str:
        if name and not re.fullmatch(_SECRET_NAME, name):
            raise ValueError("must be the name projects/P/secrets/S/versions/V of a secret, not the secret (value not shown)")
        return name

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
        if any(map(looks_like_key, _texts(given))):
            raise ValueError("must not hold a key (value not shown); name the variable that holds it with --api_key_env")
        return text

    @field_validator("session_header")
    @classmethod
    def _header_name(cls, name: str) -> str:
        if name and not re.fullmatch(_HEADER, name):
            raise ValueError(f"{name!r} is no name of a header; use letters, digits and hyphens, such as x-session-id")
        if name.lower() in _RESERVED_HEADERS or name.lower().startswith("content-"):
            raise ValueError(f"{name!r} means something else to every server; choose another, such as x-session-id")
        return name

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, languages: list[str]) -> list[str]:
        known = _languages()
        for language in languages:
            if language not in known:
                variants = [code for code in known if code.startswith(f"{language}-")]
                hint = f"; write {' or '.join(variants)}" if variants else _hint(language, known)
                raise ValueError(f"{language!r} is no language code that langdetect knows (en, de, zh-cn){hint}")
        return list(dict.fromkeys(languages))

    @field_validator("screening")
    @classmethod
    def _known_thresholds(cls, given: str) -> str:
        read_thresholds(given)
        return given

    @field_validator("tokenizer")
    @classmethod
    def _known_tokenizer(cls, name: str) -> str:
        if name != "estimate" and name not in tiktoken.list_encoding_names():
            raise ValueError(f"{name!r} must be estimate or one of {', '.join(tiktoken.list_encoding_names())}")
        return name

    @model_validator(mode="after")
    def _no_contradiction(self) -> "PipelineConfig":
        check_source(self, self._chosen())
        if self.overwrite and self.resume:
            raise ValueError("--overwrite and --resume contradict each other: give one")
        if self.max_document_tokens < 2 * self.min_document_tokens:
            raise ValueError(
                f"--max_document_tokens must be at least twice --min_document_tokens, {2 * self.min_document_tokens}: "
                "a long document is split into parts that are each long enough"
            )
        if self.api_key_secret and "api_key_env" in self.model_fields_set:
            raise ValueError("--api_key_env and --api_key_secret both name the key: give one")
        for files, mode in (("domains", self.domains_mode), ("exemplars", self.exemplars_mode)):
            if mode == "replace" and not getattr(self, files):
                raise ValueError(f"--{files}_mode replace needs --{files}: there is nothing to put in their place")
        self._check_gates()
        self._check_decontamination()
        for stage in self.model_stages:
            settings = self.stage(stage)
            if 0 < settings.concurrency < settings.worker_processes:
                raise ValueError(
                    f"--concurrency {settings.concurrency} is shared by --worker_processes {settings.worker_processes}: "
                    "each needs one request in flight at least"
                )
            if not settings.endpoints and settings.model != DEMO_MODEL:
                raise ValueError(
                    f"stage {stage} asks the model {settings.model!r} but no --endpoint is given; "
                    f"the embedded endpoint serves only {DEMO_MODEL}"
                )
        return self

    def _chosen(self) -> set[str]:
        """The options that were given and are not the default; a default that is given in words does no harm."""
        fields = type(self).model_fields
        return {name for name in self.model_fields_set if name in fields and getattr(self, name) != fields[name].default}

    def _check_decontamination(self) -> None:
        """Refuse what would do nothing."""
        chosen = self._chosen()
        if not self.benchmarks and (own := sorted(name for name in chosen if name.startswith("benchmark_"))):
            raise ValueError(f"--{own[0]} needs --benchmarks: there is nothing to compare with")
        if self.embedding_endpoint and not self.benchmarks:
            raise ValueError("--embedding_endpoint needs --benchmarks: it looks for their questions in other words")
        if not self.embedding_endpoint and (own := sorted(name for name in chosen if name.startswith("embedding_"))):
            raise ValueError(f"--{own[0]} needs --embedding_endpoint")

    def _check_gates(self) -> None:
        """Refuse what would do nothing, or not what it says."""
        if self.verifier_count == 1 and self.verifier_agreement != "majority":
            raise ValueError("--verifier_agreement needs --verifiers 2 or more: one verifier always agrees")
        if len(self.verifier_models) > self.verifier_count:
            raise ValueError(
                f"--verifier_models names {len(self.verifier_models)} models for {self.verifier_count} verifiers; "
                f"give --verifiers {len(self.verifier_models)} or more"
            )
        if not self.pass_rate_samples and (self.min_pass_rate, self.max_pass_rate) != (0.0, 1.0):
            raise ValueError("--min_pass_rate and --max_pass_rate need --pass_rate_samples: nobody measures a pass rate without")
        if self.min_pass_rate > self.max_pass_rate:
            raise ValueError(f"--min_pass_rate {self.min_pass_rate:g} is above --max_pass_rate {self.max_pass_rate:g}")
        if self.pass_rate_samples > 1 and not self.stage("pass_rate").temperature:
            raise ValueError("--pass_rate_temperature 0 gives the same sample again and again; leave it out or give more than 0")
        for stage, own in self.stages.items():
            if stage in self.model_stages or (stage == "verify" and self.verify_calls == 2):
                continue
            for setting in own.model_dump(exclude_none=True):
                raise ValueError(f"--{stage}_{setting} is for a stage that this run does not have; add {_SWITCHES[stage]}")
        for stage in VERIFY_STAGES:
            if self.verifier_models and self.stages.get(stage, StageOptions()).model:
                raise ValueError(f"--{stage}_model and --verifier_models both name the verifiers: give one")

    @property
    def stream_ttl_s(self) -> float:
        """How long a stream remembers what it has seen; 0 for a batch, which is compared as a whole."""
        return self.deduplicate_ttl_s if self.streaming else 0.0

    @property
    def verifier_count(self) -> int:
        """How many verifiers judge a pair in each call of verification."""
        return self.verifiers or max(1, len(self.verifier_models))

    @property
    def model_stages(self) -> tuple[str, ...]:
        """The stages of this run that ask a model, in the order in which documents meet them."""
        off = {"verify"} if self.verify_calls == 2 else {"verify_answer", "verify_question"}
        off |= set() if self.round_trip else {"round_trip"}
        off |= set() if self.pass_rate_samples else {"pass_rate"}
        return tuple(stage for stage in STAGES if stage not in off)

    def stage(self, name: str) -> StageSettings:
        """How a stage calls its model: its own settings where given, the general ones elsewhere."""
        own = self._own(name)
        endpoints = self.endpoint if own.endpoint is None else own.endpoint
        verifier = self.verifier_models[0] if self.verifier_models and name in VERIFY_STAGES else ""
        temperature, max_tokens = self.temperature, self.max_tokens
        if name == "pass_rate":
            temperature, max_tokens = temperature or SOLVER_TEMPERATURE, max(max_tokens, SOLVER_MAX_TOKENS)
        return StageSettings(
            stage=name,
            endpoints=tuple(endpoints),
            model=verifier or own.model or self.model or ("" if endpoints else DEMO_MODEL),
            temperature=temperature if own.temperature is None else own.temperature,
            max_tokens=max_tokens if own.max_tokens is None else own.max_tokens,
            api_key_env=own.api_key_env or self.api_key_env,
            api_key_secret="" if own.api_key_env else self.api_key_secret,
            request_timeout_s=self.request_timeout_s,
            max_attempts=self.max_attempts,
            max_reasks=self.max_reasks,
            concurrency=self.concurrency,
            worker_processes=self.worker_processes,
            backlog=self.backlog,
            outage_timeout_s=self.outage_timeout_s,
            disable_thinking=self.disable_thinking,
            extra_body=self.extra_body,
            session_header=self.session_header,
        )

    def _own(self, name: str) -> StageOptions:
        """A stage's own settings; the two stages of verification have those of `verify` where they have none."""
        own = self.stages.get(name, StageOptions())
        if name not in VERIFY_STAGES[1:]:
            return own
        shared = self.stages.get("verify", StageOptions())
        chosen = {field: getattr(shared, field) for field in StageOptions.model_fields}
        return StageOptions.model_validate({**chosen, **own.model_dump(exclude_none=True)})

    def given(self) -> dict[str, Any]:
        """The options that were given, by flag's name; a default that nobody chose is not among them."""
        names = [name for name in type(self).model_fields if name in self.model_fields_set and name not in _NO_OPTIONS]
        values = {name: getattr(self, name) for name in names}
        for stage, own in self.stages.items():
            values |= {f"{stage}_{setting}": value for setting, value in own if setting in own.model_fields_set}
        return values

    def flat(self) -> dict[str, Any]:
        """Every option by its flag's name, as a `--config` file would hold it; safe to log."""
        values = self.model_dump(exclude=_NO_OPTIONS)
        for stage, own in self.stages.items():
            values |= {f"{stage}_{setting}": value for setting, value in own}
        return values


@dataclass(frozen=True, slots=True)
class Option:
    """One option as flags and documents see it. `stage` and `setting` are "" for a general one."""

    name: str
    group: str
    description: str
    default: Any
    required: bool
    is_list: bool
    is_flag: bool
    choices: tuple[str, ...]
    param_type: str
    split: str
    regex: str
    stage: str = ""
    setting: str = ""

    @property
    def default_text(self) -> str:
        """The default as one would write it; "" where there is none."""
        if self.default is None:
            return ""
        if self.is_list:
            return ",".join(self.default)
        if self.is_flag:
            return str(self.default).lower()
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    match value:
        case str():
            yield value
        case dict():
            for key, member in value.items():
                yield key
                yield from _texts(member)
        case list():
            for member in value:
                yield from _texts(member)


def _bounds_text(field: FieldInfo) -> str:
    """The bounds of a number as words: "1 to 3", "at least 1", or nothing."""
    low = next((m.ge for m in field.metadata if isinstance(m, annotated_types.Ge)), None)
    high = next((m.le for m in field.metadata if isinstance(m, annotated_types.Le)), None)
    if low is not None and high is not None:
        return f" ({low} to {high})"
    return f" (at least {low})" if low else ""


def _describe(name: str, field: FieldInfo, stage: str = "", setting: str = "") -> Option:
    extra = field.json_schema_extra
    if not isinstance(extra, dict):
        raise TypeError(f"option {name} was not declared with _option()")
    kind = field.annotation
    if NoneType in get_args(kind):
        kind = next(argument for argument in get_args(kind) if argument is not NoneType)
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    return Option(
        name=name,
        group=str(extra["group"]),
        description=f"{str(field.description).removesuffix('.')}{_bounds_text(field)}.",
        default=None if field.default is PydanticUndefined else field.default,
        required=field.is_required(),
        is_list=get_origin(kind) is list,
        is_flag=kind is bool,
        choices=choices,
        param_type="ENUM" if choices else str(extra["param_type"]),
        split=str(extra["split"]),
        regex=str(extra["regex"]),
        stage=stage,
        setting=setting,
    )


def _describe_all() -> Iterator[Option]:
    for name, field in PipelineConfig.model_fields.items():
        if name not in _NO_OPTIONS:
            yield _describe(name, field)
    for stage in STAGES:
        for setting, field in StageOptions.model_fields.items():
            yield _describe(f"{stage}_{setting}", field, stage, setting)


OPTIONS: Mapping[str, Option] = {option.name: option for option in _describe_all()}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError(message.removeprefix("argument "))


def _our_parser() -> _Parser:
    """Flags that only gather text; `PipelineConfig` says what it means, for flags and files alike."""
    parser = _Parser(
        prog="python -m beam_pipeline",
        usage="%(prog)s --input FILES --output FOLDER [option ...] [Apache Beam option ...]",
        description="Turn documents into verified question-answer pairs.",
        epilog="Every option of Apache Beam may be given as well (--runner, --project, --temp_location, ...). "
        "An option that only a runner's job server knows goes after a bare --.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--version", action="version", version=__version__)
    groups: dict[str, Any] = {}
    for option in OPTIONS.values():
        group = groups.get(option.group) or groups.setdefault(option.group, parser.add_argument_group(option.group))
        shown = f" [{option.default_text}]" if option.default_text and not option.is_flag else ""
        kind: dict[str, Any] = {"metavar": "|".join(option.choices) or option.name.rpartition("_")[2].upper()}
        if option.is_list:
            kind["action"] = "append"
        if option.is_flag:
            kind = {"nargs": "?", "const": "true", "metavar": "true|false"}
        group.add_argument(f"--{option.name}", help=f"{option.description}{shown}".replace("%", "%%"), **kind)
    return parser


def beam_parser() -> argparse.ArgumentParser:
    """Beam's own parser of every pipeline option that is loaded; it raises OptionError."""
    found: list[argparse.ArgumentParser] = []
    PipelineOptions([]).get_all_options(add_extra_args_fn=found.append)
    parser = found[0]
    parser.error = _Parser.error.__get__(parser)  # type: ignore[method-assign]
    return parser


def beam_flags() -> list[str]:
    """Every flag that Beam knows."""
    return list(beam_parser()._option_string_actions)


def parse(argv: Sequence[str]) -> tuple[PipelineConfig, PipelineOptions]:
    """Parse a command line into our configuration and Beam's options.

    Raises:
        OptionError: one line, ready to print.
    """
    arguments = list(argv)
    unchecked: list[str] = []
    if "--" in arguments:
        border = arguments.index("--")
        arguments, unchecked = arguments[:border], arguments[border + 1 :]
    given, rest = _our_parser().parse_known_args(arguments)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if path := getattr(given, "config", ""):
        for name, value, line in _read_config(path):
            values[name], origins[name] = value, f"{path} line {line}: {name}"
    for name, value in vars(given).items():
        split = _SPLITTERS.get(OPTIONS[name].split)
        values[name] = [item for word in value for item in split(word)] if split else value
        origins[name] = f"--{name}"
    beam = PipelineOptions(_beam_arguments(rest, STREAM_RUNNER if values.get("input_subscription") else LOCAL_RUNNER) + unchecked)
    standard = beam.view_as(StandardOptions)
    if standard.streaming:
        values["streaming"] = True
    config = validate(values, origins)
    try:
        check_runner(config, standard.runner)
    except ValueError as error:
        raise OptionError(str(error)) from None
    return config, beam


def validate(values: Mapping[str, Any], origins: Mapping[str, str] | None = None) -> PipelineConfig:
    """Make a configuration of flat values; `origins` says in what words each was given.

    Raises:
        OptionError: the first thing that is wrong.
    """
    if not any(values.get(name) for name in ("input", "input_subscription", "streaming")):
        raise OptionError(f"{(origins or {}).get('input', '--input')} is missing: {OPTIONS['input'].description}")
    try:
        return PipelineConfig.model_validate(dict(values))
    except ValidationError as error:
        raise OptionError(_first_problem(error, values, origins or {})) from None


def _first_problem(error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    problem = error.errors(include_url=False)[0]
    place = [str(part) for part in problem["loc"] if isinstance(part, str)]
    cause = problem.get("ctx", {}).get("error")
    message = str(cause) if isinstance(cause, ValueError) else problem["msg"].replace("Input should be", "must be")
    if not place:
        return message
    name = "_".join(place[1:]) if place[0] == "stages" else place[0]
    origin = origins.get(name, f"--{name}")
    if problem["type"] == "extra_forbidden":
        return f"unknown option {name}{_hint(name, OPTIONS)}"
    if problem["type"] == "missing" or (name in ("input", "output") and not values.get(name)):
        return f"{origin} is missing: {OPTIONS[name].description}"
    if cause or "api_key" in name or isinstance(values.get(name), list):
        return f"{origin}: {message}"
    return f"{origin}: {message} (got {_shown(values.get(name))})"


def _beam_arguments(arguments: list[str], local_runner: str) -> list[str]:
    """Check what is not ours against Beam's options, and name the local runner where none is named."""
    parser = beam_parser()
    known, unknown = parser.parse_known_args(arguments)
    # The launcher of a Flex Template adds flags of its own; the service has checked the user's.
    if unknown and not getattr(known, "template_location", None):
        flag = unknown[0].partition("=")[0]
        if flag.startswith("-"):
            flags = [f"--{name}" for name in OPTIONS] + list(parser._option_string_actions)
            raise OptionError(f"unknown option {_shown(flag)[1:-1]}{_hint(flag, flags)}")
        raise OptionError(f"unexpected argument {_shown(flag)}: every value belongs to an option, as in --input FILE")
    runner = getattr(known, "runner", None)
    if not runner:
        return [*arguments, f"--runner={local_runner}"]
    names = StandardOptions.KNOWN_RUNNER_NAMES
    if "." not in runner and not {runner.lower(), f"{runner.lower()}runner"} & {name.lower() for name in names}:
        raise OptionError(f"--runner: unknown runner {_shown(runner)}{_hint(runner, names)}")
    return arguments


def _read_config(path: str) -> Iterator[tuple[str, Any, int]]:
    """The options in a YAML file: name, text or list of texts, line.

    Scalars are taken as they are written, so that `languages: [no]` is Norwegian and not false.
    """
    try:
        with FileSystems.open(path) if "://" in path else open(path, "rb") as file:
            root = yaml.compose(file.read().decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise OptionError(f"{path} line {line}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise OptionError(f"{path} line 1: not YAML: the file holds bytes that are not text") from None
    except Exception as error:  # file systems raise what they like; all of it means "cannot be read"
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise OptionError(f"--config {path}: cannot be read: {reason}") from None
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise OptionError(f"{path} line {root.start_mark.line + 1}: must hold 'option: value' lines")
    seen: set[str] = set()
    for key, node in root.value:
        name, line = str(key.value), key.start_mark.line + 1
        option = OPTIONS.get(name)
        if option is None or name == "config":
            raise OptionError(f"{path} line {line}: {_unknown_key(name)}")
        if name in seen:
            raise OptionError(f"{path} line {line}: {name} stands twice")
        seen.add(name)
        if node.tag != "tag:yaml.org,2002:null":  # "model:" with nothing after it is not given
            yield name, _config_value(option, node, f"{path} line {line}: {name}"), line


def _config_value(option: Option, node: yaml.Node, origin: str) -> Any:
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        if not option.is_list:
            raise OptionError(f"{origin}: takes one value, not a list")
        return [item.value for item in node.value]
    if not isinstance(node, yaml.ScalarNode):
        raise OptionError(f"{origin}: takes a value{' or a list of values' if option.is_list else ''}")
    split = _SPLITTERS.get(option.split)
    return split(node.value) if split else node.value


def _unknown_key(name: str) -> str:
    if name == "config":
        return "config cannot stand in a config file"
    if f"--{name}" in beam_flags():
        return f"{name} is an option of Beam: give it on the command line"
    if name in STAGES:
        return f"{name} is a stage: write {name}_model, {name}_temperature and so on, one line each"
    return f"unknown option {_shown(name)[1:-1]}{_hint(name, OPTIONS)}"


def _languages() -> list[str]:
    """Every language code that langdetect can answer, and the word for any."""
    return [*sorted(os.listdir(langdetect.PROFILES_DIRECTORY)), ANY_LANGUAGE]


def _hint(name: str, names: Any) -> str:
    near = difflib.get_close_matches(name.replace("-", "_") if name[:1] != "-" else name, list(names), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _shown(value: Any) -> str:
    """A value for a message: short, and hidden where it might be a secret."""
    text = str(value)
    if looks_like_key(text) or "@" in text:
        return "'(not shown)'"
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
