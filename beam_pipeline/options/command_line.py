"""The command line and `--config` files: from words to a `PipelineConfig`, and to Beam's options.

Values are taken from the defaults, then the `--config` file, then the command line. What is not
ours goes to Beam; what neither knows is an error, as Beam itself would ignore it with a warning.
"""

import argparse
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, NoReturn, get_args, get_origin

import annotated_types
import yaml
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from beam_pipeline import __version__
from beam_pipeline.command_parser import CommandParser
from beam_pipeline.exit_codes import OK
from beam_pipeline.options.checks import BATCH_SOURCES, check_together
from beam_pipeline.options.config import LOCAL_RUNNER, NO_OPTIONS, STREAM_RUNNER, WITH_OPTIONS, PipelineConfig, StageOptions
from beam_pipeline.options.endpoint import BASE_URL_ENV
from beam_pipeline.options.gone import GONE, changes_nothing, gone_line
from beam_pipeline.options.runner_checks import check_with_beam, flink_flags
from beam_pipeline.options.values import NUMBER, SPLITTERS, WHOLE_NUMBER, OptionError, first_problem, hint, shown
from transforms.errors import one_line


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


def _bounds_text(field: FieldInfo) -> str:
    """The bounds of a number as words: "1 to 3", "at least 1", or nothing."""
    low = next((m.ge for m in field.metadata if isinstance(m, annotated_types.Ge)), None)
    high = next((m.le for m in field.metadata if isinstance(m, annotated_types.Le)), None)
    if low is not None and high is not None:
        return f" ({low} to {high})"
    return f" (at least {low})" if low else ""


_PARAM_TYPES: Mapping[Any, str] = {bool: "BOOLEAN", int: "NUMBER", float: "NUMBER"}


def _describe(name: str, field: FieldInfo, stage: str = "", setting: str = "") -> Option:
    extra = field.json_schema_extra
    if not isinstance(extra, dict):
        raise TypeError(f"option {name} was not declared with declare()")
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
        param_type="ENUM" if choices else _PARAM_TYPES.get(kind, str(extra["param_type"])),
        split=str(extra["split"]),
        regex=str(extra["regex"]) or (WHOLE_NUMBER if kind is int else NUMBER if kind is float else ""),
        stage=stage,
        setting=setting,
    )


def _describe_all() -> Iterator[Option]:
    for name, field in PipelineConfig.model_fields.items():
        if name not in NO_OPTIONS:
            yield _describe(name, field)
    for stage in WITH_OPTIONS:
        for setting, field in StageOptions.model_fields.items():
            yield _describe(f"{stage}_{setting}", field, stage, setting)


OPTIONS: Mapping[str, Option] = {option.name: option for option in _describe_all()}


# What most runs need; `--help` shows these, and `--help-all` every option.
FIRST = (
    *("input", "output", "resume", "overwrite", "dry_run", "config", "endpoint", "demo", "model", "api_key_env"),
    *("languages", "benchmarks", "target_accepted"),
)
EXAMPLES = (
    "--input 'corpus/*.jsonl' --output out --endpoint http://localhost:8000/v1",
    "--input 'gs://bucket/*.parquet' --output out --dry_run",
)


class _Parser(CommandParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError(message.removeprefix("argument "))


class _HelpAll(argparse.Action):
    def __call__(self, *_: object) -> NoReturn:
        _our_parser(OPTIONS).print_help()
        raise SystemExit(OK)


def _our_parser(shown: Collection[str] = FIRST) -> _Parser:
    """Flags that only gather text; `PipelineConfig` says what it means, for flags and files alike. Help is of those `shown`."""
    parser = _Parser(
        "run",
        "Turn documents into verified question-answer pairs.",
        EXAMPLES,
        usage="%(prog)s --input FILES --output FOLDER [option ...] [Apache Beam option ...]",
        epilog="Every option of Apache Beam may be given as well (--runner, --project, --temp_location, ...). "
        "An option that only a runner's job server knows goes after a bare --.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--help-all", action=_HelpAll, nargs=0, help=f"show all {len(OPTIONS)} options and exit")
    groups: dict[str, Any] = {}
    for option in OPTIONS.values():
        group = groups.get(option.group) or groups.setdefault(option.group, parser.add_argument_group(option.group))
        settings = flag_settings(option)
        words = settings["help"] if option.name in shown else argparse.SUPPRESS
        group.add_argument(f"--{option.name}", **{**settings, "help": words})
    return parser


def flag_settings(option: Option) -> dict[str, Any]:
    """What `add_argument` is handed for the flag of an option."""
    default = f" [{option.default_text}]" if option.default_text and not option.is_flag else ""
    kind: dict[str, Any] = {"metavar": "|".join(option.choices) or option.name.rpartition("_")[2].upper()}
    if option.is_list:
        kind["action"] = "append"
    if option.is_flag:
        kind = {"nargs": "?", "const": "true", "metavar": "true|false"}
    return {**kind, "help": f"{option.description}{default}".replace("%", "%%")}


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


def parse(
    argv: Sequence[str], kept_by: Callable[[str], Mapping[str, Any]] = lambda _: {}
) -> tuple[PipelineConfig, PipelineOptions]:
    """Parse a command line into our configuration and Beam's options; OptionError is one line, ready to print.

    `kept_by` gives the options that the run of an output folder was given, of which `--resume OUT` takes those that are not
    given now; it raises ValueError.
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
    flags_given = vars(given)
    resumed = _resumed_folder(flags_given, values)
    for name, value in flags_given.items():
        split = SPLITTERS.get(OPTIONS[name].split)
        values[name] = [item for word in value for item in split(word)] if split else value
        origins[name] = f"--{name}"
    if resumed:
        values, origins, more = _with_kept(values, origins, resumed, dict(kept_by(resumed)), rest)
        rest = [*rest, *more]
    # What is said on the command line or in the file says more than what every program is told.
    if (url := os.environ.get(BASE_URL_ENV)) and not (values.get("serve_model") or values.get("demo", "false") != "false"):
        values.setdefault("endpoint", [url])
        origins.setdefault("endpoint", BASE_URL_ENV)
    flags = _beam_arguments(rest, STREAM_RUNNER if values.get("input_subscription") else LOCAL_RUNNER) + unchecked
    beam = PipelineOptions(flags)
    if beam.view_as(StandardOptions).streaming:
        values["streaming"] = True
    config = validate(values, origins)
    try:
        check_with_beam(config, beam)
    except ValueError as error:
        raise OptionError(str(error)) from None
    more = flink_flags(config, beam, flags)
    return config, PipelineOptions(flags + more) if more else beam


def _resumed_folder(given: dict[str, Any], of_file: Mapping[str, Any]) -> str:
    """The folder of the run whose options are to be taken; "" where the command line says all. Settles --resume and --output.

    It is named by --resume, or by --output where --resume stands without anything to read.
    """
    said, output = str(given.get("resume", "")), given.get("output") or of_file.get("output", "")
    if said and said.lower() not in _WORDS_OF_A_FLAG:
        if output and output.rstrip("/") != said.rstrip("/"):
            raise OptionError(f"--resume {said} and --output {output} both name the output folder: leave one out")
        given |= {"resume": "true", "output": said}
        return said
    sources = (*BATCH_SOURCES, "input_subscription")
    read = any(given.get(name) or of_file.get(name) for name in sources)
    return "" if read or said.lower() not in _YES else output


_YES = ("true", "1", "yes", "on", "t", "y")
_WORDS_OF_A_FLAG = (*_YES, "false", "0", "no", "off", "f", "n")


def _with_kept(
    values: Mapping[str, Any], origins: Mapping[str, str], folder: str, kept: dict[str, Any], beam: Sequence[str]
) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """The options with those that an earlier run left, and flags of Beam that go with them."""
    if not kept:
        raise OptionError(f"--resume {folder}: there is no options.yaml of a run, so all options have to be given again")
    streaming, runner = kept.pop("streaming", False), kept.pop("runner", "")
    if runner and not any(argument.partition("=")[0] == "--runner" for argument in beam):
        raise OptionError(
            f"--resume {folder}: that run had --runner={runner}, whose options are not kept: give it and them again, "
            f"or --runner={LOCAL_RUNNER} to go on here"
        )
    sources = (*BATCH_SOURCES, "input_subscription")
    if any(values.get(name) for name in sources):
        kept = {name: value for name, value in kept.items() if name not in sources}
    kept = {name: value for name, value in kept.items() if name not in GONE}
    path = f"{folder.rstrip('/')}/options.yaml"
    added = ["--streaming"] if streaming and not any(argument.startswith("--streaming") for argument in beam) else []
    return {**kept, **values}, {**{name: f"{path}: {name}" for name in kept}, **origins}, added


def validate(values: Mapping[str, Any], origins: Mapping[str, str] | None = None) -> PipelineConfig:
    """Make a configuration of flat values; `origins` says in what words each was given. OptionError if one is wrong."""
    if not any(values.get(name) for name in (*BATCH_SOURCES, "input_subscription", "streaming")):
        raise OptionError(f"{(origins or {}).get('input', '--input')} is missing: {OPTIONS['input'].description}")
    try:
        config = PipelineConfig.model_validate(dict(values))
        check_together(config)
    except ValidationError as error:
        raise OptionError(_first_problem(error, values, origins or {})) from None
    except ValueError as error:
        raise OptionError(str(error)) from None
    return config


def _first_problem(error: ValidationError, values: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    name, kind, message = first_problem(error)
    if not name:
        return message
    origin = origins.get(name, f"--{name}")
    if kind == "extra_forbidden":
        return gone_line(name) if name in GONE else f"unknown option {name}{hint(name, OPTIONS)}"
    if kind == "missing" or (name in ("input", "output") and not values.get(name)):
        return f"{origin} is missing: {OPTIONS[name].description}"
    if kind == "value_error" or "api_key" in name or isinstance(values.get(name), list):
        return f"{origin}: {message}"
    return f"{origin}: {message} (got {shown(values.get(name))})"


def _beam_arguments(arguments: list[str], local_runner: str) -> list[str]:
    """Check what is not ours against Beam's options, and name the local runner where none is named."""
    for flag in (argument.partition("=")[0] for argument in arguments):
        if flag.startswith("--") and flag[2:] in GONE:
            raise OptionError(f"--{gone_line(flag[2:])}")
    parser = beam_parser()
    arguments = list(_plain_switches(arguments, parser))
    known, unknown = parser.parse_known_args(arguments)
    # The launcher of a Flex Template adds flags of its own; the service has checked the user's.
    if unknown and not getattr(known, "template_location", None):
        flag = unknown[0].partition("=")[0]
        if flag.startswith("-"):
            ours, beams = [f"--{name}" for name in OPTIONS], list(parser._option_string_actions)
            # One of ours, unless one of Beam's is all but the same.
            near = hint(flag, ours + beams, 0.9) or hint(flag, ours) or hint(flag, beams)
            raise OptionError(f"unknown option {shown(flag)[1:-1]}{near}")
        raise OptionError(f"unexpected argument {shown(flag)}: every value belongs to an option, as in --input FILE")
    runner = getattr(known, "runner", None)
    if not runner:
        return [*arguments, f"--runner={local_runner}"]
    names = StandardOptions.KNOWN_RUNNER_NAMES
    if "." not in runner and not {runner.lower(), f"{runner.lower()}runner"} & {name.lower() for name in names}:
        raise OptionError(f"--runner: unknown runner {shown(runner)}{hint(runner, names)}")
    return arguments


def _plain_switches(arguments: list[str], parser: argparse.ArgumentParser) -> Iterator[str]:
    """The arguments with `--streaming=true` as `--streaming`: the launcher of a Flex Template writes it so, Beam refuses that."""
    for argument in arguments:
        flag, equals, value = argument.partition("=")
        action = parser._option_string_actions.get(flag)
        if not equals or action is None or action.nargs != 0:
            yield argument
        elif value.lower() not in ("true", "false"):
            raise OptionError(f"{flag}: must be true or false (got {shown(value)})")
        elif value.lower() == "true":
            yield flag


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
        reason = getattr(error, "strerror", None) or one_line(error)
        raise OptionError(f"--config {path}: cannot be read: {reason}") from None
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise OptionError(f"{path} line {root.start_mark.line + 1}: must hold 'option: value' lines")
    seen: set[str] = set()
    for key, node in root.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in GONE and isinstance(node, yaml.ScalarNode) and changes_nothing(name, node.value):
            continue
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
    split = SPLITTERS.get(option.split)
    return split(node.value) if split else node.value


def _unknown_key(name: str) -> str:
    if name == "config":
        return "config cannot stand in a config file"
    if name in GONE:
        return gone_line(name)
    if f"--{name}" in beam_flags():
        return f"{name} is an option of Beam: give it on the command line"
    if name in WITH_OPTIONS:
        return f"{name} is a stage: write {name}_model, {name}_temperature and so on, one line each"
    return f"unknown option {shown(name)[1:-1]}{hint(name, OPTIONS)}"
