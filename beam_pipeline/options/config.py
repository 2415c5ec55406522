"""Every option of the pipeline, declared once, as one pydantic model.

`PipelineConfig` is the only list of options. The flags of the command line, the keys of a
`--config` file (`command_line.py`), `templates/metadata.json` and the option table (`options/README.md`) are made from it
(`python -m beam_pipeline.options.describe` rewrites the last two). Its parts are declared by what they are about
(`inputs.py`, `endpoint.py`, `documents.py`); those of a stage and of the run as a whole stand here. `checks.py`
says what goes together, and looks at every configuration that is made of words.

A secret is named, never given: no option takes a key, and no message repeats what looks like one.
"""

from collections.abc import Mapping
from typing import Any, Literal

from apache_beam.io.filesystems import FileSystems
from pydantic import Field, field_validator, model_validator

from beam_pipeline.options.documents import DocumentOptions
from beam_pipeline.options.endpoint import EndpointOptions
from beam_pipeline.options.inputs import InputOptions
from beam_pipeline.options.own_stages import OwnStageName, check_own_stages, parse_own_stage
from beam_pipeline.options.values import RUN, STAGE, OptionsModel, check_endpoints, declare
from transforms.inference.config import FIRST, ModelConfig
from transforms.records import DEMO_MODEL
from transforms.stages import MODEL_STAGES, STAGES, VERIFY_STAGES

LOCAL_RUNNER = "FnApiRunner"
"""What runs without `--runner`: "DirectRunner" becomes another runner where it can download one."""

STREAM_RUNNER = "beam_pipeline.engines.local_stream.LocalStreamRunner"
"""What reads Pub/Sub without `--runner`: the other in-process runner cannot."""

WITH_OPTIONS = tuple(stage for stage in MODEL_STAGES if stage not in ("verify_answer", "repair", "fill_in_read"))
"""The stages that may have settings of their own; verify_answer has those of verify, repair those of synthesize, and
fill_in_read those of options_only."""

SOLVER_TEMPERATURE, SOLVER_MAX_TOKENS = 1.0, 2048
"""How the closed-book solver answers unless told otherwise: as in a rollout, with room to think."""


class StageOptions(OptionsModel):
    """What one model stage may have of its own, as `--<stage>_<setting>`; None is the general value."""

    model: str | None = declare(None, "Model of this stage.", STAGE)
    endpoint: list[str] | None = declare(None, "Base URL of this stage's endpoint. Repeatable.", STAGE, split="urls")
    temperature: float | None = declare(None, "Sampling temperature of this stage.", STAGE, ge=0, le=2)
    max_tokens: int | None = declare(None, "Longest reply of this stage, in tokens.", STAGE, ge=1)

    _endpoints = field_validator("endpoint")(check_endpoints)

    @field_validator("model")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None


# Fields of the configuration that are no options of their own.
NO_OPTIONS = {"stages", "streaming"}


# Fields come in the order of the parts from the last to the first, and then those below.
class PipelineConfig(DocumentOptions, EndpointOptions, InputOptions):
    """Every option of a run, validated."""

    target_accepted: int = declare(
        0,
        "Stop when so many pairs are accepted, or up to a tenth more; documents are taken in mixed order, what is done is kept; "
        "0 is no limit.",
        RUN,
        ge=0,
    )
    max_cost: float = declare(
        0.0,
        "Stop when the run has cost so much, by the --price_* options; what an earlier start of it paid counts; 0 is no limit.",
        RUN,
        ge=0,
    )
    min_stage_yield: float = declare(
        0.02,
        f"Stop when less than this share passes of the first {FIRST} elements of check, or of a stage that asks a model; 0 never "
        "stops. Replies from the journal do not count. A worker process on another machine looks at its own elements and stops "
        "by itself; a stream is never stopped.",
        RUN,
        ge=0,
        le=1,
    )
    stage: list[str] = declare(
        [],
        "A stage of your own behind a named one, as 'package.module:Name after check': a function that returns the record or the "
        "reason to reject it, a class whose objects are called so, or a PTransform that returns an Outcome; transforms/README.md "
        "says how. Repeatable.",
        RUN,
        split="commas",
    )
    stop_after: str = declare(
        "",
        "Stop when all rows have passed this stage, such as check, and write them to review/, for a person to strike or edit; "
        "--resume goes on, with --edits or without.",
        RUN,
    )
    edits: list[str] = declare(
        [],
        "JSONL files that strike or edit rows of a stage: id, and strike or changed fields, as review/ has them. Repeatable.",
        RUN,
        param_type="GCS_READ_FILE",
        split="paths",
    )
    edits_stage: str = declare(
        "", "The stage for lines of --edits that name none; without it, that at which the run in the output folder stopped.", RUN
    )
    dry_run: bool = declare(
        False, "Show stages, options and filled-in prompts of the run; ask no endpoint and write nothing.", RUN
    )
    journal: str = declare(
        "",
        "Folder of the replies that were paid for; without it, journal/ in the output folder. Runs may share one.",
        RUN,
        param_type="GCS_WRITE_FOLDER",
    )
    config: str = declare("", "YAML file with any of these options, by name; flags win over it.", RUN, param_type="GCS_READ_FILE")
    report: bool = declare(True, "Write report.html at the end of a local batch run; false leaves it out.", RUN)
    log_level: Literal["debug", "info", "warning", "error"] = declare("warning", "Least severe log message to show.", RUN)

    streaming: bool = False  # Beam's own flag
    stages: dict[str, StageOptions] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_stages(cls, values: Any) -> Any:
        """Gather the flat keys of each stage (`filter_model`) into its `StageOptions`."""
        if not isinstance(values, Mapping) or "stages" in values:
            return values
        flat = dict(values)
        stages = {
            stage: {setting: flat.pop(name) for setting in StageOptions.model_fields if (name := f"{stage}_{setting}") in flat}
            for stage in WITH_OPTIONS
        }
        return {**flat, "stages": stages}

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower_case(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    _stage = field_validator("stage")(check_own_stages)

    @property
    def own_stages(self) -> tuple[OwnStageName, ...]:
        """The stages of one's own, in order."""
        return tuple(map(parse_own_stage, self.stage))

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
        off |= set() if self.repairs else {"repair"}
        off |= set() if self.ask_back else {"ask_back"}
        off |= set() if self.round_trip else {"round_trip"}
        off |= set() if self.fill_in_the_middle else {"fill_in", "options_only", "fill_in_read"}
        off |= set() if self.pass_rate_samples else {"pass_rate"}
        return tuple(stage for stage in MODEL_STAGES if stage not in off)

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The shipped stages of this run, in the order of the table."""
        mixed = self.max_pairs_per_document or self.max_pairs_per_source or self.max_pairs_per_domain or self.domain_shares
        off = set(MODEL_STAGES).difference(self.model_stages)
        off |= (set() if self.benchmarks else {"decontaminate"}) | (set() if mixed else {"mix"})
        return tuple(stage for stage in STAGES if stage not in off)

    def model_of(self, name: str) -> ModelConfig:
        """How a stage asks its model: its own settings where given, else the general ones; no endpoints mean the embedded one."""
        own, serve = self._own(name), self.serve
        endpoints = tuple(([serve.url] if serve else self.endpoint) if own.endpoint is None else own.endpoint)
        if serve is not None and endpoints != (serve.url,):
            serve = None
        verifier = self.verifier_models[0] if self.verifier_models and name in VERIFY_STAGES else ""
        served = self.serve_model if own.endpoint is None else ""
        temperature, max_tokens = self.temperature, self.max_tokens
        if name == "pass_rate":
            temperature, max_tokens = temperature or SOLVER_TEMPERATURE, max(max_tokens, SOLVER_MAX_TOKENS)
        return ModelConfig(
            endpoints=endpoints,
            model=verifier or own.model or self.model or served or (DEMO_MODEL if self.demo else ""),
            api_key=min(self.keys_of(endpoints)),
            temperature=temperature if own.temperature is None else own.temperature,
            max_tokens=max_tokens if own.max_tokens is None else own.max_tokens,
            request_timeout_s=self.request_timeout_s,
            max_attempts=self.max_attempts,
            max_reasks=self.max_reasks,
            concurrency=self.concurrency,
            processes=self.worker_processes,
            # A server that starts is waited for like one that is away.
            outage_timeout_s=max(self.outage_timeout_s, serve.start_timeout_s if serve else 0.0),
            extra_body=self.more_body,
            session_header=self.session_header,
            journal=self.journal_folder,
            min_yield=0.0 if self.streaming else self.min_stage_yield,
            serve=serve,
        )

    def _own(self, name: str) -> StageOptions:
        """A stage's own settings; the two stages of verification have those of `verify` where they have none, who wrote
        a draft mends it, and who chooses without the text chooses with it."""
        same = {"repair": "synthesize", "fill_in_read": "options_only"}
        own = self.stages.get(same.get(name, name), StageOptions())
        if name not in VERIFY_STAGES[1:]:
            return own
        return self.stages.get("verify", StageOptions()).model_copy(update=own.model_dump(exclude_none=True))

    @property
    def journal_folder(self) -> str:
        """Where replies are kept."""
        return self.journal or FileSystems.join(self.output, "journal")

    def given(self) -> dict[str, Any]:
        """The options that were given, by flag's name; a default that nobody chose is not among them."""
        return self._by_flag(exclude_unset=True)

    def flat(self) -> dict[str, Any]:
        """Every option by its flag's name, as a `--config` file would hold it; safe to log."""
        return self._by_flag(exclude_unset=False)

    def _by_flag(self, exclude_unset: bool) -> dict[str, Any]:
        values = self.model_dump(exclude={"streaming"}, exclude_unset=exclude_unset)
        stages = values.pop("stages", {})
        return values | {f"{stage}_{setting}": value for stage, own in stages.items() for setting, value in own.items()}
