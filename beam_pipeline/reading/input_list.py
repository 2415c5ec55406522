"""Several inputs in one run: a YAML list that says of each where it lies, how its fields are called, and how much of it to take.

`README.md` shows one. What an entry does not say is as the options have it. Which documents are taken is decided by a hash of
label and id: every run takes the same, and a larger weight or cap takes those of a smaller one and more.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from apache_beam.io.filesystems import FileSystems
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.values import check_languages, first_problem, hint, shown
from beam_pipeline.reading.documents import Fields
from beam_pipeline.reading.field_check import Named, check_fields
from beam_pipeline.reading.file_reader import UNKNOWN_FORMAT, FileReader, check_installed
from beam_pipeline.storage.files import format_of, no_file, open_file, reason
from beam_pipeline.storage.matching import match_pattern, read_text


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Names = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_listed)]


class InputSpec(BaseModel):
    """One input. `cap` 0 is no limit, `languages` () those of the options."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)

    source: str = Field(min_length=1, max_length=200)
    path: _Names = Field(min_length=1)
    format: Literal["auto", "jsonl", "parquet", "arrow", "csv", "tsv", "text", "html", "warc"] = "auto"
    text_field: str = Field("text", min_length=1)
    id_field: str = "id"
    carry: _Names = []
    languages: _Names = []
    weight: float = Field(1.0, gt=0, le=1)
    cap: int = Field(0, ge=0)

    @field_validator("source")
    @classmethod
    def _one_line(cls, source: str) -> str:
        if not source.isprintable():
            raise ValueError("must be one line without tabs")
        return source

    _languages = field_validator("languages")(check_languages)


def read_inputs(config: PipelineConfig) -> tuple[InputSpec, ...]:
    """The inputs of a run as `--inputs` lists them; () without it. ValueError, one line that names the entry, if it is wrong."""
    if not config.inputs:
        return ()
    path = config.inputs
    try:
        # Scalars as they are written, so that `languages: [no]` is Norwegian and `source: 2024` a name.
        listed = yaml.load(read_text(path), Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise ValueError(
            f"--inputs {path} line {line}: not YAML: {getattr(error, 'problem', None) or 'odd characters'}"
        ) from None
    except ValueError as error:
        raise ValueError(f"--inputs {error}") from error
    if not isinstance(listed, list) or not listed:
        raise ValueError(f"--inputs {path}: must be a YAML list of inputs, each with a source and a path")
    folder = os.path.dirname(path)
    specs = tuple(_entry(path, number, entry, folder, config) for number, entry in enumerate(listed, 1))
    for number, spec in enumerate(specs):
        if spec.source in {other.source for other in specs[:number]}:
            raise ValueError(
                f"--inputs {path}: entry {number + 1}: the source {spec.source!r} is already that of another; each needs its own"
            )
    if config.streaming and (capped := [spec.source for spec in specs if spec.cap]):
        raise ValueError(
            f"--inputs {path}: the cap of {capped[0]!r} needs the whole input, and --streaming has no end; use a weight"
        )
    return specs


def _entry(path: str, number: int, entry: Any, folder: str, config: PipelineConfig) -> InputSpec:
    where = f"--inputs {path}: entry {number}"
    if not isinstance(entry, dict):
        raise ValueError(f"{where}: must be a source, a path and so on, each as 'name: value'")
    if entry.get("source"):
        where += f" ({shown(entry['source'])})"
    for name in entry:
        if name not in InputSpec.model_fields:
            raise ValueError(f"{where}: unknown key {shown(name)}{hint(str(name), InputSpec.model_fields)}")
    general = {"format": config.input_format, **{name: getattr(config, name) for name in ("text_field", "id_field", "carry")}}
    given = {name: value for name, value in entry.items() if value != "" or name == "id_field"}
    try:
        spec = InputSpec.model_validate({**general, **given})
    except ValidationError as error:
        name, kind, message = first_problem(error)
        raise ValueError(f"{where}: {name} {'is missing' if kind == 'missing' else message}") from None
    return spec.model_copy(update={"path": [_from(folder, pattern) for pattern in spec.path]})


def _from(folder: str, pattern: str) -> str:
    """A path of the list as seen from where the run is started."""
    if FileSystems.get_scheme(pattern) or os.path.isabs(pattern) or not folder:
        return pattern
    return (
        FileSystems.join(folder, pattern) if FileSystems.get_scheme(folder) else os.path.normpath(os.path.join(folder, pattern))
    )


def is_tallied(config: PipelineConfig) -> bool:
    """Whether what is met in the input is counted by itself: where not everything in it is a document."""
    formats = {config.input_format, *(format_of(pattern) for pattern in config.input)}
    return bool(config.inputs) or "warc" in formats


def check_files(config: PipelineConfig, inputs: Iterable[InputSpec]) -> list[str]:
    """The files of a batch; `inputs` are those of `--inputs`. Raises as `check_inputs`."""
    specs: list[InputSpec | None] = [*([None] if config.input else []), *inputs]
    return [
        file
        for spec, files in zip(specs, file_inputs(config, inputs), strict=True)
        for file in check_inputs(files.patterns, files.reader, _named_fields(config, spec))
    ]


def _named_fields(config: PipelineConfig, spec: InputSpec | None) -> list[Named]:
    """The fields that a row must have: that of the text, and those that somebody named."""
    said: BaseModel = spec or config
    given = {name: getattr(said, name) for name in ("id_field", "source_field") if name in said.model_fields_set}
    carry = spec.carry if spec else config.carry
    text_field = spec.text_field if spec else config.text_field
    return [Named("text_field", text_field), *(Named(*name) for name in given.items()), *(Named("carry", name) for name in carry)]


def check_inputs(patterns: Iterable[str], reader: FileReader, named: Sequence[Named] | None = None) -> list[str]:
    """Check that every pattern matches a file, that the first can be opened, and that the fields are there. Returns the files.

    `named` are the fields that a row of the first thousand must have; without it, that of the text. ValueError, one line,
    says what is wrong.
    """
    files: list[str] = []
    named = [Named("text_field", reader.fields.text)] if named is None else named
    for pattern in patterns:
        found = match_pattern(pattern)
        files += found
        path = next((path for path in found if not no_file(path)), found[0])
        if reader.format_of(path) is None:
            raise ValueError(f"{path}: {UNKNOWN_FORMAT}")
        for file_format in set(map(reader.format_of, found)):
            check_installed(file_format)
        try:
            with open_file(path) as stream:
                stream.read(1)
        except Exception as error:  # each file system has errors of its own
            raise ValueError(f"{path}: cannot be opened: {reason(error)}") from error
        check_fields(reader, [path for path in found if not no_file(path)], named)
    return files


def input_patterns(config: PipelineConfig, inputs: Iterable[InputSpec]) -> tuple[str, ...]:
    """The paths of all inputs of files."""
    return tuple(pattern for files in file_inputs(config, inputs) for pattern in files.patterns)


class FileInput(NamedTuple):
    """Files that are read alike: their paths or globs, what reads them (by their weight), and the most documents of them."""

    patterns: tuple[str, ...]
    reader: FileReader
    cap: int = 0

    @property
    def label(self) -> str:
        """The source of documents whose row has none; with `--inputs` of all."""
        return self.reader.fields.source_label


def fields_of(config: PipelineConfig, event_time: str = "") -> Fields:
    """Where rows keep what a document needs, as the options say; `event_time` is the field of the event time."""
    return Fields(
        config.text_field,
        config.id_field,
        config.source_field,
        config.source,
        event_time,
        tuple(config.carry),
        tuple(config.message_roles),
    )


def file_inputs(config: PipelineConfig, inputs: Iterable[InputSpec], event_time: str = "") -> Iterator[FileInput]:
    """All inputs of files, each with its reader; `inputs` are those of `--inputs`."""
    if config.input:
        yield FileInput(tuple(config.input), FileReader(fields_of(config, event_time), config.input_format))
    for spec in inputs:
        # The source is the label, whatever a row says.
        fields = Fields(
            spec.text_field, spec.id_field, "", spec.source, event_time, tuple(spec.carry), tuple(config.message_roles)
        )
        yield FileInput(tuple(spec.path), FileReader(fields, spec.format, weight=spec.weight), spec.cap)
