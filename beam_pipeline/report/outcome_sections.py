"""What became of the documents: the funnel, the yield of each domain, the reasons why rows were left out."""

from beam_pipeline.report import charts
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.layout import bar, card, counted, grid, keys, lead, named, note, number, share, table
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
        ended = [row.get(name, 0) for name in ("passed", "rejected", "dead_lettered")]
        marks = bar(most, *zip(ended, ("accepted", "rejected", "dead"), strict=True))
        rows.append([named(stage, WHAT_STAGES_DO.get(stage, "")), marks, *map(number, ended), share(ended[0], sum(ended))])
    return joined(
        lead(
            "How many reach each stage, and what becomes of them there. Up to filter a row is a document (or a chunk of a "
            "long one); from classify on it is a task: one document for one persona, which can give one pair."
        ),
        keys(("passed", "accepted"), ("rejected: a verdict", "rejected"), ("dead letter: a failure", "dead")),
        table(["Stage", "", "Passed", "Rejected", "Dead", "Pass rate"], rows),
    )


def domain_series(collected: Collected) -> dict[str, int]:
    """The colour of each domain, by its share of the pairs; what is left shares the last one."""
    accepted = {name: row.get("accepted", 0) for name, row in collected.summary["domains"].items()}
    ordered = sorted(accepted, key=lambda name: (-accepted[name], name))
    return {name: min(at, COLOURS) for at, name in enumerate(ordered)}


def domains(collected: Collected) -> Html:
    """Share of each domain in the pairs, and which share of its tasks became pairs."""
    domains, series = collected.summary["domains"], domain_series(collected)
    accepted = {name: domains[name].get("accepted", 0) for name in series}
    rows = []
    for name, accepted_here in accepted.items():
        tasks = sum(value for key, value in domains[name].items() if key != "yield")
        role, rate = f"s{series[name]}", domains[name]["yield"]
        key = element("span", name or "(none)", class_=f"key {role}")
        rows.append([key, bar(1, (rate, role)), number(tasks), number(accepted_here), f"{rate:.0%}"])
    if not rows:
        return Html("")
    values = [(name, accepted[name], at) for name, at in series.items() if accepted[name] and at < COLOURS]
    if rest := sum(accepted[name] for name, at in series.items() if at == COLOURS):
        values.append(("others", rest, COLOURS))
    ring = charts.pie("domains", "Share of each domain in the accepted pairs", values) if values else None
    says = element("figcaption", "Accepted pairs by domain; the table beside names the colours.")
    return joined(
        lead("Which subjects the pairs are about, and which share of each subject's tasks became a pair."),
        element(
            "div",
            element("figure", ring, says) if ring else None,
            table(["Domain", "", "Tasks", "Pairs", "Yield"], rows),
            class_="beside",
        ),
    )


def reasons(collected: Collected) -> Html:
    """Rejections and dead letters by their reason."""
    parts = []
    for title, what, counts, role in (
        ("Rejections", "Verdicts: data worth reading.", collected.summary["reasons"], "rejected"),
        (
            "Dead letters",
            "Failures: work that can be done again, with webscale-qa replay.",
            collected.summary["errors"],
            "dead",
        ),
    ):
        shown: dict[str, int] = {}
        for name, value in list(counts.items())[:_MOST_REASONS]:
            stage, _, reason = name.partition("/")
            shown[named(reason, stage)] = value
        if rest := sum(list(counts.values())[_MOST_REASONS:]):
            shown[Html(f"{len(counts) - _MOST_REASONS} other reasons")] = rest
        content = counted(shown, role, ("Reason", "Rows"), max(counts.values())) if shown else note("None.")
        parts.append(card(title, f"{what} {sum(counts.values()):,} in all.", content))
    return joined(lead("Every document and task that gave no pair is in one of the two lists."), grid(parts, "halves"))
