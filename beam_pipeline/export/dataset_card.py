"""The card of an exported dataset: what a stranger must know of it, with front matter that a hub and `datasets` read.

Names that came from documents, models or a user's lists stand in it as plain text, whatever characters they have.
"""

import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import yaml

from beam_pipeline import __version__
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.decontamination import decontamination_of
from beam_pipeline.options.endpoint import DEMO_MODEL
from beam_pipeline.options.values import ANY_LANGUAGE
from beam_pipeline.output.kinds import Row
from beam_pipeline.summary.as_table import not_asked_about
from transforms.stages import STAGES

UNKNOWN_LICENCE = "unknown"
_MOST_ROWS = 200  # of a table
_MOST_CHARACTERS = 300  # of one value
_REASONS = 12
_SIZES = ((10**3, "1K"), (10**4, "10K"), (10**5, "100K"), (10**6, "1M"), (10**7, "10M"), (10**8, "100M"), (10**9, "1B"))
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
    verifiers: Counter[str] = field(default_factory=Counter)
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
    """What a card is made of.

    Attributes:
        title: name of the dataset.
        licence: identifier as hubs know it ("cc-by-4.0"), or "unknown".
        schema: of the rows.
        rows: rows of each split.
        sizes: bytes of each split.
        tally: what was counted of them.
        summary: of the run.
        options: that the run was given.
        left_out: rows that the export's filters took out, by reason.
    """

    title: str
    licence: str
    schema: pa.Schema
    rows: Mapping[str, int]
    sizes: Mapping[str, int]
    tally: Tally
    summary: Mapping[str, Any]
    options: Mapping[str, Any]
    left_out: Mapping[str, int]

    @property
    def pairs(self) -> int:
        """Rows of all splits."""
        return sum(self.rows.values())

    def option(self, name: str) -> Any:
        """What the run was given for an option, or its default."""
        return self.options.get(name, PipelineConfig.model_fields[name].default)


def dataset_card(card: Card) -> str:
    """The text of README.md."""
    sections = (
        _opening(card),
        _counts(card),
        _funnel(card),
        _models(card.tally),
        _decontamination(card),
        _fields(card),
        _limits(card),
    )
    body = "\n\n".join("\n".join(section) for section in sections)
    return f"---\n{_front_matter(card)}---\n\n{body}\n"


def _front_matter(card: Card) -> str:
    # Where each of several inputs has languages of its own, the options do not tell them.
    named = () if card.options.get("inputs") else card.option("languages") or ()
    languages = [language for language in named if language != ANY_LANGUAGE]
    known = {"language": languages} if languages else {}
    splits = [{"name": name, "num_bytes": card.sizes[name], "num_examples": number} for name, number in card.rows.items()]
    return yaml.safe_dump(
        {
            "pretty_name": card.title,
            "license": card.licence,
            **known,
            "task_categories": ["question-answering"],
            "size_categories": [size_category(card.pairs)],
            "tags": ["reinforcement-learning", "synthetic"],
            "configs": [
                {
                    "config_name": "default",
                    "data_files": [{"split": name, "path": f"data/{name}-*.parquet"} for name in card.rows],
                }
            ],
            "dataset_info": {
                "features": features(card.schema),
                "splits": splits,
                "dataset_size": sum(card.sizes.values()),
            },
        },
        sort_keys=False,
        allow_unicode=True,
    )


def size_category(rows: int) -> str:
    """The class of size that a hub sorts datasets by."""
    lower = ""
    for bound, name in _SIZES:
        if rows < bound:
            return f"{lower}n<{name}"
        lower = f"{name}<"
    return "n>1B"


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
    line = " ".join(str(text).split())
    line = line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}..."
    line = _HTML.sub(lambda match: f"&\0{ord(match.group())};", line)
    return _MARKDOWN.sub(r"\\\g<0>", line).replace("&\0", "&#")


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else plain(cell) for cell in row)} |"


def _opening(card: Card) -> list[str]:
    return [
        f"# {plain(card.title)}",
        "",
        f"{card.pairs:,} questions with short, checkable answers, made from documents for reinforcement learning with a computed",
        "reward. A question stands alone: the document that it was made from is not shown with it.",
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        'dataset = load_dataset("path/of/this/folder")',
        "```",
    ]


def _counts(card: Card) -> list[str]:
    domains = card.tally.domains.most_common(_MOST_ROWS)
    shares = ((name, number, f"{number / max(1, card.pairs):.1%}") for name, number in domains)
    return [
        "## What is in it",
        "",
        *_table(("split", "rows"), card.rows.items()),
        "",
        *_table(("domain", "rows", "share"), shares),
        "",
        *_table(("answer type", "rows"), card.tally.answer_types.most_common(_MOST_ROWS)),
    ]


def _funnel(card: Card) -> list[str]:
    rank = {stage: number for number, stage in enumerate(STAGES)}
    stages = sorted(card.summary.get("stages", {}).items(), key=lambda item: rank.get(item[0], len(rank)))
    lines = ["## How it came about", ""]
    documents = card.summary.get("documents", {})
    if documents:
        lines += [
            f"{documents['read']:,} documents were read; {documents['accepted']:,} gave at least one pair, "
            f"{documents['rejected']:,} were rejected, {documents['dead_lettered']:,} failed"
            f"{''.join(f', {part}' for part in not_asked_about(documents))}. "
            f"Of the {card.summary['pairs']:,} pairs that passed, this dataset has {card.pairs:,}.",
            "",
        ]
    lines += _table(
        ("stage", "passed", "rejected", "failed"),
        ((stage, row.get("passed", 0), row.get("rejected", 0), row.get("dead_lettered", 0)) for stage, row in stages),
    )
    if reasons := list(card.summary.get("reasons", {}).items())[:_REASONS]:
        lines += ["", *_table(("most rejected", "times"), reasons)]
    if card.left_out:
        lines += ["", *_table(("left out of this dataset by", "rows"), card.left_out.items())]
    return lines


def _models(tally: Tally) -> list[str]:
    rows = (
        (stage, model, str(version), sha256[:12], number)
        for (stage, model, version, sha256), number in sorted(tally.calls.items(), key=lambda item: (-item[1], item[0]))
    )
    return ["## Models and prompts", "", *_table(("stage", "model", "prompt version", "prompt SHA-256", "rows"), rows)]


def _decontamination(card: Card) -> list[str]:
    given = card.options.get("benchmarks") or []
    names = [posixpath.basename(str(path).replace("\\", "/")) for path in ([given] if isinstance(given, str) else given)]
    lines, settings = ["## Decontamination", ""], decontamination_of(card.options)
    if not names:
        return [*lines, "None: the questions were not compared with any benchmark."]
    lines += [
        f"Questions that repeat an item of these files were taken out: {settings.ngram} words in a row, or a "
        f"near duplicate from {settings.similarity} similarity on.",
    ]
    if card.options.get("embedding_endpoint"):
        model = plain(card.options.get("embedding_model") or "the endpoint's own")
        lines += [f"Other words for the same were looked for by embeddings, cosine {settings.cosine}, of {model}."]
    return [*lines, "", *(f"- {plain(name)}" for name in names)]


def _fields(card: Card) -> list[str]:
    lines = [
        "## Rows",
        "",
        "`answer_start` and `answer_end` say where the document (or its chunk, `document#k`) has the answer, in characters;",
        "`quote` is the document's own words that support it; `verdicts` are the checks that it passed; `pass_rate` is the share",
        "of right answers of a model without the document, null where it was not measured; `attributes` is JSON text.",
    ]
    if card.tally.example is not None:
        # As JSON its lines begin with a bracket or a quotation mark, so none of them can close the block.
        row = {name: _short(value) for name, value in card.tally.example.items()}
        shown = json.dumps(row, indent=1, ensure_ascii=False, default=str).replace("<", "\\u003c")
        lines += ["", "```json", shown, "```"]
    return lines


def _short(value: Any) -> Any:
    match value:
        case str() if len(value) > _MOST_CHARACTERS:
            return f"{value[:_MOST_CHARACTERS]}..."
        case list():
            return [_short(member) for member in value[:4]]
        case dict():
            return {name: _short(member) for name, member in value.items()}
        case _:
            return value


def _limits(card: Card) -> list[str]:
    models = {model for _, model, _, _ in card.tally.calls}
    lines = ["## Known limits", ""]
    if DEMO_MODEL in models:
        lines += [
            "- **Not for training.** Made with the embedded demonstration endpoint, whose rules make gaps in sentences.",
        ]
    lines += [
        "- Questions, answers and verdicts are the work of the models above; no person has read them all. An answer is what its",
        "  document says, which may be wrong, or have changed since.",
        "- Questions may repeat what benchmarks ask that are not named above.",
    ]
    if card.tally.rated < card.pairs:
        lines += [f"- The pass rate was not measured for {card.pairs - card.tally.rated:,} of {card.pairs:,} rows."]
    if not card.summary.get("balanced", True):
        lines += ["- The counts of the run that made it did not close."]
    if card.licence == UNKNOWN_LICENCE:
        lines += ["- No licence was named. Those of the documents, named by `source`, apply to what was taken from them."]
    else:
        lines += ["- The licence above was named by who made the dataset; `source` says where each document came from."]
    return [*lines, f"- Made with webscale-qa {__version__}."]
