"""The page: sections of figures, a browser of rows, one style sheet and one script, all in one file that asks no network.

The Content-Security-Policy lets run what stands in this package and nothing else: script and style sheet are named by their
hashes. Rows are data (JSON in a script element that is no script) and become text nodes.
"""

import base64
import hashlib
import os
import time
from importlib import resources
from string import Template

from beam_pipeline.report import audit_sections, effort_sections, outcome_sections, review_section
from beam_pipeline.report.browse import PLACES
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element, joined, script_json
from beam_pipeline.report.figures import DEAD
from beam_pipeline.report.layout import number, share
from beam_pipeline.summary.as_table import DEMO_LINE, not_asked_about, verdict_line


def render(collected: Collected) -> str:
    """The whole page."""
    page, style, script = map(asset, ("page.html", "page.css", "page.js"))
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; style-src 'sha256-{digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    summary, figures = collected.summary, _all_sections(collected)
    came_to_something = summary["pairs"] or summary.get("stopped") or collected.audit
    values = {
        "policy": Html(policy),
        "style": Html(style),
        "script": Html(script),
        "data": script_json({"rows": collected.rows, "texts": collected.texts, "map": outcome_sections.map_rows(collected)}),
        "name": _name_of(collected),
        "demo": element("p", DEMO_LINE, class_="demo") if collected.demo else "",
        "over": "webscale-qa: audit of a data set" if collected.audit else "webscale-qa: report of a run",
        "verdict": audit_sections.verdict(collected) if collected.audit else verdict_line(summary),
        "sound": "sound" if summary["balanced"] and came_to_something else "unsound",
        "tiles": _tiles(collected),
        "contents": [element("a", name.capitalize(), href=f"#{name}") for name, _, _ in figures],
        "sections": [element("section", element("h2", title), content, id=name) for name, title, content in figures],
        "sampled": _sampled(collected),
        "texts": _texts_note(collected),
        "footer": _footer(collected),
    }
    written = Template("".join(map(str.strip, page.splitlines()))).substitute({name: joined(values[name]) for name in values})
    return f"<!doctype html>\n{written}\n"


def asset(name: str) -> str:
    """A file of this package that goes into pages."""
    return resources.files("beam_pipeline.report").joinpath(name).read_text("utf-8")


def digest(text: str) -> str:
    """By which a page's policy knows its own style sheet and script."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _sampled(collected: Collected) -> str:
    """How many rows of each kind the page has, and how they were chosen."""
    shown = {kind: sum(row["kind"] == kind for row in collected.rows) for kind in PLACES}
    seen = {kind: collected.figures.rows[kind] for kind in PLACES}
    *first, last = (f"{shown[kind]:,} of {seen[kind]:,} {kind}" for kind in PLACES)
    parts = f"{', '.join(first)} and {last}"
    if shown == seen:
        return f"All rows of the run: {parts}."
    return (
        f"A sample: {parts} rows. Every reason and every domain has as many places as any other, so that the rare "
        "ones show; which rows stand for them is decided by a hash, the same in every report."
    )


def _all_sections(collected: Collected) -> list[tuple[str, str, Html]]:
    """Every section that this output has something for, in the order of reading: (id, title, content)."""
    if collected.audit:
        shared = _OF_AUDITS if "tokens" in collected.summary else _OF_AUDITS - _OF_MODELS
        sections = (*audit_sections.SECTIONS, *(section for section in _SECTIONS if section[0] in shared))
    else:
        sections = _SECTIONS
    return [(name, title, content) for name, title, section in sections if (content := section(collected))]


# In the order of reading; of an audit those that need no documents.
_OF_MODELS = {"cost", "calls", "prompts"}
_OF_AUDITS = {"map", "pairs", "doubt", "lengths"} | _OF_MODELS
_SECTIONS = (
    ("review", "Rows to review", review_section.rows_to_review),
    ("funnel", "Funnel", outcome_sections.funnel),
    ("domains", "Yield by domain", outcome_sections.domains),
    ("reasons", "Why rows were left out", outcome_sections.reasons),
    ("map", "Map of questions", outcome_sections.question_map),
    ("pairs", "What is asked", outcome_sections.pairs),
    ("doubt", "Keys in doubt", outcome_sections.keys_in_doubt),
    ("lengths", "Lengths", outcome_sections.lengths),
    ("repetition", "Repetition", outcome_sections.repetition),
    ("cost", "Tokens and cost", effort_sections.cost),
    ("course", "Course of the run", effort_sections.course),
    ("calls", "Latency and retries", effort_sections.calls),
    ("windows", "Windows", effort_sections.windows),
    ("prompts", "Models, prompts, verdicts", outcome_sections.prompts),
)


def _name_of(collected: Collected) -> str:
    """What the output is called: the last part of its folder's name."""
    folder = collected.folder if "://" in collected.folder else os.path.abspath(collected.folder)
    return folder.rstrip("/").rpartition("/")[2] or folder


def _tiles(collected: Collected) -> list[Html]:
    """The numbers that everybody asks for first, each with a note."""
    summary = collected.summary
    documents, tasks = summary["documents"], summary["tasks"]
    asked_about = f"{share(documents['accepted'], documents['read'])} gave a pair"
    shown = audit_sections.tiles(collected) or [
        ("documents read", number(documents["read"]), ", ".join((asked_about, *not_asked_about(documents)))),
        ("pairs accepted", number(summary["pairs"]), f"{share(tasks['accepted'], tasks['read'])} of {tasks['read']:,} tasks"),
        ("dead letters", number(collected.figures.rows[DEAD]), "failures, which a replay asks again"),
    ]
    if total := summary.get("tokens", {}).get("total"):
        prompt = total["prompt_tokens"]
        cached = f"{share(total['cached_tokens'], prompt)} of the prompts from the cache"
        shown += [
            ("model calls", number(total["calls"]), f"{total['replayed']:,} more from the journal"),
            ("tokens", number(prompt + total["completion_tokens"], short=True), cached),
        ]
    if cost := summary.get("cost"):
        shown.append(("cost", f"{cost['total']:,.2f}", f"{cost['per_pair']:.4f} a pair"))
    if "seconds" in summary:
        began = summary.get("timeline", {}).get("began")
        since = time.strftime("from %Y-%m-%d %H:%M UTC", time.gmtime(began)) if began else ""
        shown.append(("duration", _duration(summary["seconds"]), since))
    return [element("div", element("dt", name), element("dd", value, element("small", note))) for name, value, note in shown]


def _footer(collected: Collected) -> str:
    """How the page came about."""
    damaged = f" {collected.damaged:,} lines of the output are no rows and were left out." if collected.damaged else ""
    return (
        "Figures are of all rows and of the run's summary.json; the rows and the map are a sample where that says so. "
        f"The same output gives the same page: webscale-qa report writes it again.{damaged}"
    )


def _duration(seconds: float) -> str:
    """Seconds for a reader: 2.1 s, 3 min 20 s, 4 h 5 min."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _texts_note(collected: Collected) -> str:
    """Where the texts of the rows come from, and why some are missing."""
    looked = collected.looked
    if collected.audit:
        return "Open a row to see its answer and every finding; its place in the data set is its document."
    if looked.problem:
        return f"Texts of documents are shown where a row holds them; the input could not be read again: {looked.problem}."
    bound = "" if looked.whole else f" (its first {looked.lengths.number:,} documents, no more are looked through)"
    return (
        "Open a row to see its verdicts and its document, with the quote marked. "
        f"Texts are read from the run's input{bound}; long ones are cut."
    )
