"""What an audit found, as a table for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from beam_pipeline.reverify.messages import MAX_WIDTH
from beam_pipeline.summary.audit_notes import NEVER, PAID, audit_notes
from beam_pipeline.summary.doubt_notes import doubt_lines
from transforms.said import said

MOST_SUBJECTS = 12


def table(summary: Mapping[str, Any], output: str) -> Iterator[str]:
    """The findings for a person at a terminal."""
    audit, rows = summary["audit"], _rows(summary)
    layouts = ", ".join(dict.fromkeys(audit["files"].values()))
    yield f"rows {rows:,} in {len(audit['files']):,} file{'s' if len(audit['files']) > 1 else ''} ({layouts})"
    for before, behind in list(audit["wording"].values())[:3]:
        yield f"words of all prompts, left out of the questions: {said(before or '-', 80)} ... {said(behind or '-', 80)}"
    yield ""
    yield f"{'':44}{'rows':>10}{'share':>9}"
    yield _line("without a finding", audit["rows"]["clean"], rows)
    yield _line("with one or more", audit["rows"]["flagged"], rows)
    if dead := summary["documents"]["dead_lettered"]:
        yield _line("not read, in dead_letters/", dead, rows)
    for group, number in audit["groups"].items():
        yield ""
        yield _line(group, number, rows)
        for reason, found in audit["findings"][group].items():
            yield _line(reason, found, rows, "  ")
    yield ""
    yield f"{'answers that a reward pays':44}{'rows':>10}{'paid':>10}{'never':>10}"
    for kind, ways in audit["answers"].items():
        yield f"{said(kind, 42):44}{sum(ways.values()):>10,}{ways.get(PAID, 0):>10,}{ways.get(NEVER, 0):>10,}"
    yield ""
    if doubt := summary.get("key_doubt"):
        yield from (said(line, MAX_WIDTH) for line in doubt_lines(doubt))
    yield from (said(line, MAX_WIDTH) for line in audit_notes(summary))
    if len(audit["subjects"]) > 1:
        worst = sorted(audit["subjects"].items(), key=lambda item: -item[1].get("flagged", 0))[:MOST_SUBJECTS]
        yield f"{'subject':44}{'rows':>10}{'flagged':>10}{'share':>9}"
        for name, ends in worst:
            whole, flagged = sum(ends.values()), ends.get("flagged", 0)
            yield f"{said(name, 42):44}{whole:>10,}{flagged:>10,}{flagged / whole:>9.1%}"
        yield ""
    yield f"{summary['seconds']:,.1f} s; in {output.rstrip('/')}/: qa/ (no finding), rejected/ (reasons), summary.json, audit.md"


def _rows(summary: Mapping[str, Any]) -> int:
    return int(summary["documents"]["read"])


def _share(part: int, whole: int) -> str:
    return f"{part / max(1, whole):.1%}"


def _line(label: str, number: int, whole: int, indent: str = "") -> str:
    return f"{indent + said(label, 40):44}{number:>10,}{_share(number, whole):>9}"
