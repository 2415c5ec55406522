"""`webscale-qa export OUT --format FORMAT --to FOLDER`: accepted pairs as a trainer, or a hub, reads them.

hf makes a dataset that `datasets.load_dataset(FOLDER)` opens, with a card. trl, verl, openrlhf, nemo_rl, nemo_gym and
verifiers get their own columns and, beside the data, the reward as that trainer calls it. OUT is the folder of a run that has
ended, or of a stream: then the windows that have closed.

Exit codes: 0 written; 1 no row was left to write; 2 the run, the options or the folder cannot be used; 130 stopped.
"""

import argparse
import posixpath
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from beam_pipeline import __version__
from beam_pipeline.command_parser import CommandParser
from beam_pipeline.exit_codes import FAILED, OK, STOPPED, UNUSABLE
from beam_pipeline.export.curriculum import CURRICULUM_FILE, STARTING_RATES_FILE, Curriculum
from beam_pipeline.export.dataset_card import UNKNOWN_LICENCE, Card, Tally, dataset_card, reward_page
from beam_pipeline.export.folder import ExportError, ExportFolder, SplitFiles
from beam_pipeline.export.prompt_variants import VARIANTS, first_variants
from beam_pipeline.export.reward_package import PACKAGE, NamedJudge, adapter_file, reward_files
from beam_pipeline.export.trainer_rows import QUESTION_TEMPLATE, SPLITS, SYSTEM_TEMPLATE, TRAINERS, Templates, Trainer, split_of
from beam_pipeline.output.kinds import FREE_FORM, SCHEMAS, columns_of, json_line
from beam_pipeline.output.read_back import FinishedRun, ReadBackError, open_run
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.matching import read_text
from beam_pipeline.storage.row_files import Row
from beam_pipeline.summary.as_table import DEMO_LINE
from prompts.load import load_domains
from transforms.base_url import check_base_url
from transforms.errors import one_line
from transforms.records import ANSWER_TYPES, DEMO_MODEL

DATASET = "hf"
VALIDATION_SHARE = 0.05
# Rows of one file of a dataset: some 200 MB, which a hub and its viewer take in their stride.
SHARD_ROWS = 500_000
SYSTEM_FILE = "system_prompt.txt"
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}")
_NAMES_SHOWN = 20
_TEXTS = ("id", "document_id", "question", "answer", "answer_type", "domain")


@dataclass(frozen=True)
class Selection:
    """Which pairs to export; an empty set is every one.

    A bound of the pass rate other than 0 and 1 leaves out pairs whose rate was not measured.
    """

    domains: frozenset[str] = frozenset()
    answer_types: frozenset[str] = frozenset()
    min_pass_rate: float = 0.0
    max_pass_rate: float = 1.0

    def refused(self, row: Row) -> str:
        """Why a pair is left out; "" if it is not."""
        if self.domains and row["domain"] not in self.domains:
            return "domain"
        if self.answer_types and row["answer_type"] not in self.answer_types:
            return "answer_type"
        if (self.min_pass_rate, self.max_pass_rate) == (0.0, 1.0):
            return ""
        rate = row["pass_rate"]
        if rate is None:
            return "pass_rate_not_measured"
        return "" if self.min_pass_rate <= rate <= self.max_pass_rate else "pass_rate"


def whole_row(where: str, row: Row) -> Row:
    """A row with every column that an export uses, of its type.

    Raises:
        ReadBackError: a value is of another type.
    """
    for name in _TEXTS:
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise ReadBackError(f"{where}: {name} is no text; that is no accepted pair")
    aliases, rate = row.get("aliases") or [], row.get("pass_rate")
    if not all(isinstance(alias, str) for alias in aliases):
        raise ReadBackError(f"{where}: aliases are no list of texts; that is no accepted pair")
    if rate is not None and (isinstance(rate, bool) or not isinstance(rate, (int, float))):
        raise ReadBackError(f"{where}: pass_rate is no number; that is no accepted pair")
    return {
        **row,
        "source": row.get("source") or "",
        "aliases": list(aliases),
        "pass_rate": None if rate is None else float(rate),
    }


def chosen_domains(wanted: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    """Names of domains by names or slugs, however spaced; a value may hold several, with commas.

    Raises:
        ExportError: the run has no such domain; the message says which it has.
    """
    names = sorted(known)
    by_key = {_key(domain.slug): domain.name for domain in load_domains() if domain.name in names}
    by_key |= {_key(name): name for name in names}
    chosen = set()
    for value in wanted:
        for given in [value] if _key(value) in by_key else value.split(","):
            if _key(given) not in by_key:
                shown = ", ".join(names[:_NAMES_SHOWN]) + (", ..." if len(names) > _NAMES_SHOWN else "")
                raise ExportError(f"--domains {given.strip()}: the run has {shown or 'no domain'}")
            chosen.add(by_key[_key(given)])
    return frozenset(chosen)


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def of_demo(row: Row) -> bool:
    """Whether rules answered for a pair: by the model's name, which rows of older versions have as well."""
    return any(call["model"] == DEMO_MODEL for call in (row.get("provenance") or {}).get("calls") or ())


def export_rows(
    run: FinishedRun, refused: Callable[[Row], str], share: float, left_out: Counter[str], demos: Counter[str] | None
) -> Iterator[tuple[str, Row]]:
    """(split, row) of every pair that is not refused; why the others are is counted, and in `demos` the pairs of a demo.

    Raises:
        ExportError: a pair is of a demo, and `demos` is None.
    """
    for where, row in run.rows():
        row = whole_row(where, row)
        if of_demo(row):
            if demos is None:
                raise ExportError(
                    f"{run.output}: is a demo, whose pairs come from rules and are no training data; --allow_demo exports it"
                )
            demos["pairs"] += 1
        if why := refused(row):
            left_out[why] += 1
        else:
            yield split_of(row["document_id"], share), row


def write_dataset(
    run: FinishedRun, folder: ExportFolder, pairs: Iterable[tuple[str, Row]], title: str, licence: str, left_out: Counter[str]
) -> dict[str, int]:
    """Write a Hugging Face dataset and its card; returns the rows of each split."""
    schema = SCHEMAS["qa"]
    columns, tally = tuple(schema.names), Tally()
    with SplitFiles(folder, schema, "data/{split}-{shard:05}-of-{shards:05}.parquet", SHARD_ROWS) as files:
        for split, row in pairs:
            tally.add(row)
            # What Parquet gave back has its free-form columns as text already.
            free = {name: row[name] for name in FREE_FORM & row.keys() if isinstance(row[name], str)}
            files.write(split, {**columns_of(row, columns), **free})
    if rows := +files.rows:
        folder.write_text("README.md", dataset_card(Card(title, licence, rows, files.sizes, tally, run, left_out)))
    return rows


def write_trainer(
    folder: ExportFolder,
    pairs: Iterable[tuple[str, Row]],
    trainer: Trainer,
    templates: Templates,
    judge: NamedJudge | None = None,
    licence: str = UNKNOWN_LICENCE,
    curriculum: Curriculum | None = None,
) -> dict[str, int]:
    """Write a trainer's rows and its reward; returns the rows of each split. A curriculum is filled from train, and written.

    Raises:
        ExportError: a curriculum is wanted and no training pair has a pass rate.
    """
    suffix = "jsonl" if trainer.schema is None else "parquet"
    examples: list[Row] = []
    with SplitFiles(folder, trainer.schema, f"{trainer.data}.{suffix}", sys.maxsize) as files:
        for split, pair in pairs:
            row = trainer.to_row(pair, templates, split, files.rows[split])
            files.write(split, row)
            if split == SPLITS[0]:
                examples += [row] if len(examples) < trainer.example_rows else []
                if curriculum is not None:
                    curriculum.add(pair["id"], pair["pass_rate"])
    if rows := +files.rows:
        if examples:
            lines = b"".join(json_line(row) + b"\n" for row in examples)
            folder.write_text(f"{trainer.data.format(split='example')}.jsonl", lines.decode("utf-8"))
        for path, text in reward_files(trainer.adapter, trainer.reward_file, judge):
            folder.write_text(trainer.home + path, text)
        for adapter, path in trainer.more_adapters.items():
            folder.write_text(trainer.home + path, adapter_file(adapter, judge))
        folder.write_text(f"{trainer.home}{PACKAGE}/README.md", reward_page())
        if trainer.system_file and templates.said_by_system:
            folder.write_text(SYSTEM_FILE, templates.said_by_system)
        for path, text in trainer.files(rows, licence) if trainer.files else ():
            folder.write_text(path, text)
        if curriculum is not None:
            write_curriculum(folder, curriculum, trainer.starting_rates)
    return rows


def write_curriculum(folder: ExportFolder, curriculum: Curriculum, starting_rates: bool) -> None:
    """Write the order of the training pairs by pass rate, and their rates by id where a trainer starts from them.

    Raises:
        ExportError: no training pair has a pass rate.
    """
    if not len(curriculum):
        raise ExportError("--curriculum: no training pair has a pass rate; run the pipeline with --pass_rate_samples")
    files = {
        CURRICULUM_FILE: curriculum.lines(),
        **({STARTING_RATES_FILE: curriculum.starting_rates()} if starting_rates else {}),
    }
    for name, lines in files.items():
        with folder.create(name) as file:
            for line in lines:
                file.write(line)


def _parser() -> CommandParser:
    formats = (DATASET, *TRAINERS)
    parser = CommandParser(
        "export",
        "Write accepted pairs as a trainer, or a hub, reads them.",
        ("out --format trl --to dataset", "out --format hf --to dataset --domains math,coding --min_pass_rate 0.1"),
    )
    parser.add_argument("output", metavar="OUT", help="output folder of a run that has ended, or of a stream")
    parser.add_argument("--format", required=True, choices=formats, help="hf for a dataset with a card, else the trainer")
    parser.add_argument("--to", required=True, metavar="FOLDER", help="folder to write to, local or gs://")
    parser.add_argument("--overwrite", action="store_true", help="replace an export that is there; other files are never touched")
    parser.add_argument(
        "--domains", action="append", default=[], help="domains to export, by name or slug; repeatable, or with commas"
    )
    parser.add_argument("--answer_types", action="append", default=[], help="answer types to export; repeatable, or with commas")
    for flag, default, bound in (("--min_pass_rate", 0.0, "lowest"), ("--max_pass_rate", 1.0, "highest")):
        says = f"{bound} pass rate, 0 to 1; unmeasured pairs are left out"
        parser.add_argument(flag, type=float, default=default, help=says)
    parser.add_argument(
        "--validation_share",
        type=float,
        help=f"share of the documents whose pairs are for validation, 0 to 1 ({VALIDATION_SHARE}; 0 for hf)",
    )
    parser.add_argument(
        "--system_template",
        help="what the system says, or a .txt or .md file of it; '' for nothing; $domain and $answer_type stand for the row's",
    )
    parser.add_argument(
        "--question_template", help="what the user says, or a .txt or .md file of it; $question stands for the question"
    )
    parser.add_argument(
        "--prompt_variants",
        type=int,
        help=f"vary instruction and form of the answer from row to row, by its id: so many kinds of prompt, 2 to {len(VARIANTS)}",
    )
    parser.add_argument(
        "--curriculum",
        action="store_true",
        help=f"write {CURRICULUM_FILE}: training pairs from easy to hard, by pass rate; those without one are not in it",
    )
    parser.add_argument(
        "--judge_endpoint",
        help="base URL, ending in /v1, of a model that the reward asks where its rules cannot tell; none by default",
    )
    parser.add_argument("--judge_model", help="the model there; the reward file gets both names, and never a key")
    parser.add_argument("--allow_demo", action="store_true", help="export pairs of a demo, which are no training data")
    parser.add_argument("--title", help="hf: name of the dataset on its card; the folder's name if it is not given")
    parser.add_argument("--licence", help="hf, nemo_gym: its licence, as hubs name it (cc-by-4.0, odc-by, other)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Export a run; returns the exit code."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as end:  # bad options, or --help
        return int(end.code or OK)
    try:
        return _export(options)
    except ValueError as error:  # run, options or folder that cannot be used
        print(f"error: {one_line(error)}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:  # a full disk, a folder that must not be written
        print(f"error: --to {options.to}: cannot be written: {reason(error)}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("stopped; nothing was written", file=sys.stderr)
        return STOPPED


def _export(options: argparse.Namespace) -> int:
    trainer = TRAINERS.get(options.format)
    of_trainers = ("system_template", "question_template", "prompt_variants", "curriculum", "judge_endpoint", "judge_model")
    of_hubs = ("title",) if trainer and trainer.files else ("title", "licence")
    for idle in of_hubs if trainer else of_trainers:
        if getattr(options, idle) not in (None, False):
            raise ExportError(f"--{idle}: does nothing for --format {options.format}; leave it out")
    share = options.validation_share if options.validation_share is not None else VALIDATION_SHARE if trainer else 0.0
    if _between("--validation_share", share) == 1:
        raise ExportError("--validation_share 1: leaves nothing to train on")
    templates = _templates(options, trainer)
    if trainer and trainer.system_file and templates.said_by_system is None:
        raise ExportError(f"--system_template: {options.format} reads it from one file for all rows, without placeholders")
    judge = _judge(options.judge_endpoint, options.judge_model)
    run = open_run(options.output)
    selection = Selection(
        chosen_domains(options.domains, run.summary["domains"]),
        _answer_types(options.answer_types),
        _between("--min_pass_rate", options.min_pass_rate),
        _between("--max_pass_rate", options.max_pass_rate),
    )
    if selection.min_pass_rate > selection.max_pass_rate:
        raise ExportError(f"--min_pass_rate {selection.min_pass_rate:g} is above --max_pass_rate {selection.max_pass_rate:g}")
    left_out, files = Counter[str](), list[str]()
    demos = Counter[str]() if options.allow_demo else None
    licence, curriculum = _licence(options.licence), Curriculum() if options.curriculum else None
    with ExportFolder(options.to, options.overwrite) as folder:
        if trainer:
            pairs = export_rows(run, lambda row: selection.refused(row) or trainer.refused(row), share, left_out, demos)
            rows = write_trainer(folder, pairs, trainer, templates, judge, licence, curriculum)
        else:
            title = " ".join((options.title or posixpath.basename(options.to.rstrip("/"))).split()) or "dataset"
            pairs = export_rows(run, selection.refused, share, left_out, demos)
            rows = write_dataset(run, folder, pairs, title, licence, left_out)
        if rows:
            about = {
                "format": options.format,
                "pipeline_version": __version__,
                "demo": bool(demos),
                "rows": rows,
                "left_out": dict(left_out),
            }
            files = folder.commit({**about, "validation_share": share, "from_a_running_stream": run.running})
    if not rows:
        why = ": the pass rate was not measured" if left_out["pass_rate_not_measured"] else ""
        if stage := run.summary.get("stop_after"):
            why = f": the run stopped after {stage} for its review, and --resume goes on"
        print(f"error: no pair of {run.output} is left by these options{why}; nothing was written", file=sys.stderr)
        return FAILED
    print(*([DEMO_LINE, ""] if demos else []), report(run, options.format, options.to, share, rows, left_out, files), sep="\n")
    if curriculum is not None and curriculum.unmeasured:
        print(f"{curriculum.unmeasured:,} training pairs have no pass rate, and are not in {CURRICULUM_FILE}")
    return OK


def _templates(options: argparse.Namespace, trainer: Trainer | None) -> Templates:
    """The words around the questions, of one template or of several variants."""
    if options.prompt_variants is not None:
        for given in ("system_template", "question_template"):
            if getattr(options, given) is not None:
                raise ExportError(f"--{given}: --prompt_variants brings its own words; leave one of them out")
        return first_variants(options.prompt_variants, one_message=bool(trainer and trainer.system_file))
    return Templates(
        _words("--system_template", options.system_template, SYSTEM_TEMPLATE),
        _words("--question_template", options.question_template, QUESTION_TEMPLATE),
    )


def _between(flag: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ExportError(f"{flag} {value:g}: must be from 0 to 1")
    return value


def _answer_types(values: Iterable[str]) -> frozenset[str]:
    types = frozenset(name.strip() for value in values for name in value.split(","))
    if unknown := sorted(types - set(ANSWER_TYPES)):
        raise ExportError(f"--answer_types {unknown[0]}: there is {', '.join(ANSWER_TYPES)}")
    return types


def _licence(given: str | None) -> str:
    licence = (given or UNKNOWN_LICENCE).strip().lower()
    if not _LICENCE.fullmatch(licence):
        raise ExportError(f"--licence {given}: an identifier such as cc-by-4.0, odc-by, apache-2.0, other")
    return licence


def _judge(endpoint: str | None, model: str | None) -> NamedJudge | None:
    if endpoint is None and model is None:
        return None
    if endpoint is None or model is None or not model.strip():
        missing = "--judge_endpoint" if endpoint is None else "--judge_model"
        raise ExportError(f"{missing}: is missing; a judge is named by --judge_endpoint and --judge_model")
    try:
        return NamedJudge(check_base_url(endpoint), model.strip())
    except ValueError as error:
        raise ExportError(f"--judge_endpoint: {error}") from error


def _words(flag: str, given: str | None, default: str) -> str:
    """The words of a template, from the option itself or the file that it names."""
    if given is None or not given.lower().endswith((".txt", ".md")):
        return default if given is None else given
    try:
        return read_text(given).removeprefix("\ufeff").strip()
    except ValueError as error:
        raise ExportError(f"{flag} {error}") from error


def report(
    run: FinishedRun, name: str, to: str, share: float, rows: Mapping[str, int], left_out: Mapping[str, int], files: Sequence[str]
) -> str:
    """What was written, as a person reads it."""
    lines = [f"{'split':30}{'rows':>10}", *(f"{split:30}{number:>10,}" for split, number in rows.items())]
    if share and len(rows) < len(SPLITS):
        lines.append(f"all in one split: so few documents that none fell on the other side of a share of {share:g}")
    if left_out:
        lines += ["", f"{'left out':30}{'rows':>10}"]
        lines += [f"{why:30}{number:>10,}" for why, number in sorted(left_out.items(), key=lambda item: -item[1])]
    if run.running:
        lines += ["", "the stream goes on: these are the windows that have closed"]
    inside = [file for file in files if not file.startswith(f"{PACKAGE}/") and f"/{PACKAGE}/" not in file]
    shown = ", ".join([*inside[:6], *(["..."] if len(inside) > 6 else [])])
    package = f", {PACKAGE}/" if len(inside) < len(files) else ""
    return "\n".join([*lines, "", f"{sum(rows.values()):,} rows for {name} in {to.rstrip('/')}/: {shown}{package}"])
