"""The options of an audit: its own, and those of a run that mean something where there are no documents."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.audit.columns import NAMED
from beam_pipeline.audit.reasons import check_ignored
from beam_pipeline.command_parser import CommandParser
from beam_pipeline.options.command_line import OPTIONS, flag_settings, parse
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.values import ENDPOINT, PRICES, OptionError

_HOLDS = {
    "question": "the question, or the prompt",
    "answer": "the stored answer, or a solution that ends in it",
    "type": "the answer's type",
    "aliases": "other spellings of the answer",
    "id": "an id of the row, which goes along",
    "document": "the text that has the answer; without it the question is taken to stand alone",
    "domain": "what rows are counted by, such as a subject or a source",
    "options": "the options of a multiple-choice question",
}
# The stages that ask a model.
ASKED = ("ask_back", "round_trip", "pass_rate")
# Of a run, besides those of its endpoint and of prices.
_SHARED = (
    *("output", "overwrite", "resume", "output_format", "output_shards", "near_duplicate_questions", "benchmarks"),
    *("decontamination", "embedding_endpoint", "embedding_model", "pass_rate_samples", "min_pass_rate", "max_pass_rate"),
    *("ask_back", "round_trip", "min_key_confidence", "prompts", "journal"),
    *(f"{stage}_{setting}" for stage in ASKED for setting in ("model", "endpoint", "temperature", "max_tokens")),
    *("report", "log_level"),
)
_SWITCHES = {"ask_back": "--ask_back", "round_trip": "--round_trip", "pass_rate": "--pass_rate_samples 8"}
SHARED = tuple(name for name, option in OPTIONS.items() if name in _SHARED or option.group in (ENDPOINT, PRICES))


@dataclass(frozen=True)
class AuditOptions:
    """What is to be audited and how.

    Attributes:
        data: paths, globs or folders of the data set.
        columns: names of columns by what they hold.
        ignored: reasons that are no findings.
        clean: a new folder for copies of the files without the rows that have a finding; "" for none.
        keep_wording: whether words that all prompts share are part of the questions.
        config, beam: the options that it has in common with a run, and those of the engine.
    """

    data: tuple[str, ...]
    columns: dict[str, str]
    ignored: tuple[str, ...]
    clean: str
    keep_wording: bool
    config: PipelineConfig
    beam: PipelineOptions


class _Parser(CommandParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise OptionError(message.removeprefix("argument "))


def _parser() -> _Parser:
    parser = _Parser(
        "audit",
        "Look at any data set of questions and answers: what repeats, leaks, cannot be answered or not be rewarded.",
        (
            "train.jsonl --output audit --benchmarks 'evals/*.jsonl'",
            "my_dataset/ --output audit --question prompt --clean cleaned",
        ),
        usage="%(prog)s DATASET ... --output FOLDER [option ...] [Apache Beam option ...]",
        epilog="Apache Beam's options may be given as well, in the form --name=value.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument(
        "data", nargs="+", metavar="DATASET", help="JSON, CSV, Parquet or Arrow: files, globs, or a folder of a hub's layout"
    )
    own = parser.add_argument_group("The data set")
    for name in NAMED:
        own.add_argument(f"--{name}", metavar="COLUMN", help=f"column of {_HOLDS[name]}; paths with dots")
    own.add_argument(
        "--ignore", action="append", metavar="REASON", help="a reason that is no finding; repeatable, or with commas"
    )
    own.add_argument("--clean", metavar="FOLDER", help="a new folder for a copy without the rows that have a finding")
    own.add_argument(
        "--keep_wording", action="store_true", help="take words that all prompts begin or end with for a part of the questions"
    )
    groups = {option.group: parser.add_argument_group(option.group) for option in map(OPTIONS.__getitem__, SHARED)}
    for name in SHARED:
        groups[OPTIONS[name].group].add_argument(f"--{name}", **flag_settings(OPTIONS[name]))
    return parser


def parse_audit(argv: Sequence[str]) -> AuditOptions:
    """Parse the command line of an audit; OptionError is one line, ready to print."""
    given, rest = _parser().parse_known_args(list(argv))
    values = vars(given)
    for flag in (argument.partition("=")[0].removeprefix("--") for argument in rest if argument.startswith("--")):
        if flag in OPTIONS:
            raise OptionError(f"--{flag}: is for runs over documents; webscale-qa audit --help lists the options of an audit")
    if any(argument.partition("=")[0] == "--streaming" for argument in rest):
        raise OptionError("--streaming: an audit looks at a whole data set; leave it out")
    data = tuple(values["data"])
    config, beam = parse([*(f"--input={path}" for path in data), *_shared(values), *rest])
    asked = asked_stages(config)
    for stage in asked:
        if not (config.demo or config.model_of(stage).endpoints):
            raise OptionError(f"{_SWITCHES[stage].split()[0]}: no endpoint is named: give --endpoint http://HOST:PORT/v1")
    if not asked and (idle := next((name for name in ("endpoint", "demo", "model") if name in values), "")):
        raise OptionError(f"--{idle}: no question is put to a model; add {', '.join(_SWITCHES.values())}, or leave --{idle} out")
    ignored = tuple(reason.strip() for text in values.get("ignore", ()) for reason in text.split(",") if reason.strip())
    check_ignored(ignored)
    return AuditOptions(
        data,
        {name: values[name] for name in NAMED if values.get(name)},
        ignored,
        values.get("clean", ""),
        values.get("keep_wording", False),
        config,
        beam,
    )


def asked_stages(config: PipelineConfig) -> tuple[str, ...]:
    """The stages of an audit that ask a model, in their order."""
    chosen = {"ask_back": config.ask_back, "round_trip": config.round_trip, "pass_rate": config.pass_rate_samples}
    return tuple(stage for stage in ASKED if chosen[stage])


def _shared(values: dict[str, object]) -> Iterator[str]:
    """The options of a run as the flags that they were given by."""
    for name in SHARED:
        value = values.get(name)
        if value is not None:
            yield from (f"--{name}={part}" for part in (value if isinstance(value, list) else [value]))
