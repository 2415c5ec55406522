"""The card of an exported dataset: what a stranger must know of it. Its words are in `dataset_card.md`, its figures here.

How often the reward errs is in `reward_error.md`, which tests/quality/reward_error.py measures and writes.
Names that came from documents, models or a user's lists stand in it as plain text, whatever characters they have.
"""

import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from string import Template
from typing import Any

import pyarrow as pa
import yaml

from beam_pipeline import __version__
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.decontamination import decontamination_of
from beam_pipeline.options.values import ANY_LANGUAGE
from beam_pipeline.output.kinds import SCHEMAS
from beam_pipeline.output.read_back import FinishedRun
from beam_pipeline.reading.packs import is_pack
from beam_pipeline.storage.row_files import Row
from beam_pipeline.summary.as_table import by_flow, not_asked_about
from beam_pipeline.summary.audit_notes import NEVER, PAID, audit_notes
from beam_pipeline.summary.doubt_notes import ASSUMES, doubt_lines
from transforms.records import DEMO_MODEL
from transforms.said import printable, said

UNKNOWN_LICENCE = "unknown"
_MOST_ROWS = 200  # of a table
_MOST_CHARACTERS = 300  # of one value
_REASONS = 12
_SIZES = ("1K", "10K", "100K", "1M", "10M", "100M", "1B")
_NAME = re.compile(r"\$\{?(\w+)")
# What Markdown takes for something; an underscore inside a word is none.
_MARKDOWN = re.compile(r"[\\`*{}\[\]#~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
# HTML, the wall of a table's cell, and what makes a bare address a link.
_HTML = re.compile(r"[&<>|:@]|(?<=www)\.", re.IGNORECASE)


@dataclass
class Tally:
    """What is counted of the rows as they go by."""

    domains: Counter[str] = field(default_factory=Counter)
    answer_types: Counter[str] = field(default_factory=Counter)
    calls: Counter[tuple[str, str, int, str]] = field(default_factory=Counter)
    rated: int = 0
    example: Row | None = None

    def add(self, row: Row) -> None:
        """Count a row."""
        self.domains[row["domain"]] += 1
        self.answer_types[row["answer_type"]] += 1
        for call in (row.get("provenance") or {}).get("calls") or ():
            key = (call["stage"], call["model"], call["prompt_version"], call["prompt_sha256"])
            if key in self.calls or len(self.calls) < _MOST_ROWS:
                self.calls[key] += 1
        self.rated += row["pass_rate"] is not None
        if self.example is None:
            self.example = row


@dataclass(frozen=True)
class Card:
    """What a card is made of; `licence` is an identifier as hubs know it ("cc-by-4.0"), or "unknown"."""

    title: str
    licence: str
    rows: Mapping[str, int]  # of each split
    sizes: Mapping[str, int]  # bytes of each split
    tally: Tally
    run: FinishedRun
    left_out: Mapping[str, int]  # rows that the export's filters took out, by reason

    @property
    def pairs(self) -> int:
        """Rows of all splits."""
        return sum(self.rows.values())


def dataset_card(card: Card) -> str:
    """The text of README.md."""
    values = {"facts": _front_matter(card), "reward_error": _read("reward_error.md"), **_counts(card), **_statements(card)}
    return fill(_read("dataset_card.md"), values)


def reward_page() -> str:
    """The text of the README.md beside the reward that a trainer gets: how often it errs."""
    return f"# The reward of webscale-qa {__version__}\n\n{_read('reward_error.md')}\n"


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8").rstrip("\n")


def fill(template: str, values: Mapping[str, object]) -> str:
    """The template with its values; a line that names something that is None is left out."""
    lines = [line for line in template.splitlines() if all(values[name] is not None for name in _NAME.findall(line))]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines) + "\n")
    return Template(text).substitute({name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()})


def _front_matter(card: Card) -> str:
    """What a hub and `datasets` read, but for what is the same in all cards."""
    # Where each of several inputs has languages of its own, the options do not tell them.
    given = card.run.options.get("languages", PipelineConfig.model_fields["languages"].default)
    named = () if card.run.options.get("inputs") else given or ()
    languages = [language for language in named if language != ANY_LANGUAGE]
    files = [{"split": name, "path": f"data/{name}-*.parquet"} for name in card.rows]
    splits = [{"name": name, "num_bytes": card.sizes[name], "num_examples": number} for name, number in card.rows.items()]
    size = sum(card.sizes.values())
    facts = {
        "pretty_name": said(card.title),
        "license": card.licence,
        **({"language": languages} if languages else {}),
        "size_categories": [size_category(card.pairs)],
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {"features": features(SCHEMAS["qa"]), "splits": splits, "dataset_size": size},
    }
    return yaml.safe_dump(facts, sort_keys=False, allow_unicode=True).rstrip("\n")


def size_category(rows: int) -> str:
    """The class of size that a hub sorts datasets by."""
    place = sum(rows >= 10 ** (3 + number) for number in range(len(_SIZES)))
    if place == len(_SIZES):
        return f"n>{_SIZES[-1]}"
    return f"{_SIZES[place - 1]}<n<{_SIZES[place]}" if place else f"n<{_SIZES[0]}"


def features(schema: pa.Schema) -> list[dict[str, Any]]:
    """The columns as a card's `dataset_info` writes them."""
    return [{"name": column.name, **_feature(column.type)} for column in schema]


def _feature(data_type: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(data_type):
        inner = _feature(data_type.value_type)
        return {"list": inner.get("dtype") or inner.get("struct") or inner}
    if pa.types.is_struct(data_type):
        return {"struct": [{"name": member.name, **_feature(member.type)} for member in data_type]}
    names = {"double": "float64", "float": "float32"}
    return {"dtype": names.get(str(data_type), str(data_type))}


def plain(text: object) -> str:
    """A text as Markdown that shows it and does nothing, on one line and within a length."""
    line = _HTML.sub(lambda match: f"&\0{ord(match.group())};", said(text, _MOST_CHARACTERS))
    return _MARKDOWN.sub(r"\\\g<0>", line).replace("&\0", "&#")


def _table(header: str, rows: Iterable[Iterable[object]]) -> str | None:
    """A table; None without rows."""
    lines = [f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else plain(cell) for cell in row)} |" for row in rows]
    return "\n".join([f"| {header} |", "|" + "---|" * (1 + header.count("|")), *lines]) if lines else None


def _counts(card: Card) -> dict[str, object]:
    """What stands in the card as numbers and tables."""
    documents, stages = card.run.summary["documents"], by_flow(card.run.summary["stages"])
    domains = card.tally.domains.most_common(_MOST_ROWS)
    calls = sorted(card.tally.calls.items(), key=lambda item: (-item[1], item[0]))
    return {
        "pairs": card.pairs,
        "unrated": card.pairs - card.tally.rated or None,
        "splits": _table("split | rows", card.rows.items()),
        "domains": _table("domain | rows | share", ((*row, f"{row[1] / max(1, card.pairs):.1%}") for row in domains)),
        "answer_types": _table("answer type | rows", card.tally.answer_types.most_common(_MOST_ROWS)),
        **{ending: documents.get(ending) for ending in ("read", "accepted", "rejected", "dead_lettered")},
        "not_asked": "".join(f", {part}" for part in not_asked_about(documents)),
        "passed": card.run.summary["pairs"],
        "stages": _table(
            "stage | passed | rejected | failed",
            ((stage, *(row.get(ending, 0) for ending in ("passed", "rejected", "dead_lettered"))) for stage, row in stages),
        ),
        "reasons": _table("most rejected | times", list(card.run.summary["reasons"].items())[:_REASONS]),
        "left_out": _table("left out of this dataset by | rows", card.left_out.items()),
        "models": _table(
            "stage | model | prompt version | prompt SHA-256 | rows",
            ((stage, model, str(version), sha256[:12], rows) for (stage, model, version, sha256), rows in calls),
        ),
    }


def _statements(card: Card) -> dict[str, object]:
    """What else is said, if it is true; `if_...` is text that the template has."""
    names = _benchmarks(card.run)
    settings, embedded = decontamination_of(card.run.options), bool(names and card.run.options.get("embedding_endpoint"))
    # As JSON its lines begin with a bracket or a quotation mark, so none of them can close the block.
    example = json.dumps(_short(card.tally.example), indent=1, ensure_ascii=False, default=str).replace("<", "\\u003c")
    demo = any(model == DEMO_MODEL for _, model, _, _ in card.tally.calls)
    return {
        "title": plain(card.title),
        "example": example,
        "version": __version__,
        "benchmarks": "\n".join(f"- {plain(name)}" for name in names) or None,
        "ngram": settings.ngram if names else None,
        "similarity": settings.similarity if names else None,
        # Older runs did not look for it.
        "rephrased": card.run.summary.get("decontamination", {}).get("rephrased") or None if names else None,
        "embedding_similarity": settings.cosine if embedded else None,
        "embedding_model": plain(card.run.options.get("embedding_model") or "the endpoint's own") if embedded else None,
        "audit": audit_section(card.run.summary) if card.run.summary.get("audit") else None,
        "doubt": doubt_section(card.run.summary),
        "if_no_doubt": None if card.run.summary.get("key_doubt") else "",
        "if_no_benchmarks": None if names else "",
        "if_demo": "" if demo else None,
        "if_unbalanced": None if card.run.summary["balanced"] else "",
        "if_no_licence": "" if card.licence == UNKNOWN_LICENCE else None,
        "if_licence": None if card.licence == UNKNOWN_LICENCE else "",
    }


def doubt_section(summary: Mapping[str, Any]) -> str | None:
    """What is known of wrong keys, as a list; None where nothing is."""
    if not (doubt := summary.get("key_doubt")):
        return None
    lines = [f"{line[:1].upper()}{line[1:]}." for line in doubt_lines(doubt)]
    return "\n".join(f"- {plain(line)}" for line in (*lines, ASSUMES))


def _benchmarks(run: FinishedRun) -> list[str]:
    """What a run was compared with: the names of files, and of packs name, version and size, where the run wrote them down."""
    given = run.options.get("benchmarks") or []
    paths = [str(path).replace("\\", "/") for path in ([given] if isinstance(given, str) else given)]
    packs = run.summary.get("decontamination", {}).get("packs") or [posixpath.basename(path) for path in paths if is_pack(path)]
    return [*(posixpath.basename(path) for path in paths if not is_pack(path)), *map(str, packs)]


def audit_page(summary: Mapping[str, Any]) -> str:
    """What an audit found, for the card of a data set that is not exported from here."""
    doubt = doubt_section(summary)
    return "\n\n".join([audit_section(summary), *(["## How right the stored answers are", doubt] if doubt else [])])


def audit_section(summary: Mapping[str, Any]) -> str:
    """What an audit of the data set found, as a section of a card."""
    audit, rows = summary["audit"], summary["documents"]["read"]
    clean, found = audit["rows"]["clean"], audit["findings"].items()

    def share(part: int) -> str:
        return f"{part / max(1, rows):.1%}"

    reasons = [(group, reason, number, share(number)) for group, reasons in found for reason, number in reasons.items()]
    kinds = [(kind, sum(ways.values()), ways.get(PAID, 0), ways.get(NEVER, 0)) for kind, ways in audit["answers"].items()]
    parts = [
        "## Audit",
        f"{rows:,} rows were looked at by the rules of webscale-qa; {clean:,} ({share(clean)}) have no finding.",
        _table("finding | reason | rows | share", reasons),
        _table("answer type | rows | paid by the reward | never paid", kinds),
        "\n".join(f"- {plain(line[:1].upper() + line[1:])}." for line in audit_notes(summary)),
    ]
    return "\n\n".join(filter(None, parts))


def _short(value: Any) -> Any:
    match value:
        case str():
            shown = printable(value[:_MOST_CHARACTERS], "\n\t")
            return shown if len(value) <= _MOST_CHARACTERS else f"{shown}..."
        case list():
            return [_short(member) for member in value[:4]]
        case dict():
            return {printable(name): _short(member) for name, member in value.items()}
        case _:
            return value
