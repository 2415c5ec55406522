"""Sampled rows as the page's browser shows them: one form for accepted, rejected and dead rows, their texts cut to size."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from beam_pipeline.report.documents import Shown, Wanted
from beam_pipeline.report.figures import ACCEPTED, DEAD, REJECTED, calls, listed, text, whole
from transforms.text import stable_seed

# Rows of each that a page shows at most.
PLACES = {ACCEPTED: 600, REJECTED: 400, DEAD: 150}
_LONG, _TITLE = 1_500, 200
# Characters of a rejected or failed document that are held until it is known how many there is room for.
_HELD = 20_000
_PAIR = ("answer", "answer type", "aliases")
# What is said of a row, in order, as far as it has it.
_FACTS = {
    ACCEPTED: (*_PAIR, "persona", "source", "document", "pass rate", "id"),
    REJECTED: ("detail", *_PAIR, "persona", "interest", "source", "document", "where"),
    DEAD: ("message", "where", "attempts", "prompt version", *_PAIR, "persona", "document", "raw row", "reply of the model"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as the page has it but for its texts: `body` is its document where the row has it, else `wanted` says which."""

    shown: dict[str, Any]
    quote: str
    wanted: Wanted | None
    body: str = field(repr=False)


def rank_of(row: Mapping[str, Any]) -> int:
    """The number by which a row is chosen for the sample, the same in every run."""
    item = row.get("item")
    parts = (row.get("id"), row.get("document_id"), row.get("where"), row.get("persona"), row.get("stage"))
    return stable_seed("report", *map(text, parts), text(item.get("id")) if isinstance(item, dict) else "")


def entry_of(kind: str, row: Mapping[str, Any]) -> Entry:
    """A row of `qa/`, `rejected/` or `dead_letters/`; the last two hold what they are about in `item`, a failure deeper in it."""
    found = row if kind == ACCEPTED else row.get("item")
    item = found if isinstance(found, dict) else {}
    about, quoted = (_parts(item), {}) if kind == DEAD else (item, item)
    title, document, body = text(about.get("question")), text(row.get("document_id")), ""
    if kind != ACCEPTED:
        body = text(about.get("text"))
        instead = text(row.get("persona")) or document if kind == REJECTED else text(row.get("message"))
        title = clip(title or " ".join(body[: 2 * _TITLE].split()) or instead, _TITLE)
    wanted = None
    if kind != DEAD and document and not body:
        start, end = quoted.get("answer_start"), quoted.get("answer_end")
        place = (start, end) if isinstance(start, int) and isinstance(end, int) else None
        wanted = Wanted(document, text(quoted.get("quote")), text(quoted.get("answer")), place)
    shown = {
        "stage": text(row.get("stage")),
        "reason": text(row.get("error" if kind == DEAD else "reason")),
        "domain": text(row.get("domain")),
        "verdicts": [_verdict(verdict) for verdict in listed(quoted.get("verdicts"))],
        "prompts": list(calls(row)) if kind == ACCEPTED else [],
    }
    shown = {"kind": kind, "title": clip(title, _LONG), "facts": list(_facts(kind, row, item, about))} | {
        name: value for name, value in shown.items() if value
    }
    return Entry(shown, clip(quoted.get("quote"), _LONG), wanted, body[:_HELD])


def _facts(kind: str, row: Mapping[str, Any], item: Mapping[str, Any], about: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    rate, aliases = row.get("pass_rate"), about.get("aliases")
    names = [alias for alias in aliases if isinstance(alias, str)] if isinstance(aliases, list) else []
    values = {
        **{name: row.get(name) for name in ("persona", "id", "detail", "message", "where")},
        **{name: about.get(name) for name in ("answer", "interest", "source")},
        **{"answer type": about.get("answer_type"), "aliases": ", ".join(names), "document": row.get("document_id")},
        **{"attempts": str(row.get("attempts") or ""), "prompt version": str(row.get("prompt_version") or "")},
        **{"raw row": item.get("raw"), "reply of the model": row.get("reply")},
        "pass rate": f"{rate:.0%} of {row.get('pass_rate_samples')} samples" if isinstance(rate, float) and rate == rate else "",
    }
    return ((name, clip(values[name], _LONG)) for name in _FACTS[kind] if text(values[name]))


def page_rows(
    entries: Iterable[Entry], shown: Mapping[Wanted, Shown], size: int, prompts: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows and texts for the page's script: rows name their texts by number, and each text is there once.

    A rejected row does not say by which prompt: `prompts` has that of each stage, as the accepted rows of the run name it.
    """
    texts: dict[str, int] = {}
    rows = []
    for entry in entries:
        row = dict(entry.shown)
        if row["kind"] == REJECTED and (asked := prompts.get(row.get("stage", ""))):
            row["facts"] = [*row["facts"], ("asked by", asked)]
        part = shown.get(entry.wanted) if entry.wanted else None
        if part is None and entry.body:
            part = Shown(entry.body[:size], cut_after=len(entry.body) > size)
        if part is not None:
            marks = {"q": part.quote, "a": part.answer, "before": part.cut_before or None, "after": part.cut_after or None}
            row["text"] = texts.setdefault(part.text, len(texts))
            row["marks"] = {name: mark for name, mark in marks.items() if mark is not None}
        if entry.quote and (part is None or part.quote is None):
            row["quote"] = entry.quote
        rows.append(row)
    return rows, list(texts)


def clip(value: Any, size: int) -> str:
    """A text, or as much of it as is shown, with a sign where it was cut."""
    whole = text(value)
    return whole if len(whole) <= size else f"{whole[:size]}…"


def _verdict(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """A verdict as (check, passed, verifier, model, prompt version, detail)."""
    by = whole(row.get("verifier")), text(row.get("model")), whole(row.get("prompt_version"))
    return text(row.get("check")), bool(row.get("passed")), *by, clip(row.get("detail"), 300)


def _parts(item: Mapping[str, Any]) -> dict[str, Any]:
    """What is worth showing of a stage's input, however deep it lies: a pair holds a task, a task a document."""
    found: dict[str, Any] = {}
    inner: Any = item
    for name in ("pair", "task", "document"):
        while isinstance(inner, dict):
            found = {**{key: value for key, value in inner.items() if not isinstance(value, dict)}, **found}
            if name not in inner:
                break
            inner = inner[name]
    return found
