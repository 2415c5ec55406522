"""Two runs as one HTML page that asks no network and runs no script; every text of others is escaped."""

from collections.abc import Sequence

from beam_pipeline.compare.as_text import WHAT, documents_line
from beam_pipeline.compare.changes import CAME, CHANGED, MOST_SHOWN, WENT, Changes, Shown
from beam_pipeline.compare.figures import Figure
from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.layout import lead, note, number, table
from beam_pipeline.report.page import asset, digest
from transforms.said import said

_MOST_MOVES = 50
_TITLE = "Comparison of two runs"
# The title of a page lies within.
HEAD_BYTES = 4096
# Of one text of a pair.
_LONG = 600


def render(paths: tuple[str, str], rows: Sequence[Figure], found: Changes) -> str:
    """The whole page."""
    style = asset("page.css")
    policy = f"default-src 'none'; style-src 'sha256-{digest(style)}'; img-src data:; base-uri 'none'; form-action 'none'"
    head = joined(
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'),
        Html('<link rel="icon" href="data:,">'),
        element("title", _TITLE),
        element("style", Html(style)),
    )
    header = element(
        "header",
        element("p", "webscale-qa: comparison of two runs", class_="over"),
        element("h1", _shown_path(paths[0]), " and ", _shown_path(paths[1])),
        element("p", f"{documents_line(found)}, as far as rows tell."),
    )
    sections = [
        _section("Figures", table(["", "First", "Second", "Difference"], [[row.name, *row.texts()] for row in rows])),
        _section(
            "Pairs",
            lead("A pair is the same where document, question and answer are."),
            table(["", "Pairs", "What that is"], [[kind, number(found.kinds[kind]), what] for kind, what in WHAT.items()], (2,)),
        ),
        _moves(found),
        *(_pairs(kind, [pair for pair in found.shown if pair.kind == kind], found.kinds[kind]) for kind in (CHANGED, WENT, CAME)),
    ]
    body = element("body", header, element("main", *sections))
    return f"<!doctype html>\n{element('html', element('head', head), body, lang='en')}\n"


def is_page_of_ours(head: bytes) -> bool:
    """Whether a file that begins so is a page of `render`."""
    return head.startswith(b"<!doctype html>") and f"<title>{_TITLE}</title>".encode() in head


def _section(title: str, *content: Html) -> Html:
    return element("section", element("h2", title), *content)


def _moves(found: Changes) -> Html | None:
    """From which verdict to which."""
    if not found.moves:
        return None
    rows = [
        [said(before, 100), said(after, 100), number(count)] for (before, after), count in found.moves.most_common(_MOST_MOVES)
    ]
    return _section("Verdicts that changed", table(["First", "Second", "Pairs"], rows, (1,)))


def _pairs(kind: str, pairs: Sequence[Shown], number_of: int) -> Html | None:
    """Some pairs, each with what both runs said of it."""
    if not pairs:
        return None
    of_all = f"{len(pairs):,} of {number_of:,}, chosen by a hash." if number_of > MOST_SHOWN else f"All {number_of:,}."
    rows = [
        [
            joined(element("b", said(pair.question, _LONG)), element("small", said(pair.answer, _LONG))),
            said(pair.before, 100),
            said(pair.after, 100),
            said(pair.domain, 100),
            said(pair.document, 100),
        ]
        for pair in pairs
    ]
    return _section(
        f"Pairs: {kind}",
        note(f"{WHAT[kind].capitalize()}. {of_all}"),
        table(["Question and answer", "First", "Second", "Domain", "Document"], rows, (1, 2, 3, 4)),
    )


def _shown_path(path: str) -> str:
    return said(path.rstrip("/").rpartition("/")[2] or path, 80)
