"""The page: sections of figures, a browser of rows, one style sheet and one script, all in one file that asks no network.

The Content-Security-Policy lets run what stands in this package and nothing else: script and style sheet are named by their
hashes. Rows are data (JSON in a script element that is no script) and become text nodes.
"""

import base64
import hashlib
from importlib import resources
from string import Template

from beam_pipeline.report import sections
from beam_pipeline.report.browse import ACCEPTED, DEAD, PLACES, REJECTED
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element, joined, script_json
from beam_pipeline.report.pair_sections import map_rows
from beam_pipeline.summary.as_table import verdict_line


def render(collected: Collected) -> str:
    """The whole page."""
    page, style, script = map(_asset, ("page.html", "page.css", "page.js"))
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(script)}'; style-src 'sha256-{_digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    summary, figures = collected.summary, sections.all_sections(collected)
    values = {
        "policy": Html(policy),
        "style": Html(style),
        "script": Html(script),
        "data": script_json({"rows": collected.rows, "texts": collected.texts, "map": map_rows(collected)}),
        "name": sections.name_of(collected),
        "verdict": verdict_line(summary),
        "sound": "sound" if summary["balanced"] and summary["pairs"] else "unsound",
        "tiles": sections.tiles(collected),
        "contents": [element("a", name.capitalize(), href=f"#{name}") for name, _, _ in figures],
        "sections": [element("section", element("h2", title), content, id=name) for name, title, content in figures],
        "sampled": _sampled(collected),
        "texts": sections.texts_note(collected),
        "footer": sections.footer(collected),
    }
    written = Template("".join(map(str.strip, page.splitlines()))).substitute({name: joined(values[name]) for name in values})
    return f"<!doctype html>\n{written}\n"


def _asset(name: str) -> str:
    return resources.files("beam_pipeline.report").joinpath(name).read_text("utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _sampled(collected: Collected) -> str:
    """How many rows of each kind the page has, and how they were chosen."""
    figures = collected.figures
    shown = {kind: sum(row["kind"] == kind for row in collected.rows) for kind in PLACES}
    seen = {ACCEPTED: figures.accepted, REJECTED: figures.rejected, DEAD: figures.dead}
    *first, last = (f"{shown[kind]:,} of {seen[kind]:,} {kind}" for kind in PLACES)
    parts = f"{', '.join(first)} and {last}"
    if shown == seen:
        return f"All rows of the run: {parts}."
    return (
        f"A sample: {parts} rows. Every reason and every domain has as many places as any other, so that the rare "
        "ones show; which rows stand for them is decided by a hash, the same in every report."
    )
