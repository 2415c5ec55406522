"""What it took: tokens and cost, the course of the run, latency and retries, the windows of a stream."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from beam_pipeline.options.limits import Prices
from beam_pipeline.report import charts
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.layout import bar, card, grid, keys, lead, named, note, number, share, table
from beam_pipeline.summary.as_table import by_flow
from beam_pipeline.summary.token_usage import EMBED

_SHOWN_WINDOWS = 100


def cost(collected: Collected) -> Html:
    """Tokens by stage, and what they cost where there are prices."""
    summary, usage = collected.summary, collected.summary.get("tokens", {})
    if not usage.get("total"):
        return note("Not known: this run's engine or stream counts no tokens.")
    prices = _prices(collected.options)
    stages = [(stage, row) for stage, row in by_flow(usage) if stage not in ("total", "earlier") and row.get("calls") is not None]
    most = max((row["prompt_tokens"] + row["completion_tokens"] for _, row in stages), default=0)
    rows = []
    for stage, row in [*stages, ("total", usage["total"])]:
        prompt, cached, out = row["prompt_tokens"], row["cached_tokens"], row["completion_tokens"]
        parts = ((cached, "s5"), (prompt - cached, "s0"), (out, "s1"))
        counts = (number(row["calls"]), number(row["replayed"]), number(prompt), share(cached, prompt), number(out))
        price = f"{prices.cost(row, 0):,.4f}" if stage != EMBED else "–"
        rows.append([named(stage, row.get("model", "")), bar(most, *parts) if stage != "total" else "", *counts, price])
    replayed = "Replayed" if usage["total"]["replayed"] else None
    priced = "Cost" if prices.prompt or prices.completion else None
    says = "No prices were given (--price_in, --price_out, --price_gpu_hour), so there is no cost."
    if cost := summary.get("cost"):
        says = f"In all {cost['total']:,.4f}, {cost['per_pair']:.6f} for each pair, GPU hours included where they have a price."
    if earlier := usage.get("earlier"):
        says += (
            f" Before this start the journal held {earlier.get('calls', 0):,} replies; they are in the cost and not in the table."
        )
    return joined(
        lead(
            "What the endpoint counted, by stage. Cached prompt tokens came from its prefix cache; replayed calls from "
            "the journal, unpaid."
        ),
        keys(("cached prompt", "s5"), ("fresh prompt", "s0"), ("reply", "s1")),
        table(["Stage", "", "Calls", replayed, "Prompt", "Cached", "Reply", priced], rows, last_is_total=True),
        note(says),
    )


def _prices(options: Mapping[str, Any]) -> Prices:
    """The prices of tokens that the run was given; GPU hours have no stage."""
    given = {name: float(value) for name, value in options.items() if isinstance(value, (int, float))}
    return Prices(given.get("price_in", 0.0), given.get("price_cached"), given.get("price_out", 0.0))


def course(collected: Collected) -> Html:
    """Requests in flight, latency, tokens and waiting calls over time."""
    course = collected.summary.get("timeline", {})
    if not course.get("at_s"):
        return note("Not recorded: it is where the stages run in the process that was started, and not on workers elsewhere.")
    at = course["at_s"]
    spans = [max(1e-9, now - before) for before, now in zip([0, *at], at, strict=False)]

    def over_time(
        title: str, says: str, name: str, label: str, unit: str, *rows: tuple[str, Sequence[float | None], int]
    ) -> Html:
        """A chart of rows (name, values, series), with a key where there are several."""
        chart = charts.lines(name, label, at, [(values, series) for _, values, series in rows], unit)
        key = keys(*((row, f"s{series}") for row, _, series in rows)) if len(rows) > 1 else None
        return card(title, says, joined(key, chart))

    def a_second(name: str) -> list[float]:
        return [value / span for value, span in zip(course[name], spans, strict=True)]

    flight = (
        f"Requests on the wire; {max(course['most_in_flight']):,} at most. "
        "A plateau is a busy endpoint, a gap one that had nothing to do."
    )
    latency = (("median", course["latency_median_s"], 0), ("95%", course["latency_p95_s"], 1))
    wire = "One answered try on the wire: median, and the slowest twentieth."
    read = "Prompt and reply tokens a second, those from the prefix cache included."
    parts = [
        over_time("In flight", flight, "in-flight", "Requests in flight over time", "requests", ("", course["in_flight"], 0)),
        over_time("Latency", wire, "latency", "Latency over time", "seconds", *latency),
        over_time("Tokens", read, "throughput", "Tokens a second over time", "tokens/s", ("", a_second("tokens"), 4)),
    ]
    if any(course["waiting"]) or any(course["held_back"]):
        says = "Calls in line for a slot, and calls that the endpoint told to come later or that wait for one that failed."
        waiting = (("in line", course["waiting"], 0), ("held back", course["held_back"], 3))
        parts.append(over_time("Waiting", says, "waiting", "Calls that wait", "calls", *waiting))
    else:
        says = "Answered calls a second. No call waited in line or was held back."
        parts.append(
            over_time("Replies", says, "replies", "Replies a second over time", "replies/s", ("", a_second("answered"), 2))
        )
    resumed = " Of a resumed run: since its last start." if "earlier" in collected.summary.get("tokens", {}) else ""
    return joined(lead(f"Sampled while the run went on, {len(at):,} points.{resumed}"), grid(parts, "halves"))


def calls(collected: Collected) -> Html:
    """Latency by stage, and tries that failed."""
    usage = collected.summary.get("tokens", {})
    stages = [(stage, row) for stage, row in by_flow(usage) if isinstance(row.get("latency_s"), dict) and row.get("calls")]
    if not stages:
        return Html("")
    most = max(row["latency_s"]["mean"] for _, row in stages)
    rows, retries = [], []
    for stage, row in stages:
        latency, first, queued = row["latency_s"], row["first_try_s"], row["queued_s"]
        seconds = (latency["mean"], latency["max"], first["mean"], first["max"], queued["mean"])
        name, again = element("b", stage), max(0, row["attempts"] - row["calls"])
        rows.append([name, bar(most, (latency["mean"], "s0")), *(f"{value:,.2f}" for value in seconds)])
        retries.append([name, number(row["calls"]), number(again), share(again, row["calls"]), number(row["throttled_s"])])
    lost = "Tries beyond the first, and the seconds lost to an endpoint that asked for patience."
    causes = "A busy or failing endpoint, or a reply that was malformed or cut."
    parts = [
        card("Retries", lost, table(["Stage", "Calls", "Retries", "Rate", "Throttled"], retries)),
        card("Failed tries by cause", causes, _causes(stages)),
    ]
    return joined(
        lead("Seconds from asking to answer (all tries and waits), of the first try on the wire, and of the wait for a slot."),
        table(["Stage", "", "Mean", "Longest", "First try", "Longest", "In line"], rows),
        element("div", grid(parts, "halves"), class_="next"),
    )


def _causes(stages: Sequence[tuple[str, Mapping[str, Any]]]) -> Html:
    """A row for each cause of a failed try, a column for each stage that had any."""
    failed = {stage: row["faults"] for stage, row in stages if row["faults"]}
    if not failed:
        return note("None: every try was answered well.")
    totals = sum(map(Counter, failed.values()), Counter[str]())
    rows = [
        [element("b", cause), number(total), *(number(faults.get(cause, 0)) for faults in failed.values())]
        for cause, total in sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    ]
    return table(["Cause", "All" if len(failed) > 1 else None, *failed], rows)


def windows(collected: Collected) -> Html:
    """What each window of a stream came to; nothing for a batch."""
    windows = collected.windows
    if not windows:
        return Html("")
    ended = [
        ([row["documents"][ending] for row in windows], series)
        for ending, series in (("accepted", 2), ("rejected", 1), ("dead_lettered", 3))
    ]
    rows = []
    for row in windows[-_SHOWN_WINDOWS:]:
        documents = row["documents"]
        counts = (documents["read"], row["pairs"], documents["rejected"], documents["dead_lettered"])
        rows.append([str(row["window"].get("start", "")), *map(number, counts), "yes" if row["balanced"] else "NO"])
    last = f"The last {len(rows)} of {len(windows):,} windows." if len(rows) < len(windows) else "Every window."
    key = keys(("accepted", "s2"), ("rejected", "s1"), ("dead", "s3"))
    documents = joined(key, charts.stacked("windows", "Documents of each window", ended))
    pairs = charts.stacked("window-pairs", "Pairs of each window", [([row["pairs"] for row in windows], 0)])
    shown = table(["Start", "Documents", "Pairs", "Rejected", "Dead", "Counts close"], rows)
    return joined(
        lead(f"{len(windows):,} windows of the stream, in order of their time, from {windows[0]['window'].get('start')}."),
        grid(
            [
                card("Documents", "What became of the documents of each window.", documents),
                card("Pairs", "Accepted pairs of each window.", pairs),
            ]
        ),
        element("details", element("summary", last), shown),
    )
