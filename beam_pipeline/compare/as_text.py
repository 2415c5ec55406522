"""Two runs as a table for a terminal."""

from collections.abc import Iterator, Sequence

from beam_pipeline.compare.changes import CAME, CHANGED, STAYED, WENT, Changes
from beam_pipeline.compare.figures import Figure
from transforms.said import said

WHAT = {
    STAYED: "accepted by both",
    WENT: "accepted by the first, not written by the second",
    CAME: "accepted by the second, not written by the first",
    CHANGED: "written by both, with another verdict",
}
_MOST_MOVES = 12
_NAME, _NUMBER, _PATH = 30, 16, 60


def as_text(paths: tuple[str, str], rows: Sequence[Figure], found: Changes) -> str:
    """The whole table."""
    return "\n".join(_lines(paths, rows, found))


def documents_line(found: Changes) -> str:
    """Whether the documents are the same."""
    both, first, second = found.documents
    if not (first or second):
        return f"both have the same {both:,} documents"
    return f"{both:,} documents are in both, {first:,} in the first only, {second:,} in the second only"


def _lines(paths: tuple[str, str], rows: Sequence[Figure], found: Changes) -> Iterator[str]:
    yield f"first:  {said(paths[0], _PATH)}"
    yield f"second: {said(paths[1], _PATH)}"
    yield f"{documents_line(found)}, as far as rows tell"
    yield ""
    yield f"{'':{_NAME}}{'first':>{_NUMBER}}{'second':>{_NUMBER}}   difference"
    for row in rows:
        first, second, difference = row.texts()
        yield f"{said(row.name, _NAME - 1):{_NAME}}{first:>{_NUMBER}}{second:>{_NUMBER}}   {difference}".rstrip()
    yield ""
    for kind, what in WHAT.items():
        yield f"{kind:10}{found.kinds[kind]:>10,}   {what}"
    if found.moves:
        yield ""
        yield "verdicts that changed:"
    for (before, after), number in found.moves.most_common(_MOST_MOVES):
        yield f"{number:>10,}   {said(before, _PATH)} -> {said(after, _PATH)}"
    if (more := len(found.moves) - _MOST_MOVES) > 0:
        yield f"            and {more:,} more kinds"
