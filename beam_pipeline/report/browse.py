"""Sampled rows as the page's browser shows them: one form for accepted, rejected and dead rows, their texts cut to size."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from beam_pipeline.report.documents import Shown, Span, Wanted
from beam_pipeline.report.figures import calls, listed, text
from transforms.text import stable_seed

ACCEPTED, REJECTED, DEAD = "accepted", "rejected", "dead"
# Rows of each that a page shows at most.
PLACES = {ACCEPTED: 600, REJECTED: 400, DEAD: 150}
_LONG, _TITLE = 1_500, 200
# Characters of a rejected or failed document that are held until it is known how many there is room for.
_HELD = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A row to show. `facts` are (name, value); `body` is the document where the row itself has it, else `wanted` says which."""

    kind: str
    stage: str
    reason: str
    domain: str
    title: str
    facts: tuple[tuple[str, str], ...]
    verdicts: tuple[tuple[Any, ...], ...] = ()
    prompts: tuple[tuple[Any, ...], ...] = ()
    quote: str = ""
    wanted: Wanted | None = None
    body: str = field(default="", repr=False)


def rank_of(row: Mapping[str, Any]) -> int:
    """The number by which a row is chosen for the sample, the same in every run."""
    item = row.get("item")
    parts = (row.get("id"), row.get("document_id"), row.get("where"), row.get("persona"), row.get("stage"))
    return stable_seed("report", *map(text, parts), text(item.get("id")) if isinstance(item, dict) else "")


def accepted_entry(row: Mapping[str, Any]) -> Entry:
    """A row of `qa/`."""
    wanted = Wanted(text(row.get("document_id")), text(row.get("quote")), text(row.get("answer")), _place(row))
    rate, samples = row.get("pass_rate"), row.get("pass_rate_samples")
    return Entry(
        kind=ACCEPTED,
        stage="",
        reason="",
        domain=text(row.get("domain")),
        title=clip(row.get("question"), _LONG),
        facts=_facts(
            **_pair_facts(row),
            persona=row.get("persona"),
            source=row.get("source"),
            document=row.get("document_id"),
            pass_rate=f"{rate:.0%} of {samples} samples" if isinstance(rate, float) and rate == rate else "",
            id=row.get("id"),
        ),
        verdicts=_verdicts(row.get("verdicts")),
        prompts=tuple(calls(row)),
        quote=clip(row.get("quote"), _LONG),
        wanted=wanted if wanted.document_id else None,
    )


def rejected_entry(row: Mapping[str, Any]) -> Entry:
    """A row of `rejected/`."""
    item = row.get("item")
    item = item if isinstance(item, dict) else {}
    body, document = text(item.get("text")), text(row.get("document_id"))
    wanted = Wanted(document, text(item.get("quote")), text(item.get("answer")), _place(item))
    return Entry(
        kind=REJECTED,
        stage=text(row.get("stage")),
        reason=text(row.get("reason")),
        domain=text(row.get("domain")),
        title=clip(text(item.get("question")) or _headline(body) or text(row.get("persona")) or document, _TITLE),
        facts=_facts(
            detail=row.get("detail"),
            **_pair_facts(item),
            persona=row.get("persona"),
            interest=item.get("interest"),
            source=item.get("source"),
            document=document,
            where=row.get("where"),
        ),
        verdicts=_verdicts(item.get("verdicts")),
        quote=clip(item.get("quote"), _LONG),
        wanted=wanted if document and not body else None,
        body=body[:_HELD],
    )


def dead_entry(row: Mapping[str, Any]) -> Entry:
    """A row of `dead_letters/`."""
    item = row.get("item")
    item = item if isinstance(item, dict) else {}
    inner = _parts(item)
    attempts, version = row.get("attempts"), row.get("prompt_version")
    body = text(inner.get("text"))
    return Entry(
        kind=DEAD,
        stage=text(row.get("stage")),
        reason=text(row.get("error")),
        domain=text(row.get("domain")),
        title=clip(text(inner.get("question")) or _headline(body) or text(row.get("message")), _TITLE),
        facts=_facts(
            message=row.get("message"),
            where=row.get("where"),
            attempts=str(attempts) if attempts else "",
            prompt_version=str(version) if version else "",
            **_pair_facts(inner),
            persona=row.get("persona"),
            document=row.get("document_id"),
            raw_row=item.get("raw"),
            reply_of_the_model=row.get("reply"),
        ),
        body=body[:_HELD],
    )


def page_rows(
    entries: Iterable[Entry], shown: Mapping[Wanted, Shown], size: int, prompts: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows and texts for the page's script: rows name their texts by number, and each text is there once.

    A rejected row does not say by which prompt: `prompts` has that of each stage, as the accepted rows of the run name it.
    """
    texts: dict[str, int] = {}
    rows = [dict(_page_row(entry, shown, size, texts, prompts)) for entry in entries]
    return rows, list(texts)


def _page_row(
    entry: Entry, shown: Mapping[Wanted, Shown], size: int, texts: dict[str, int], prompts: Mapping[str, str]
) -> Iterator[tuple[str, Any]]:
    asked = prompts.get(entry.stage, "") if entry.kind == REJECTED else ""
    facts = (*entry.facts, ("asked by", asked)) if asked else entry.facts
    yield from (("kind", entry.kind), ("title", entry.title), ("facts", facts))
    for name in ("stage", "reason", "domain", "verdicts", "prompts"):
        if value := getattr(entry, name):
            yield name, value
    part = shown.get(entry.wanted) if entry.wanted else None
    if part is None and entry.body:
        part = Shown(entry.body[:size], cut_after=len(entry.body) > size)
    if part is not None:
        yield "text", texts.setdefault(part.text, len(texts))
        marks = {"q": part.quote, "a": part.answer, "before": part.cut_before or None, "after": part.cut_after or None}
        yield "marks", {name: mark for name, mark in marks.items() if mark is not None}
    if entry.quote and (part is None or part.quote is None):
        yield "quote", entry.quote


def clip(value: Any, size: int) -> str:
    """A text, or as much of it as is shown, with a sign where it was cut."""
    whole = text(value)
    return whole if len(whole) <= size else f"{whole[:size]}…"


def _facts(**values: Any) -> tuple[tuple[str, str], ...]:
    return tuple((name.replace("_", " "), clip(value, _LONG)) for name, value in values.items() if value and text(value))


def _pair_facts(row: Mapping[str, Any]) -> dict[str, str]:
    aliases = row.get("aliases")
    names = ", ".join(alias for alias in aliases if isinstance(alias, str)) if isinstance(aliases, list) else ""
    return {"answer": text(row.get("answer")), "answer_type": text(row.get("answer_type")), "aliases": names}


def _verdicts(value: Any) -> tuple[tuple[Any, ...], ...]:
    """Verdicts as (check, passed, verifier, model, prompt version, detail)."""
    return tuple(
        (
            text(verdict.get("check")),
            bool(verdict.get("passed")),
            _number(verdict.get("verifier")),
            text(verdict.get("model")),
            _number(verdict.get("prompt_version")),
            clip(verdict.get("detail"), 300),
        )
        for verdict in listed(value)
    )


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _place(row: Mapping[str, Any]) -> Span | None:
    start, end = row.get("answer_start"), row.get("answer_end")
    return (start, end) if isinstance(start, int) and isinstance(end, int) else None


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


def _headline(body: str) -> str:
    """How a document begins, on one line."""
    return " ".join(body[: 2 * _TITLE].split())
