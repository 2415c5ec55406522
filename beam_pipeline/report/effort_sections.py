"""What it took: tokens and cost, the course of the run, latency and retries, the windows of a stream."""

from collections.abc import Mapping, Sequence
from typing import Any

from beam_pipeline.options.limits import Prices
from beam_pipeline.report import charts
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.layout import card, grid, keys, lead
from beam_pipeline.report.tables import Bar, bar, number, share, table
from beam_pipeline.summary.as_table import by_flow
from beam_pipeline.summary.token_usage import EMBED


def cost(collected: Collected) -> Html:
    """Tokens by stage, and what they cost where there are prices."""
    summary, usage = collected.summary, collected.summary.get("tokens", {})
    if not usage.get("total"):
        return element("p", "Not known: this run's engine or stream counts no tokens.", class_="note")
    prices = _prices(collected.options)
    stages = [
        (stage, row) for stage, row in by_flow({**usage}) if stage not in ("total", "earlier") and row.get("calls") is not None
    ]
    priced, replayed = bool(prices.prompt or prices.completion), bool(usage["total"]["replayed"])
    most = max((row["prompt_tokens"] + row["completion_tokens"] for _, row in stages), default=0)
    rows = []
    for stage, row in [*stages, ("total", usage["total"])]:
        prompt, cached, out = row["prompt_tokens"], row["cached_tokens"], row["completion_tokens"]
        parts = (Bar(cached, "s5"), Bar(prompt - cached, "s0"), Bar(out, "s1"))
        rows.append(
            [
                joined(element("b", stage), element("small", row.get("model", ""))),
                bar(most, *parts) if stage != "total" else "",
                number(row["calls"]),
                *([number(row["replayed"])] if replayed else []),
                number(prompt),
                share(cached, prompt),
                number(out),
                *([f"{prices.cost(row, 0):,.4f}" if stage != EMBED else "–"] if priced else []),
            ]
        )
    headings = [
        "Stage",
        "",
        "Calls",
        *(["Replayed"] if replayed else []),
        "Prompt",
        "Cached",
        "Reply",
        *(["Cost"] if priced else []),
    ]
    cost, notes = summary.get("cost"), []
    if cost:
        notes.append(
            f"In all {cost['total']:,.4f}, {cost['per_pair']:.6f} for each pair, GPU hours included where they have a price."
        )
    else:
        notes.append("No prices were given (--price_in, --price_out, --price_gpu_hour), so there is no cost.")
    if earlier := usage.get("earlier"):
        notes.append(
            f"Before this start the journal held {earlier.get('calls', 0):,} replies; they are in the cost and not in the table."
        )
    return joined(
        lead(
            "What the endpoint counted, by stage. Cached prompt tokens came from its prefix cache; replayed calls from "
            "the journal, unpaid."
        ),
        keys(("cached prompt", "s5"), ("fresh prompt", "s0"), ("reply", "s1")),
        table(headings, rows, wide=1, last_is_total=True),
        element("p", " ".join(notes), class_="note"),
    )


def _prices(options: Mapping[str, Any]) -> Prices:
    """The prices of tokens that the run was given; GPU hours have no stage."""

    def given(name: str) -> float | None:
        value = options.get(name)
        return float(value) if isinstance(value, (int, float)) else None

    return Prices(given("price_in") or 0.0, given("price_cached"), given("price_out") or 0.0)


def course(collected: Collected) -> Html:
    """Requests in flight, latency, tokens and waiting calls over time."""
    course = collected.summary.get("timeline", {})
    if not course.get("at_s"):
        return element(
            "p",
            "Not recorded: it is where the stages run in the process that was started, and not on workers elsewhere.",
            class_="note",
        )
    at = course["at_s"]
    spans = [max(1e-9, now - before) for before, now in zip([0, *at], at, strict=False)]
    rates = [value / span for value, span in zip(course["answered"], spans, strict=True)]
    tokens = [value / span for value, span in zip(course["tokens"], spans, strict=True)]
    peak = max(course["most_in_flight"])
    parts = [
        card(
            "In flight",
            f"Requests on the wire; {peak:,} at most. A plateau is a busy endpoint, a gap one that had nothing to do.",
            charts.lines("in-flight", "Requests in flight over time", at, [(course["in_flight"], 0)], "requests", area=True),
        ),
        card(
            "Latency",
            "One answered try on the wire: median, and the slowest twentieth.",
            joined(
                keys(("median", "s0"), ("95%", "s1")),
                charts.lines(
                    "latency", "Latency over time", at, [(course["latency_median_s"], 0), (course["latency_p95_s"], 1)], "seconds"
                ),
            ),
        ),
        card(
            "Tokens",
            "Prompt and reply tokens a second, those from the prefix cache included.",
            charts.lines("throughput", "Tokens a second over time", at, [(tokens, 4)], "tokens/s", area=True),
        ),
    ]
    if any(course["waiting"]) or any(course["held_back"]):
        rows = [(course["waiting"], 0), (course["held_back"], 3)]
        parts.append(
            card(
                "Waiting",
                "Calls in line for a slot, and calls that the endpoint told to come later or that wait for one that failed.",
                joined(
                    keys(("in line", "s0"), ("held back", "s3")), charts.lines("waiting", "Calls that wait", at, rows, "calls")
                ),
            )
        )
    else:
        note = "Answered calls a second. No call waited in line or was held back."
        parts.append(
            card("Replies", note, charts.lines("replies", "Replies a second over time", at, [(rates, 2)], "replies/s", area=True))
        )
    resumed = " Of a resumed run: since its last start." if "earlier" in collected.summary.get("tokens", {}) else ""
    return joined(lead(f"Sampled while the run went on, {len(at):,} points.{resumed}"), grid(parts, "halves"))


def calls(collected: Collected) -> Html:
    """Latency by stage, and tries that failed."""
    usage = collected.summary.get("tokens", {})
    stages = [(stage, row) for stage, row in by_flow({**usage}) if isinstance(row.get("latency_s"), dict) and row.get("calls")]
    if not stages:
        return Html("")
    most = max(row["latency_s"]["mean"] for _, row in stages)
    rows, retries = [], []
    for stage, row in stages:
        latency, first, queued = row["latency_s"], row["first_try_s"], row["queued_s"]
        seconds = (latency["mean"], latency["max"], first["mean"], first["max"], queued["mean"])
        rows.append([element("b", stage), bar(most, Bar(latency["mean"], "s0")), *(f"{value:,.2f}" for value in seconds)])
        again = max(0, row["attempts"] - row["calls"])
        retries.append(
            [element("b", stage), number(row["calls"]), number(again), share(again, row["calls"]), number(row["throttled_s"])]
        )
    parts = [
        card(
            "Retries",
            "Tries beyond the first, and the seconds lost to an endpoint that asked for patience.",
            table(["Stage", "Calls", "Retries", "Rate", "Throttled"], retries),
        ),
        card("Failed tries by cause", "A busy or failing endpoint, or a reply that was malformed or cut.", _causes(stages)),
    ]
    return joined(
        lead("Seconds from asking to answer (all tries and waits), of the first try on the wire, and of the wait for a slot."),
        table(["Stage", "", "Mean", "Longest", "First try", "Longest", "In line"], rows, wide=1),
        element("div", grid(parts, "halves"), class_="next"),
    )


def _causes(stages: Sequence[tuple[str, Mapping[str, Any]]]) -> Html:
    """A row for each cause of a failed try, a column for each stage that had any."""
    failed = [(stage, row["faults"]) for stage, row in stages if row["faults"]]
    if not failed:
        return element("p", "None: every try was answered well.", class_="note")
    totals = {cause: sum(faults.get(cause, 0) for _, faults in failed) for _, faults in failed for cause in faults}
    several = len(failed) > 1
    rows = [
        [element("b", cause), *([number(total)] if several else []), *(number(faults.get(cause, 0)) for _, faults in failed)]
        for cause, total in sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    ]
    return table(["Cause", *(["All"] if several else []), *(stage for stage, _ in failed)], rows)


def windows(collected: Collected) -> Html:
    """What each window of a stream came to; nothing for a batch."""
    windows = collected.windows
    if not windows:
        return Html("")
    accepted = [row["documents"]["accepted"] for row in windows]
    rejected = [row["documents"]["rejected"] for row in windows]
    dead = [row["documents"]["dead_lettered"] for row in windows]
    pairs = [row["pairs"] for row in windows]
    rows = []
    for row in windows[-_SHOWN_WINDOWS:]:
        documents, closes = row["documents"], "yes" if row["balanced"] else "NO"
        counts = (documents["read"], row["pairs"], documents["rejected"], documents["dead_lettered"])
        rows.append([str(row["window"].get("start", "")), *map(number, counts), closes])
    stacks = [(accepted, 2), (rejected, 1), (dead, 3)]
    last = f"The last {len(rows)} of {len(windows):,} windows." if len(rows) < len(windows) else "Every window."
    return joined(
        lead(f"{len(windows):,} windows of the stream, in order of their time, from {windows[0]['window'].get('start')}."),
        grid(
            [
                card(
                    "Documents",
                    "What became of the documents of each window.",
                    joined(
                        keys(("accepted", "s2"), ("rejected", "s1"), ("dead", "s3")),
                        charts.stacked("windows", "Documents of each window", stacks, "window"),
                    ),
                ),
                card(
                    "Pairs",
                    "Accepted pairs of each window.",
                    charts.stacked("window-pairs", "Pairs of each window", [(pairs, 0)], "window"),
                ),
            ]
        ),
        element(
            "details", element("summary", last), table(["Start", "Documents", "Pairs", "Rejected", "Dead", "Counts close"], rows)
        ),
    )


_SHOWN_WINDOWS = 100
