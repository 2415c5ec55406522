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
    headings: Sequence[str],
    rows: Sequence[Sequence[object]],
    wide: int = -1,
    texts: Sequence[int] = (),
    last_is_total: bool = False,
) -> Html:
    """A table: the first column names the row, column `wide` holds bars, `texts` words, the others numbers."""

    def kind(at: int) -> str | None:
        return "bars" if at == wide else None if at == 0 else "words" if at in texts else "number"

    head = element("tr", *(element("th", heading, scope="col", class_=kind(at)) for at, heading in enumerate(headings)))
    body = []
    for position, row in enumerate(rows):
        first, *others = row
        cells = [element("td", cell, class_=kind(at)) for at, cell in enumerate(others, 1)]
        total = last_is_total and position == len(rows) - 1
        body.append(element("tr", element("th", first, scope="row"), *cells, class_="total" if total else None))
    inside = element("table", element("thead", head), element("tbody", *body), class_="many" if len(headings) > _MANY else None)
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
