"""Tables with bars in them: numbers that a reader can compare and a screen reader can read."""

from collections.abc import Sequence
from dataclasses import dataclass

from beam_pipeline.report.elements import Html, element

# With more columns a phone has no room for bars.
_MANY = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar: how long, and the role that gives it its colour."""

    value: float
    role: str


def bar(most: float, *parts: Bar) -> Html:
    """Parts one after another on a scale from 0 to `most`; what is there can be seen, however little."""
    drawn, left = [], 0.0
    for part in parts:
        if part.value > 0 and most > 0:
            width = max(0.6, 100 * part.value / most)
            drawn.append(element("rect", x=f"{min(left, 99.4):.2f}", width=f"{width:.2f}", height=10, class_=f"fill-{part.role}"))
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
