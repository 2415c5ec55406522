"""What the sections have in common: a sentence to read them by, cards side by side, keys of colours, bars of counts."""

from collections.abc import Mapping, Sequence

from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.figures import OTHERS
from beam_pipeline.report.tables import Bar, bar, number, share, table


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
    rows = [[name, bar(most, Bar(value, role)), number(value), share(value, total)] for name, value in counts.items()]
    return table([headings[0], "", headings[1], "Share"], rows)
