"""Every option of the pipeline, declared once, as one pydantic model.

`PipelineConfig` is the only list of options. The flags of the command line, the keys of a
`--config` file (`command_line.py`), `templates/metadata.json` and the option table of the README are made from it
(`python -m beam_pipeline.describe` rewrites the last two). One stage's own settings are declared
once in `StageOptions` and exist for every stage of `prompts.STAGES` as `--<stage>_<setting>`.

A secret is named, never given: no option takes a key, and no message repeats what looks like one.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import tiktoken
from apache_beam.io.filesystems import FileSystems
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from beam_pipeline.bigquery_options import TABLE, check_tables
from beam_pipeline.event_time import parse_option
from beam_pipeline.option_values import (
    ACCELERATOR,
    ANY_LANGUAGE,
    ENV_NAME,
    HEADER,
    RESERVED_HEADERS,
    SECRET_NAME,
    check_endpoints,
    check_env_name,
    check_secret_name,
    declare,
    hint,
    known_languages,
    looks_like_key,
    shown,
    texts_in,
)
from beam_pipeline.screening import read_thresholds
from beam_pipeline.stream_options import SUBSCRIPTION, TOPIC, check_source
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

SERVE_COMMAND = (
    "vllm serve {model} --host 127.0.0.1 --port {port} --enable-prefix-caching --enable-prompt-tokens-details "
    """--structured-outputs-config '{"backend":"guidance","disable_any_whitespace":true}' --generation-config vllm"""
)
"""How a worker serves the model without `--serve_command`; templates/serving/README.md says what the flags are for."""

YEAR_S = 366 * 86_400
"""The longest that a stream waits for or remembers anything: Beam's timers and the names of windows end somewhere."""

STREAM_RUNNER = "beam_pipeline.local_stream.LocalStreamRunner"
"""What reads Pub/Sub without `--runner`: the other in-process runner cannot."""

FILES = "Input and output"
TABLES = "BigQuery"
STREAMING = "Streaming (with Beam's own --streaming)"
ENDPOINT = "Endpoint and model"
SERVE = "Serving the model on the workers"
PRICES = "Prices, for the cost in the summary"
SCREENING = "Screening"
QUESTIONS = "Domains, exemplars, personas"
GATES = "Verification and further gates"
MIX = "De-duplication, decontamination, mix"
RUN = "The run"
STAGE = "One stage's own settings"


_SWITCHES: Mapping[str, str] = {
    "verify_answer": "--verify_calls 2",
    "verify_question": "--verify_calls 2",
    "round_trip": "--round_trip",
    "pass_rate": "--pass_rate_samples",
}


# Fields of the configuration that are no options of their own.
NO_OPTIONS = {"stages", "streaming"}


class _Options(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True, hide_input_in_errors=True
    )


class StageOptions(_Options):
    """What one model stage may have of its own; None is the general value."""

    model: str | None = declare(None, "Model of this stage.", STAGE)
    endpoint: list[str] | None = declare(None, "Base URL of this stage's endpoint. Repeatable.", STAGE, split="urls")
    temperature: float | None = declare(None, "Sampling temperature of this stage.", STAGE, param_type="NUMBER", ge=0, le=2)
    max_tokens: int | None = declare(None, "Longest reply of this stage, in tokens.", STAGE, param_type="NUMBER", ge=1)
    api_key_env: str | None = declare(
        None, "Name of the environment variable that holds the key for this stage.", STAGE, regex=ENV_NAME
    )
    api_key_secret: str | None = declare(
        None, "Secret Manager version that holds the key for this stage, instead of a variable.", STAGE, regex=SECRET_NAME
    )

    _endpoints = field_validator("endpoint")(check_endpoints)
    _secret = field_validator("api_key_secret")(lambda name: name and check_secret_name(name))

    @field_validator("model", "api_key_env", "api_key_secret")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("api_key_env")
    @classmethod
    def _env_name(cls, name: str | None) -> str | None:
        return name and check_env_name(name)


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

    input: list[str] = declare(
        [],
        "Files to read: paths or globs, local or gs://. Repeatable; in one value, full paths separated by commas.",
        FILES,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    inputs: str = declare(
        "",
        "YAML list of several inputs instead of --input, each with a source, a path, and what it has of its own: format, "
        "text_field, id_field, carry, languages, weight (the share of its documents to take), cap (the most of them).",
        FILES,
        param_type="GCS_READ_FILE",
    )
    output: str = declare(
        ...,
        "Folder to write to: qa/, rejected/, dead_letters/, summary.json.",
        FILES,
        param_type="GCS_WRITE_FOLDER",
        min_length=1,
    )
    overwrite: bool = declare(False, "Replace what an earlier run left in the output folder.", FILES, param_type="BOOLEAN")
    resume: bool = declare(False, "Go on with a stopped run in the output folder.", FILES, param_type="BOOLEAN")
    input_format: Literal["auto", "jsonl", "parquet", "text", "warc"] = declare(
        "auto",
        "Format of the input; auto goes by the file name (.jsonl, .parquet, .txt, .warc, .wet, .arc; .gz and .zst too).",
        FILES,
    )
    text_field: str = declare("text", "Field that holds a document's text.", FILES, min_length=1)
    id_field: str = declare("id", "Field that holds a document's id; a row without it gets a hash of its text.", FILES)
    source_field: str = declare("source", "Field that says where a document comes from.", FILES)
    source: str = declare("", "Source of the documents whose row has none.", FILES)
    carry: list[str] = declare(
        [],
        "Fields of a row that go along into what becomes of it, as attributes; names, or paths into nested objects. Repeatable.",
        FILES,
        split="commas",
    )
    output_format: Literal["jsonl", "parquet"] = declare("jsonl", "Format of the output.", FILES)
    output_shards: int = declare(
        0, "Files per kind of output; 0 lets the runner choose.", FILES, param_type="NUMBER", ge=0, le=10_000
    )

    input_table: str = declare(
        "",
        "BigQuery table (project:dataset.table) to read instead of files, a row for each document.",
        TABLES,
        param_type="BIGQUERY_TABLE",
        regex=TABLE,
    )
    input_query: str = declare(
        "", "Query (GoogleSQL) whose rows are read instead of files; it is run in, and billed to, Beam's --project.", TABLES
    )
    output_table: str = declare(
        "",
        "BigQuery table (project:dataset.table) for the accepted pairs, beside the files; NAME_rejected and NAME_dead_letters "
        "take the others. Each row says in its column run with which --output it came: --overwrite and --resume of a batch "
        "replace those rows and no others, so none is there twice.",
        TABLES,
        param_type="BIGQUERY_TABLE",
        regex=TABLE,
    )
    append_table: bool = declare(
        False, "Write to tables that hold rows of other runs; without it such tables are refused.", TABLES, param_type="BOOLEAN"
    )

    input_subscription: str = declare(
        "",
        "Pub/Sub subscription to read (projects/P/subscriptions/S), each message a document as JSON. "
        "Without it, --input is watched for files that appear.",
        STREAMING,
        param_type="PUBSUB_SUBSCRIPTION",
        regex=SUBSCRIPTION,
    )
    output_topic: str = declare(
        "",
        "Pub/Sub topic (projects/P/topics/T) to which accepted pairs are published as well.",
        STREAMING,
        param_type="PUBSUB_TOPIC",
        regex=TOPIC,
    )
    event_time: str = declare(
        "arrival",
        "Which window a document belongs to: that of its arrival, of a message's attribute:NAME (RFC 3339 or milliseconds), "
        "or of a row's field:NAME (ISO-8601 or seconds).",
        STREAMING,
    )
    window_s: float = declare(
        600.0, "Length of a window, in seconds; each has files of its own.", STREAMING, param_type="NUMBER", ge=0.001, le=YEAR_S
    )
    allowed_lateness_s: float | None = declare(
        None,
        "Seconds after its end for which a window stays open; what comes later is rejected as late. "
        "Without it: one more window for an attribute or field; on arrival nothing is late.",
        STREAMING,
        param_type="NUMBER",
        ge=0,
        le=YEAR_S,
    )
    early_firing_s: int = declare(
        0,
        "Write what an open window holds every so many seconds; 0 writes each window once, when it closes.",
        STREAMING,
        param_type="NUMBER",
        ge=0,
        le=YEAR_S,
    )
    deduplicate_ttl_s: float = declare(
        86_400.0,
        "Seconds for which ids, texts and questions are remembered, to find repeated ones.",
        STREAMING,
        param_type="NUMBER",
        gt=0,
        le=YEAR_S,
    )
    watch_interval_s: float = declare(30.0, "Seconds between two looks for new files.", STREAMING, param_type="NUMBER", gt=0)
    watch_until_s: float = declare(
        0.0, "Seconds after which watching ends, and the run with it; 0 is never.", STREAMING, param_type="NUMBER", ge=0
    )

    endpoint: list[str] = declare(
        [],
        "Base URL of an OpenAI-compatible endpoint, ending in /v1. Repeatable: replicas of one model. "
        "Without one, the embedded endpoint is started.",
        ENDPOINT,
        split="urls",
    )
    model: str = declare(
        "",
        f"Model to ask. Without one: {DEMO_MODEL} of the embedded endpoint, or the one model that the endpoint serves.",
        ENDPOINT,
    )
    api_key_env: str = declare(
        "OPENAI_API_KEY", "Name of the environment variable that holds the endpoint's key.", ENDPOINT, regex=ENV_NAME
    )
    api_key_secret: str = declare(
        "",
        "Secret Manager version that holds the endpoint's key (projects/P/secrets/S/versions/V), instead of a variable.",
        ENDPOINT,
        regex=SECRET_NAME,
    )
    temperature: float = declare(0.0, "Sampling temperature.", ENDPOINT, param_type="NUMBER", ge=0, le=2)
    max_tokens: int = declare(512, "Longest reply, in tokens.", ENDPOINT, param_type="NUMBER", ge=1)
    request_timeout_s: float = declare(120.0, "Seconds to wait for one reply.", ENDPOINT, param_type="NUMBER", gt=0)
    max_attempts: int = declare(
        5, "Tries of one call when the endpoint is busy or fails for a moment.", ENDPOINT, param_type="NUMBER", ge=1
    )
    max_reasks: int = declare(2, "Fresh samples asked for after a malformed or cut reply.", ENDPOINT, param_type="NUMBER", ge=0)
    concurrency: int = declare(
        0, "Ceiling of requests in flight per endpoint; 0 finds it while running.", ENDPOINT, param_type="NUMBER", ge=0
    )
    worker_processes: int = declare(
        1, "Worker processes of the run that share the ceiling of --concurrency.", ENDPOINT, param_type="NUMBER", ge=1
    )
    backlog: int = declare(
        512, "Elements that one worker process holds in flight in one stage.", ENDPOINT, param_type="NUMBER", ge=1
    )
    outage_timeout_s: float = declare(
        600.0,
        "Seconds to wait while no replica answers, or all say later, before giving up on a call.",
        ENDPOINT,
        param_type="NUMBER",
        ge=0,
    )
    unreachable_endpoint: Literal["auto", "stop", "warn"] = declare(
        "auto",
        "What is done before the start about an endpoint that this machine cannot reach: stop, or warn and go on; auto is warn "
        "on Dataflow, whose workers may be in another network, and stop elsewhere.",
        ENDPOINT,
    )
    disable_thinking: bool = declare(
        False, "Ask thinking models not to think (chat_template_kwargs: enable_thinking false).", ENDPOINT, param_type="BOOLEAN"
    )
    extra_body: str = declare("", "More keys for the body of every request, as a JSON object.", ENDPOINT)
    session_header: str = declare(
        "", "Header that carries the document's id, for routers that keep a session on one replica.", ENDPOINT, regex=HEADER
    )
    serve_model: str = declare(
        "",
        "Model that every worker serves itself, instead of --endpoint: a name, or a folder in the workers' image.",
        SERVE,
    )
    serve_args: str = declare("", "More flags for the server, such as '--max-model-len 16384 --max-num-seqs 64'.", SERVE)
    serve_command: str = declare(
        SERVE_COMMAND,
        "Command that starts an OpenAI-compatible server on the worker; {model} and {port} stand for theirs.",
        SERVE,
        min_length=1,
    )
    serve_port: int = declare(
        8000, "Port of the server, on the worker's own loopback.", SERVE, param_type="NUMBER", ge=1, le=65535
    )
    serve_start_timeout_s: float = declare(
        1800.0, "Seconds from a start of the server to its first answer.", SERVE, param_type="NUMBER", gt=0
    )
    serve_accelerator: str = declare(
        "nvidia-l4",
        "GPU of a Dataflow worker, TYPE or TYPE:COUNT; the machine type is chosen for it unless --machine_type is given.",
        SERVE,
        regex=ACCELERATOR,
    )
    price_in: float = declare(0.0, "Price of a million prompt tokens, for the summary.", PRICES, param_type="NUMBER", ge=0)
    price_cached: float | None = declare(
        None,
        "Price of a million prompt tokens from the prefix cache; without it, that of --price_in.",
        PRICES,
        param_type="NUMBER",
        ge=0,
    )
    price_out: float = declare(0.0, "Price of a million completion tokens.", PRICES, param_type="NUMBER", ge=0)
    price_gpu_hour: float = declare(0.0, "Price of a GPU for an hour, for your own endpoints.", PRICES, param_type="NUMBER", ge=0)
    gpus: int = declare(1, "GPUs that serve the run, for --price_gpu_hour.", PRICES, param_type="NUMBER", ge=1)

    min_document_tokens: int = declare(50, "Shortest document to keep, in tokens.", SCREENING, param_type="NUMBER", ge=0)
    max_document_tokens: int = declare(
        8000, "Longest document to ask about, in tokens; at least twice the shortest.", SCREENING, param_type="NUMBER", ge=2
    )
    long_documents: Literal["chunk", "cut", "reject"] = declare(
        "chunk", "A document over the longest: chunk splits it at paragraphs, cut keeps its beginning.", SCREENING
    )
    languages: list[str] = declare(
        ["en"],
        f"Languages to keep (langdetect codes); {ANY_LANGUAGE} keeps any. Repeatable.",
        SCREENING,
        split="commas",
        min_length=1,
    )
    tokenizer: str = declare(
        "estimate", "How tokens are counted: estimate needs no file; or a tiktoken encoding such as o200k_base.", SCREENING
    )
    near_duplicates: float = declare(
        0.85, "Similarity from which two documents are near duplicates; 0 keeps them.", SCREENING, param_type="NUMBER", ge=0, le=1
    )

    screening: str = declare(
        "",
        "Thresholds of the rules on a text, such as max_pitch_share=0.1,min_words=20, or the path of a YAML file of the same; "
        "transforms/quality.py says what each means.",
        SCREENING,
    )

    domains: str = declare(
        "", "YAML list of your own domains (slug, name, description), local or gs://.", QUESTIONS, param_type="GCS_READ_FILE"
    )
    domains_mode: Literal["extend", "replace"] = declare(
        "extend", "Whether your domains extend or replace the built-in list.", QUESTIONS
    )
    exemplars: list[str] = declare(
        [],
        "Your own exemplar banks: JSONL files named <slug>.jsonl, paths or globs. "
        "Repeatable; in one value, full paths separated by commas.",
        QUESTIONS,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    exemplars_mode: Literal["extend", "replace"] = declare(
        "extend", "Whether your exemplars extend the built-in bank of their domain, or replace it.", QUESTIONS
    )
    exemplars_per_prompt: int = declare(
        3, "Exemplars shown when a question is written.", QUESTIONS, param_type="NUMBER", ge=0, le=8
    )
    max_personas: int = declare(
        3, "Most personas, and so questions, for one document.", QUESTIONS, param_type="NUMBER", ge=1, le=3
    )

    verify_calls: int = declare(
        1,
        "Calls that verify a pair: 1 judges everything at once; 2 judges the answer by the document, "
        "then the question by a verifier that cannot see the document.",
        GATES,
        param_type="NUMBER",
        ge=1,
        le=2,
    )
    verifiers: int | None = declare(
        None,
        "Verifiers that judge each pair, each by itself, in every call of verification; without it, as many as --verifier_models "
        "names, or one.",
        GATES,
        param_type="NUMBER",
        ge=1,
        le=MOST_VERIFIERS,
    )
    verifier_models: list[str] = declare(
        [],
        "Models of the verifiers, taken in turn, all at the endpoint of verify; "
        "without it --verify_model judges again and again, sampled. Repeatable.",
        GATES,
        split="commas",
    )
    verifier_agreement: Literal["majority", "all"] = declare("majority", "How many of the verifiers must let a pair pass.", GATES)
    round_trip: bool = declare(
        False,
        "Have a model answer each question from the document without seeing the stored answer; a pair whose answers "
        "disagree is rejected.",
        GATES,
        param_type="BOOLEAN",
    )
    pass_rate_samples: int = declare(
        0,
        "Times that a solver answers each question without the document; the share of right answers is kept on the row.",
        GATES,
        param_type="NUMBER",
        ge=0,
        le=64,
    )
    min_pass_rate: float = declare(
        0.0, "Lowest pass rate of a pair to keep; those below are too hard.", GATES, param_type="NUMBER", ge=0, le=1
    )
    max_pass_rate: float = declare(
        1.0, "Highest pass rate of a pair to keep; those above are too easy.", GATES, param_type="NUMBER", ge=0, le=1
    )

    near_duplicate_questions: bool = declare(
        True,
        "Take questions in other words with the same answer for one; false keeps all but equal ones.",
        MIX,
        param_type="BOOLEAN",
    )
    benchmarks: list[str] = declare(
        [],
        "Evaluation sets that the output must not repeat: JSONL or Parquet, paths or globs. "
        "Repeatable; in one value, full paths separated by commas.",
        MIX,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    benchmark_fields: list[str] = declare(
        [],
        "Fields of a benchmark row: the question's first, then answer and options; without it the usual names are tried.",
        MIX,
        split="commas",
    )
    benchmark_ngram: int = declare(
        13,
        "Words in a row that count as a copy of a benchmark item; a shorter question counts as a whole.",
        MIX,
        param_type="NUMBER",
        ge=5,
        le=50,
    )
    benchmark_similarity: float = declare(
        0.65,
        "Share of a long benchmark question that must come back in a near duplicate (more of a short one); "
        "0 looks for copies only.",
        MIX,
        param_type="NUMBER",
        ge=0,
        le=1,
    )
    embedding_endpoint: list[str] = declare(
        [],
        "Base URL of an OpenAI-compatible endpoint with /v1/embeddings: benchmark questions in other words are looked for too. "
        "Repeatable.",
        MIX,
        split="urls",
    )
    embedding_model: str = declare(
        "", "Embedding model to ask; without it, the one model that the embedding endpoint serves.", MIX
    )
    embedding_api_key_env: str | None = declare(
        None, "Name of the environment variable that holds the embedding endpoint's key.", MIX, regex=ENV_NAME
    )
    embedding_api_key_secret: str = declare(
        "", "Secret Manager version that holds the embedding endpoint's key, instead of a variable.", MIX, regex=SECRET_NAME
    )
    embedding_dimensions: int = declare(
        0, "Length of vectors to ask for, of models that can shorten them; 0 is the model's own.", MIX, param_type="NUMBER", ge=0
    )
    embedding_prefix: str = declare("", "Put before each text, for models trained with one, such as 'query:'.", MIX)
    embedding_similarity: float = declare(
        0.72,
        "Cosine from which a question is compared with a benchmark's; tuned for all-MiniLM-L6-v2.",
        MIX,
        param_type="NUMBER",
        ge=0,
        le=1,
    )
    max_pairs_per_document: int = declare(
        0, "Most accepted pairs of one input row, its chunks together; 0 is no limit.", MIX, param_type="NUMBER", ge=0
    )
    max_pairs_per_source: int = declare(
        0,
        "Most accepted pairs of one source; rows without one count as one source; 0 is no limit.",
        MIX,
        param_type="NUMBER",
        ge=0,
    )
    max_pairs_per_domain: int = declare(0, "Most accepted pairs of one domain; 0 is no limit.", MIX, param_type="NUMBER", ge=0)
    domain_shares: str = declare(
        "",
        "Share of the output that each domain is to have, such as math=0.3,coding=20%, or the path of a YAML file; "
        "the others get the rest in the proportions they come in. Pairs are only left out, so the scarcest decides.",
        MIX,
    )
    mix_seed: int = declare(0, "Another seed keeps other pairs.", MIX, param_type="NUMBER", ge=0)

    target_accepted: int = declare(
        0,
        "Stop when about so many pairs are accepted: no more documents are begun, what is done is kept; 0 is no limit.",
        RUN,
        param_type="NUMBER",
        ge=0,
    )
    max_cost: float = declare(
        0.0,
        "Stop when the run has cost so much, by the --price_* options; what an earlier start of it paid counts; 0 is no limit.",
        RUN,
        param_type="NUMBER",
        ge=0,
    )
    dry_run: bool = declare(
        False,
        "Show stages, options and filled-in prompts of the run; ask no endpoint and write nothing.",
        RUN,
        param_type="BOOLEAN",
    )
    journal: str = declare(
        "",
        "Folder of the replies that were paid for; without it, journal/ in the output folder. Runs may share one.",
        RUN,
        param_type="GCS_WRITE_FOLDER",
    )
    config: str = declare("", "YAML file with any of these options, by name; flags win over it.", RUN, param_type="GCS_READ_FILE")
    progress: Literal["auto", "on", "off"] = declare("auto", "The live progress line; auto shows it on a terminal.", RUN)
    report: bool = declare(
        True, "Write report.html at the end of a local batch run; false leaves it out.", RUN, param_type="BOOLEAN"
    )
    log_level: Literal["debug", "info", "warning", "error"] = declare("warning", "Least severe log message to show.", RUN)

    streaming: bool = False  # Beam's own flag
    stages: dict[str, StageOptions] = Field(default_factory=dict)

    _endpoints = field_validator("endpoint", "embedding_endpoint")(check_endpoints)
    _env_name = field_validator("api_key_env")(check_env_name)
    _secret_names = field_validator("api_key_secret", "embedding_api_key_secret")(check_secret_name)
    _embedding_env_name = field_validator("embedding_api_key_env")(lambda name: name and check_env_name(name))

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
            raise ValueError(f"{shown(name)} must be a full name, projects/P/{what}")
        return name

    @field_validator("input_table", "output_table")
    @classmethod
    def _full_table_name(cls, name: str) -> str:
        if name and not re.fullmatch(TABLE, name):
            raise ValueError(f"{shown(name)} must be a full name, project:dataset.table")
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

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, languages: list[str]) -> list[str]:
        known = known_languages()
        for language in languages:
            if language not in known:
                variants = [code for code in known if code.startswith(f"{language}-")]
                near = f"; write {' or '.join(variants)}" if variants else hint(language, known)
                raise ValueError(f"{language!r} is no language code that langdetect knows (en, de, zh-cn){near}")
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
        check_tables(self, self._chosen())
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
        if self.embedding_api_key_secret and self.embedding_api_key_env:
            raise ValueError("--embedding_api_key_env and --embedding_api_key_secret both name the key: give one")
        for stage, own in self.stages.items():
            if own.api_key_env and own.api_key_secret:
                raise ValueError(f"--{stage}_api_key_env and --{stage}_api_key_secret both name the key: give one")
        for files, mode in (("domains", self.domains_mode), ("exemplars", self.exemplars_mode)):
            if mode == "replace" and not getattr(self, files):
                raise ValueError(f"--{files}_mode replace needs --{files}: there is nothing to put in their place")
        self._check_gates()
        self._check_limits()
        self._check_decontamination()
        self._check_serving()
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

    def _check_serving(self) -> None:
        """Refuse what would do nothing, and what no server of the workers would answer."""
        if not self.serve_model:
            if own := sorted(name for name in self._chosen() if name.startswith("serve_")):
                raise ValueError(f"--{own[0]} needs --serve_model: the workers serve nothing without")
            return
        for name in ("endpoint", "model"):
            if getattr(self, name):
                raise ValueError(f"--{name} and --serve_model both say which model to ask, and where: give one")
        for name in ("serve_command", "serve_args"):
            try:
                words = shlex.split(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"--{name}: {str(error).lower()}") from None
            if any(word.startswith(("--api-key", "--hf-token", "sk-", "hf_")) for word in words):
                raise ValueError(f"--{name} must not hold a key (value not shown): the server listens on loopback only")
        if "{port}" not in self.serve_command:
            raise ValueError("--serve_command must hold {port}: the pipeline says where the server listens")
        for stage in self.model_stages:
            settings = self.stage(stage)
            if settings.endpoints == (self.served_url,) and settings.model != self.serve_model:
                raise ValueError(
                    f"stage {stage} asks the model {settings.model!r}, and the workers serve only {self.serve_model!r}; "
                    f"give --{stage}_endpoint as well"
                )

    def _check_limits(self) -> None:
        """Refuse limits that cannot be kept."""
        for name in ("target_accepted", "max_cost"):
            if getattr(self, name) and self.streaming:
                raise ValueError(f"--{name} is for batches: a stream has no end to come to sooner; stop it, or cap its source")
        if self.max_cost and not (self.price_in or self.price_out or self.price_gpu_hour):
            raise ValueError("--max_cost needs prices: --price_in and --price_out, or --price_gpu_hour")
        if self.max_cost and self.pass_rate_samples:
            raise ValueError(
                "--max_cost cannot foresee --pass_rate_samples, whose calls come after the last document: "
                "measure the pass rate with --resume, without --max_cost"
            )
        late = sorted(name for name in self._chosen() if name.startswith("max_pairs_per_") or name == "domain_shares")
        if (self.min_pass_rate, self.max_pass_rate) != (0.0, 1.0):
            late.append("min_pass_rate" if self.min_pass_rate else "max_pass_rate")
        if self.target_accepted and late:
            raise ValueError(
                f"--target_accepted counts pairs while documents are asked about, and --{late[0]} leaves pairs out when all are "
                f"there: leave out --{late[0]}, or stop by --max_cost"
            )

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
    def served_url(self) -> str:
        """Where a worker asks the model that it serves itself; "" if none does."""
        return f"http://127.0.0.1:{self.serve_port}/v1" if self.serve_model else ""

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
        general = [self.served_url] if self.serve_model else self.endpoint
        endpoints = general if own.endpoint is None else own.endpoint
        served = self.serve_model if own.endpoint is None else ""
        verifier = self.verifier_models[0] if self.verifier_models and name in VERIFY_STAGES else ""
        temperature, max_tokens = self.temperature, self.max_tokens
        if name == "pass_rate":
            temperature, max_tokens = temperature or SOLVER_TEMPERATURE, max(max_tokens, SOLVER_MAX_TOKENS)
        return StageSettings(
            stage=name,
            endpoints=tuple(endpoints),
            model=verifier or own.model or self.model or served or ("" if endpoints else DEMO_MODEL),
            temperature=temperature if own.temperature is None else own.temperature,
            max_tokens=max_tokens if own.max_tokens is None else own.max_tokens,
            api_key_env=own.api_key_env or self.api_key_env,
            api_key_secret=own.api_key_secret or ("" if own.api_key_env else self.api_key_secret),
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
        if own.api_key_env:
            chosen["api_key_secret"] = None
        return StageOptions.model_validate({**chosen, **own.model_dump(exclude_none=True)})

    @property
    def journal_folder(self) -> str:
        """Where replies are kept."""
        return self.journal or FileSystems.join(self.output, "journal")

    def given(self) -> dict[str, Any]:
        """The options that were given, by flag's name; a default that nobody chose is not among them."""
        names = [name for name in type(self).model_fields if name in self.model_fields_set and name not in NO_OPTIONS]
        values = {name: getattr(self, name) for name in names}
        for stage, own in self.stages.items():
            values |= {f"{stage}_{setting}": value for setting, value in own if setting in own.model_fields_set}
        return values

    def flat(self) -> dict[str, Any]:
        """Every option by its flag's name, as a `--config` file would hold it; safe to log."""
        values = self.model_dump(exclude=NO_OPTIONS)
        for stage, own in self.stages.items():
            values |= {f"{stage}_{setting}": value for setting, value in own}
        return values
