"""What an audit found, in words: as a table for a terminal, and as a section for the card of the data set."""

from collections.abc import Iterator, Mapping
from typing import Any

from beam_pipeline.audit.checkable import NEVER, NO_KEY
from beam_pipeline.export.dataset_card import plain
from beam_pipeline.reverify.messages import MAX_WIDTH, harmless

MOST_SUBJECTS = 12


def table(summary: Mapping[str, Any], output: str) -> Iterator[str]:
    """The findings for a person at a terminal."""
    audit, rows = summary["audit"], _rows(summary)
    layouts = ", ".join(dict.fromkeys(audit["files"].values()))
    yield f"rows {rows:,} in {len(audit['files']):,} file{'s' if len(audit['files']) > 1 else ''} ({layouts})"
    for before, behind in list(audit["wording"].values())[:3]:
        yield f"words of all prompts, left out of the questions: {harmless(before or '-', 80)} ... {harmless(behind or '-', 80)}"
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
        whole, never = sum(ways.values()), ways.get(NEVER, 0)
        paid = whole - never - ways.get(NO_KEY, 0)
        yield f"{harmless(kind, 42):44}{whole:>10,}{paid:>10,}{never:>10,}"
    yield ""
    yield from notes(summary)
    if len(audit["subjects"]) > 1:
        worst = sorted(audit["subjects"].items(), key=lambda item: -item[1].get("flagged", 0))[:MOST_SUBJECTS]
        yield f"{'subject':44}{'rows':>10}{'flagged':>10}{'share':>9}"
        for name, ends in worst:
            whole, flagged = sum(ends.values()), ends.get("flagged", 0)
            yield f"{harmless(name, 42):44}{whole:>10,}{flagged:>10,}{flagged / whole:>9.1%}"
        yield ""
    yield f"{summary['seconds']:,.1f} s; in {output.rstrip('/')}/: qa/ (no finding), rejected/ (reasons), summary.json, audit.md"


def notes(summary: Mapping[str, Any]) -> Iterator[str]:
    """What was not looked at, and why."""
    audit = summary["audit"]
    if audit["without_answers"]:
        some = "these files have" if len(audit["without_answers"]) > 1 else "this file has"
        files = ", ".join(harmless(path, MAX_WIDTH) for path in audit["without_answers"][:5])
        yield f"{some} no stored answers, so keys, leaks and rewards were not looked at: {files}"
    if not audit["benchmarks"]:
        yield "no benchmark was named, so the rows were not compared with any: --benchmarks"
    if "pass_rate" not in summary.get("tokens", {}):
        yield "no model was asked: --endpoint and --pass_rate_samples measure how often the questions are answered right"
    if audit["ignored"]:
        yield f"not taken for findings: {harmless(', '.join(audit['ignored']), MAX_WIDTH)}"


def card_section(summary: Mapping[str, Any]) -> str:
    """The section on an audit, as Markdown, for the card of the data set."""
    audit, rows = summary["audit"], _rows(summary)
    lines = [
        "## Audit",
        "",
        f"{rows:,} rows were looked at by the rules of webscale-qa; {audit['rows']['clean']:,} "
        f"({_share(audit['rows']['clean'], rows)}) have no finding.",
        "",
        "| finding | reason | rows | share |",
        "|---|---|---|---|",
        *(
            f"| {plain(group)} | {plain(reason)} | {found:,} | {_share(found, rows)} |"
            for group, reasons in audit["findings"].items()
            for reason, found in reasons.items()
        ),
        "",
        "| answer type | rows | never paid by a reward |",
        "|---|---|---|",
        *(f"| {plain(kind)} | {sum(ways.values()):,} | {ways.get(NEVER, 0):,} |" for kind, ways in audit["answers"].items()),
        "",
        *(f"- {plain(note)}." for note in notes(summary)),
        "",
    ]
    return "\n".join(lines)


def _rows(summary: Mapping[str, Any]) -> int:
    return int(summary["documents"]["read"])


def _share(part: int, whole: int) -> str:
    return f"{part / max(1, whole):.1%}"


def _line(label: str, number: int, whole: int, indent: str = "") -> str:
    return f"{indent + harmless(label, 40):44}{number:>10,}{_share(number, whole):>9}"
