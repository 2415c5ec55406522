"""The page: sections of figures, a browser of rows, one style sheet and one script, all in one file that asks no network.

The Content-Security-Policy lets run what stands in this package and nothing else: script and style sheet are named by their
hashes. Rows are data (JSON in a script element that is no script) and become text nodes.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib import resources

from beam_pipeline.report import pair_sections, sections
from beam_pipeline.report.browse import ACCEPTED, DEAD, PLACES, REJECTED
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element, script_json


def render(collected: Collected) -> str:
    """The whole page."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src 'sha256-{_digest(script)}'",
            f"style-src 'sha256-{_digest(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    figures = sections.all_sections(collected)
    data = {"rows": collected.rows, "texts": collected.texts, "map": pair_sections.map_rows(collected)}
    head = element(
        "head",
        element("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("link", rel="icon", href="data:,"),
        element("title", f"Report: {sections.name_of(collected)}"),
        element("style", Html(style)),
    )
    body = element(
        "body",
        element("a", "Skip to the rows", href="#rows", class_="skip"),
        sections.header(collected),
        _contents(figures),
        element("main", *(_section(*figure) for figure in figures), _browser(collected)),
        sections.footer(collected),
        element("script", script_json(data), type="application/json", id="data"),
        element("script", Html(script)),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _asset(name: str) -> str:
    return resources.files("beam_pipeline.report").joinpath(name).read_text("utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _contents(figures: Sequence[tuple[str, str, Html]]) -> Html:
    links = [element("a", name.capitalize(), href=f"#{name}") for name, _, _ in figures]
    return element("nav", *links, element("a", "Rows", href="#rows"), aria_label="Contents")


def _section(name: str, title: str, content: Html) -> Html:
    return element("section", element("h2", title), content, id=name)


def _browser(collected: Collected) -> Html:
    figures = collected.figures
    shown = {kind: sum(row["kind"] == kind for row in collected.rows) for kind in PLACES}
    seen = {ACCEPTED: figures.accepted, REJECTED: figures.rejected, DEAD: figures.dead}
    parts = [f"{shown[kind]:,} of {seen[kind]:,} {kind}" for kind in PLACES]
    whole = all(shown[kind] == seen[kind] for kind in PLACES)
    says = (
        f"All rows of the run: {_listing(parts)}."
        if whole
        else f"A sample: {_listing(parts)} rows. Every reason and every domain has as many places as any other, so that the rare "
        "ones show; which rows stand for them is decided by a hash, the same in every report."
    )
    return element(
        "section",
        element("h2", "Rows"),
        element("p", says, class_="lead"),
        element("p", sections.texts_note(collected), class_="note"),
        element(
            "form",
            _labelled(
                "Search", element("input", id="search", type="search", placeholder="words in any field", autocomplete="off")
            ),
            *(_labelled(name.title(), element("select", id=name)) for name in ("kind", "stage", "reason", "domain")),
            element("button", "Clear", id="clear", type="button"),
            class_="filters",
            role="search",
            aria_label="Filter rows",
        ),
        element("p", id="found", role="status"),
        element("div", id="list"),
        element("button", "Show more", id="more", type="button", hidden=True),
        element("noscript", element("p", "The rows need JavaScript; all figures above do without.")),
        id="rows",
    )


def _labelled(name: str, control: Html) -> Html:
    return element("label", element("span", name), control)


def _listing(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
