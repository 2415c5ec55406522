"""What the sections have in common: a sentence to read them by, cards side by side, keys of colours, bars of counts."""

from collections.abc import Iterable, Mapping

from beam_pipeline.report.elements import Html, element
from beam_pipeline.report.figures import OTHERS
from beam_pipeline.report.tables import Bar, bar, number, share, table


def lead(words: str) -> Html:
    """How a section is to be read."""
    return element("p", words, class_="lead")


def card(title: str, note: str, content: Html) -> Html:
    """A part of a section, with its own title and a note on what it shows."""
    return element("div", element("h3", title), element("p", note, class_="note") if note else None, content, class_="card")


def grid(parts: Iterable[Html], name: str = "thirds") -> Html:
    """Cards side by side, by "thirds" or "halves" where there is room."""
    return element("div", *parts, class_=f"grid {name}")


def keys(*names: tuple[str, str]) -> Html:
    """What the colours of a drawing stand for: (name, role)."""
    return element("p", [element("span", name, class_=f"key {role}") for name, role in names], class_="legend")


def most(counts: Mapping[str, int], most: int) -> dict[str, int]:
    """The commonest, and the others together."""
    ordered = sorted(counts.items(), key=lambda item: (item[0] == OTHERS, -item[1], item[0]))
    if len(ordered) <= most + 1:
        return dict(ordered)
    return dict(ordered[:most]) | {f"{len(ordered) - most} others": sum(value for _, value in ordered[most:])}


def counted(counts: Mapping[str, int], role: str, ordered: bool = False) -> Html:
    """Counts as a table with bars, the commonest first unless they are in order."""
    total, most = sum(counts.values()), max(counts.values(), default=0)
    items = list(counts.items()) if ordered else sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = [[name, bar(most, Bar(value, role)), number(value), share(value, total)] for name, value in items]
    return table(["", "", "Pairs", "Share"], rows, wide=1)
