"""What became of the documents: the funnel, the yield of each domain, the reasons why rows were left out."""

from collections.abc import Sequence

from beam_pipeline.report import charts
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.layout import card, grid, keys, lead
from beam_pipeline.report.tables import Bar, bar, number, share, table
from beam_pipeline.summary.as_table import by_flow
from transforms.stages import WHAT_STAGES_DO

# Domains with a colour of their own; the others share the last.
COLOURS = len(charts.SERIES) - 1
_MOST_REASONS = 15


def funnel(collected: Collected) -> Html:
    """How many passed each stage, and what became of the others."""
    stages = by_flow(collected.summary["stages"])
    most = max((sum(row.values()) for _, row in stages), default=0)
    rows = []
    for stage, row in stages:
        passed, rejected, dead = (row.get(name, 0) for name in ("passed", "rejected", "dead_lettered"))
        came = passed + rejected + dead
        parts = ((passed, "accepted"), (rejected, "rejected"), (dead, "dead"))
        rows.append(
            [
                joined(element("b", stage), element("small", WHAT_STAGES_DO.get(stage, ""))),
                bar(most, *(Bar(value, role) for value, role in parts)),
                number(passed),
                number(rejected),
                number(dead),
                share(passed, came),
            ]
        )
    return joined(
        lead(
            "How many reach each stage, and what becomes of them there. Up to filter a row is a document (or a chunk of a "
            "long one); from classify on it is a task: one document for one persona, which can give one pair."
        ),
        keys(*_LEGEND),
        table(["Stage", "", "Passed", "Rejected", "Dead", "Pass rate"], rows, wide=1),
    )


_LEGEND = (("passed", "accepted"), ("rejected: a verdict", "rejected"), ("dead letter: a failure", "dead"))


def domain_series(collected: Collected) -> dict[str, int]:
    """The colour of each domain, by its share of the pairs; what is left shares the last one."""
    accepted = {name: row.get("accepted", 0) for name, row in collected.summary["domains"].items()}
    ordered = sorted(accepted, key=lambda name: (-accepted[name], name))
    return {name: min(at, COLOURS) for at, name in enumerate(ordered)}


def domains(collected: Collected) -> Html:
    """Share of each domain in the pairs, and which share of its tasks became pairs."""
    domains, series = collected.summary["domains"], domain_series(collected)
    rows, values = [], []
    for name in series:
        row = domains[name]
        accepted = row.get("accepted", 0)
        tasks = sum(value for key, value in row.items() if key != "yield")
        rows.append(
            [
                element("span", name or "(none)", class_=f"key s{series[name]}"),
                bar(1, Bar(row["yield"], f"s{series[name]}")),
                number(tasks),
                number(accepted),
                f"{row['yield']:.0%}",
            ]
        )
        if accepted:
            values.append((name, accepted, series[name]))
    if not rows:
        return Html("")
    ring = charts.pie("domains", "Share of each domain in the accepted pairs", _top_values(values)) if values else None
    return joined(
        lead("Which subjects the pairs are about, and which share of each subject's tasks became a pair."),
        element(
            "div",
            element("figure", ring, element("figcaption", "Accepted pairs by domain; the table beside names the colours."))
            if ring
            else None,
            table(["Domain", "", "Tasks", "Pairs", "Yield"], rows, wide=1),
            class_="beside",
        ),
    )


def _top_values(values: Sequence[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    rest = sum(value for _, value, series in values if series == COLOURS)
    return [row for row in values if row[2] < COLOURS] + ([("others", rest, COLOURS)] if rest else [])


def reasons(collected: Collected) -> Html:
    """Rejections and dead letters by their reason."""
    summary = collected.summary
    parts = []
    for title, note, counts, role in (
        ("Rejections", "Verdicts: data worth reading.", summary["reasons"], "rejected"),
        ("Dead letters", "Failures: work that can be done again, with beam_pipeline.replay.", summary["errors"], "dead"),
    ):
        total, most = sum(counts.values()), max(counts.values(), default=0)
        rows = []
        for name, value in list(counts.items())[:_MOST_REASONS]:
            stage, _, reason = name.partition("/")
            rows.append(
                [
                    joined(element("b", reason), element("small", stage)),
                    bar(most, Bar(value, role)),
                    number(value),
                    share(value, total),
                ]
            )
        if rest := sum(list(counts.values())[_MOST_REASONS:]):
            rows.append(
                [f"{len(counts) - _MOST_REASONS} other reasons", bar(most, Bar(rest, role)), number(rest), share(rest, total)]
            )
        content = table(["Reason", "", "Rows", "Share"], rows, wide=1) if rows else element("p", "None.", class_="note")
        parts.append(card(title, f"{note} {total:,} in all.", content))
    return joined(lead("Every document and task that gave no pair is in one of the two lists."), grid(parts, "halves"))
