"""What the sections have in common: a sentence to read them by, cards side by side, keys of colours, tables with bars in them.

The tables hold numbers that a reader can compare and a screen reader can read.
"""

from collections.abc import Mapping, Sequence

from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.figures import OTHERS

# With more columns a phone has no room for bars.
_MANY = 6


def lead(words: str) -> Html:
    """How a section is to be read."""
    return element("p", words, class_="lead")


def note(words: str) -> Html:
    """What else is to be known, in small."""
    return element("p", words, class_="note")


def named(name: str, more: str) -> Html:
    """A row's name with something smaller below it."""
    return joined(element("b", name), element("small", more))


def card(title: str, says: str, content: Html) -> Html:
    """A part of a section, with its own title and a note on what it shows."""
    return element("div", element("h3", title), note(says) if says else None, content, class_="card")


def grid(parts: Sequence[Html], name: str = "thirds") -> Html:
    """Cards side by side, by "thirds" or "halves" where there is room; nothing without cards."""
    return element("div", *parts, class_=f"grid {name}") if parts else Html("")


def keys(*names: tuple[str, str]) -> Html:
    """What the colours of a drawing stand for: (name, role)."""
    return element("p", [element("span", name, class_=f"key {role}") for name, role in names], class_="legend")


def commonest(counts: Mapping[str, int], most: int) -> dict[str, int]:
    """The commonest, the first of them first, and the others together."""
    ordered = sorted(counts.items(), key=lambda item: (item[0] == OTHERS, -item[1], item[0]))
    if len(ordered) <= most + 1:
        return dict(ordered)
    return dict(ordered[:most]) | {f"{len(ordered) - most} others": sum(value for _, value in ordered[most:])}


def counted(counts: Mapping[str, int], role: str, headings: tuple[str, str] = ("", "Pairs"), most: int = 0) -> Html:
    """Counts as a table with bars, in their order; the longest bar stands for `most`, or for the most there is."""
    total, most = sum(counts.values()), most or max(counts.values(), default=0)
    rows = [[name, bar(most, (value, role)), number(value), share(value, total)] for name, value in counts.items()]
    return table([headings[0], "", headings[1], "Share"], rows)


def bar(most: float, *parts: tuple[float, str]) -> Html:
    """Parts (length, role that gives the colour) one after another on a scale from 0 to `most`; all can be seen."""
    drawn, left = [], 0.0
    for value, role in parts:
        if value > 0 and most > 0:
            width = max(0.6, 100 * value / most)
            drawn.append(element("rect", x=f"{min(left, 99.4):.2f}", width=f"{width:.2f}", height=10, class_=f"fill-{role}"))
            left += width
    return element("svg", *drawn, class_="bar", viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true")


def table(
    headings: Sequence[str | None], rows: Sequence[Sequence[object]], texts: Sequence[int] = (), last_is_total: bool = False
) -> Html:
    """A table: the first column names the row, one without a heading holds bars, `texts` words, the others numbers.

    A column whose heading is None is left out.
    """
    shown = [at for at, heading in enumerate(headings) if heading is not None]
    kinds = [
        None if at == 0 else "bars" if not heading else "words" if at in texts else "number"
        for at, heading in enumerate(headings)
    ]
    head = element("tr", *(element("th", headings[at], scope="col", class_=kinds[at]) for at in shown))
    body = []
    for row in rows:
        cells = [element("td", row[at], class_=kinds[at]) for at in shown[1:]]
        total = last_is_total and row is rows[-1]
        body.append(element("tr", element("th", row[0], scope="row"), *cells, class_="total" if total else None))
    inside = element("table", element("thead", head), element("tbody", *body), class_="many" if len(shown) > _MANY else None)
    return element("div", inside, class_="scroll", tabindex="0")


def number(value: float, short: bool = False) -> str:
    """A count for a reader; with `short` 1.2 M rather than 1,234,567."""
    if short:
        for size, suffix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
            if value >= size:
                return f"{value / (1e3 if suffix == 'k' else size):.3g} {suffix}"
    return f"{value:,}"


def share(part: float, whole: float) -> str:
    """A part of a whole in percent, and never 0% or 100% for what is not quite that."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.95 or 99 < percent < 100:
        return f"{min(99.9, max(0.1, percent)):.1f}%"
    return f"{percent:.0f}%"
