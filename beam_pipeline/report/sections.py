"""The sections of the page: each a few figures with a sentence on how to read them."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from beam_pipeline.report import charts
from beam_pipeline.report.browse import ACCEPTED
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.documents import MOST_DOCUMENTS
from beam_pipeline.report.elements import Html, element, joined
from beam_pipeline.report.figures import OTHERS, Lengths
from beam_pipeline.report.question_map import LEAST, place_questions
from beam_pipeline.report.tables import Bar, bar, number, share, table
from beam_pipeline.table import by_flow, verdict_line
from beam_pipeline.usage import EMBED, Prices

Section = tuple[str, str, Html]

# What each stage decides, for who has not read the manual.
STAGES = {
    "read": "rows that are documents, each id once",
    "screen": "rules on the text, and copies",
    "filter": "is it worth asking about?",
    "classify": "domain, and who would ask: one task for each persona",
    "synthesize": "one question for each task",
    "check": "rules on question and answer",
    "verify": "a model judges the pair by the document",
    "verify_answer": "a model judges the answer by the document",
    "verify_question": "a model judges the question by itself",
    "round_trip": "a model answers, not seeing the stored answer",
    "deduplicate": "the same question twice",
    "decontaminate": "what benchmarks ask",
    "mix": "caps and shares",
    "pass_rate": "how often a solver is right without the document",
}
_TASKS_FROM = "classify"
# Domains with a colour of their own; the others share the last.
COLOURS = len(charts.SERIES) - 1
_MOST_REASONS = 15


def all_sections(collected: Collected) -> list[Section]:
    """Every section that this output has something for, in the order of reading: (id, title, content)."""
    made = [
        ("funnel", "Funnel", _funnel(collected)),
        ("domains", "Yield by domain", _domains(collected)),
        ("reasons", "Why rows were left out", _reasons(collected)),
        ("map", "Map of questions", _map(collected)),
        ("pairs", "What is asked", _pairs(collected)),
        ("lengths", "Lengths", _lengths(collected)),
        ("repetition", "Repetition", _repetition(collected)),
        ("cost", "Tokens and cost", _cost(collected)),
        ("course", "Course of the run", _course(collected)),
        ("calls", "Latency and retries", _calls(collected)),
        ("windows", "Windows", _windows(collected)),
        ("prompts", "Models, prompts, verdicts", _prompts(collected)),
    ]
    return [(name, title, content) for name, title, content in made if content]


def name_of(collected: Collected) -> str:
    """What the output is called: the last part of its folder's name."""
    folder = collected.folder if "://" in collected.folder else os.path.abspath(collected.folder)
    return folder.rstrip("/").rpartition("/")[2] or folder


# --- Head and foot -------------------------------------------------------------------------------


def header(collected: Collected) -> Html:
    """Name, verdict and the numbers that everybody asks for first."""
    summary = collected.summary
    documents, tasks = summary["documents"], summary["tasks"]
    total = summary.get("tokens", {}).get("total", {})
    cost = summary.get("cost", {})
    tiles = [
        ("documents read", number(documents["read"]), f"{share(documents['accepted'], documents['read'])} gave a pair"),
        ("pairs accepted", number(summary["pairs"]), f"{share(tasks['accepted'], tasks['read'])} of {tasks['read']:,} tasks"),
        ("dead letters", number(collected.figures.dead), "failures, which a replay asks again"),
    ]
    if total:
        prompt = total["prompt_tokens"]
        cached = f"{share(total['cached_tokens'], prompt)} of the prompts from the cache"
        tiles += [
            ("model calls", number(total["calls"]), f"{total['replayed']:,} more from the journal"),
            ("tokens", number(prompt + total["completion_tokens"], short=True), cached),
        ]
    if cost:
        tiles.append(("cost", f"{cost['total']:,.2f}", f"{cost['per_pair']:.4f} a pair"))
    if "seconds" in summary:
        tiles.append(("duration", duration(summary["seconds"]), _began(summary)))
    sound = summary["balanced"]
    return element(
        "header",
        element("p", "webscale-qa: report of a run", class_="over"),
        element("h1", name_of(collected)),
        element("p", verdict_line(summary), class_="verdict sound" if sound else "verdict unsound"),
        element("dl", *(element("div", element("dt", name), element("dd", value, element("small", note))) for name, value, note in tiles)),
    )


def footer(collected: Collected) -> Html:
    """How the page came about."""
    damaged = f" {collected.damaged:,} lines of the output are no rows and were left out." if collected.damaged else ""
    return element(
        "footer",
        element(
            "p",
            "Figures are of all rows and of the run's summary.json; the rows and the map are a sample where that says so. "
            f"The same output gives the same page: python -m beam_pipeline.report writes it again.{damaged}",
        ),
    )


def _began(summary: Mapping[str, Any]) -> str:
    began = summary.get("timeline", {}).get("began")
    return time.strftime("from %Y-%m-%d %H:%M UTC", time.gmtime(began)) if began else ""


def duration(seconds: float) -> str:
    """Seconds for a reader: 2.1 s, 3 min 20 s, 4 h 5 min."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


# --- What became of the documents ----------------------------------------------------------------


def _funnel(collected: Collected) -> Html:
    stages = by_flow(collected.summary["stages"])
    most = max((sum(row.values()) for _, row in stages), default=0)
    rows = []
    for stage, row in stages:
        passed, rejected, dead = (row.get(name, 0) for name in ("passed", "rejected", "dead_lettered"))
        came = passed + rejected + dead
        parts = ((passed, "accepted"), (rejected, "rejected"), (dead, "dead"))
        rows.append(
            [
                joined(element("b", stage), element("small", STAGES.get(stage, ""))),
                bar(most, *(Bar(value, role) for value, role in parts)),
                number(passed),
                number(rejected),
                number(dead),
                share(passed, came),
            ]
        )
    legend = [element("span", name, class_=f"key {role}") for name, role in _LEGEND]
    return joined(
        _lead(
            "How many reach each stage, and what becomes of them there. Up to filter a row is a document (or a chunk of a long one); "
            "from classify on it is a task: one document for one persona, which can give one pair."
        ),
        element("p", *legend, class_="legend"),
        table(["Stage", "", "Passed", "Rejected", "Dead", "Pass rate"], rows, wide=1),
    )


_LEGEND = (("passed", "accepted"), ("rejected: a verdict", "rejected"), ("dead letter: a failure", "dead"))


def domain_series(collected: Collected) -> dict[str, int]:
    """The colour of each domain, by its share of the pairs; what is left shares the last one."""
    accepted = {name: row.get("accepted", 0) for name, row in collected.summary["domains"].items()}
    ordered = sorted(accepted, key=lambda name: (-accepted[name], name))
    return {name: min(at, COLOURS) for at, name in enumerate(ordered)}


def _domains(collected: Collected) -> Html:
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
        _lead("Which subjects the pairs are about, and which share of each subject's tasks became a pair."),
        element(
            "div",
            element("figure", ring, element("figcaption", "Accepted pairs by domain; the table beside names the colours.")) if ring else None,
            table(["Domain", "", "Tasks", "Pairs", "Yield"], rows, wide=1),
            class_="beside",
        ),
    )


def _top_values(values: Sequence[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    rest = sum(value for _, value, series in values if series == COLOURS)
    return [row for row in values if row[2] < COLOURS] + ([("others", rest, COLOURS)] if rest else [])


def _reasons(collected: Collected) -> Html:
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
            rows.append([joined(element("b", reason), element("small", stage)), bar(most, Bar(value, role)), number(value), share(value, total)])
        if rest := sum(list(counts.values())[_MOST_REASONS:]):
            rows.append([f"{len(counts) - _MOST_REASONS} other reasons", bar(most, Bar(rest, role)), number(rest), share(rest, total)])
        content = table(["Reason", "", "Rows", "Share"], rows, wide=1) if rows else element("p", "None.", class_="note")
        parts.append(_card(title, f"{note} {total:,} in all.", content))
    return joined(_lead("Every document and task that gave no pair is in one of the two lists."), _grid(parts, "halves"))


# --- The pairs -----------------------------------------------------------------------------------


def map_points(collected: Collected) -> list[tuple[float, float]]:
    """Where each accepted row of the sample lies on the map, in their order; [] without a map."""
    return place_questions([row["title"] for row in _accepted_rows(collected)])


def map_rows(collected: Collected) -> list[int]:
    """The numbers of the rows that the dots of the map stand for, in their order."""
    return [at for at, row in enumerate(collected.rows) if row["kind"] == ACCEPTED]


def _accepted_rows(collected: Collected) -> list[dict[str, Any]]:
    return [row for row in collected.rows if row["kind"] == ACCEPTED]


def _map(collected: Collected) -> Html:
    rows, series = _accepted_rows(collected), domain_series(collected)
    if not rows:
        return Html("")
    points = map_points(collected)
    if not points:
        return element("p", f"A map needs {LEAST} questions that share words; there are {len(rows)} questions.", class_="note")
    colours = [series.get(row.get("domain", ""), COLOURS) for row in rows]
    names = {colour: "others" if colour == COLOURS else name for name, colour in series.items() if colour in set(colours)}
    of_all = "All" if len(rows) == collected.figures.accepted else f"{len(rows):,} of {collected.figures.accepted:,}"
    return joined(
        _lead(
            f"{of_all} accepted questions, each a dot in the colour of its domain. Questions with words in common lie close together; "
            "the axes and long distances mean nothing. A tight knot of dots is a theme that is asked again and again, "
            "a dot among those of another colour is often a wrong domain."
        ),
        element("p", [element("span", names[colour], class_=f"key s{colour}") for colour in sorted(names)], class_="legend"),
        element(
            "figure",
            charts.scatter("map", "Map of questions, coloured by domain", points, colours),
            element("figcaption", "Rest on a dot to read its question, press it to see the row.", id="mapped", aria_live="polite"),
            class_="map",
        ),
    )


def _pairs(collected: Collected) -> Html:
    figures, summary = collected.figures, collected.summary
    if not figures.accepted:
        return Html("")
    parts = [
        _card("Answer types", "What kind of answer the questions want.", _counted(summary["answer_types"] or figures.answer_types, "s0")),
        _card("Question words", "How the questions ask.", _counted(_most(figures.asks, 8), "s1", ordered=True)),
    ]
    sources = {name or "(none)": value for name, value in figures.sources.items()}
    if len(sources) > 1:
        parts.append(_card("Sources", "Where the documents of the pairs come from.", _counted(_most(sources, 8), "s2", ordered=True)))
    if figures.measured:
        tenths = {f"{at * 10} to {at * 10 + 10}%": figures.pass_rates[at] for at in range(10)}
        note = f"Share of closed-book answers that were right, of {figures.measured:,} measured pairs."
        parts.append(_card("Pass rate", note, _counted(tenths, "s3", ordered=True)))
    return _grid(parts)


def _most(counts: Mapping[str, int], most: int) -> dict[str, int]:
    """The commonest, and the others together."""
    ordered = sorted(counts.items(), key=lambda item: (item[0] == OTHERS, -item[1], item[0]))
    if len(ordered) <= most + 1:
        return dict(ordered)
    return dict(ordered[:most]) | {f"{len(ordered) - most} others": sum(value for _, value in ordered[most:])}


def _counted(counts: Mapping[str, int], role: str, ordered: bool = False) -> Html:
    total, most = sum(counts.values()), max(counts.values(), default=0)
    items = list(counts.items()) if ordered else sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = [[name, bar(most, Bar(value, role)), number(value), share(value, total)] for name, value in items]
    return table(["", "", "Pairs", "Share"], rows, wide=1)


def _lengths(collected: Collected) -> Html:
    figures, looked = collected.figures, collected.looked
    parts = []
    scope = "the whole input" if looked.whole else f"the first {looked.documents:,} documents of the input"
    for name, title, note, lengths, series in (
        ("questions", "Questions", "Accepted pairs.", figures.question_words, 0),
        ("answers", "Answers", "Accepted pairs; short answers are what a reward can check.", figures.answer_words, 1),
        ("texts", "Documents", f"Before screening, {scope}.", looked.lengths, 2),
    ):
        if lengths.number:
            chart = charts.histogram(name, f"{title}: how many have how many words", lengths.counts, "words", series)
            parts.append(_card(title, note, joined(chart, _spread(lengths))))
        elif name == "texts":
            parts.append(_card(title, "", element("p", f"Not measured: {looked.problem or 'the input holds no documents'}.", class_="note")))
    return joined(_lead("Length in words along the bottom, how many have it upwards. Where the range is wide, steps grow by two fifths."), _grid(parts))


def _spread(lengths: Lengths) -> Html:
    values = (
        ("median", number(lengths.quantile(0.5))),
        ("mean", f"{lengths.mean:,.1f}"),
        ("95%", number(lengths.quantile(0.95))),
        ("longest", number(lengths.most)),
    )
    return element("dl", *(element("div", element("dt", name), element("dd", value)) for name, value in values), class_="spread")


def _repetition(collected: Collected) -> Html:
    summary, reasons = collected.summary, collected.summary["reasons"]
    stages = summary["stages"]
    rows = []
    for what, stage, names in (
        ("documents: exact copies", "screen", ("read/exact_duplicate", "screen/exact_duplicate")),
        ("documents: near duplicates", "screen", ("screen/near_duplicate",)),
        ("questions: the same", "deduplicate", ("deduplicate/duplicate_question",)),
        ("questions: in other words", "deduplicate", ("deduplicate/near_duplicate_question",)),
        ("questions: of a benchmark", "decontaminate", tuple(name for name in reasons if name.startswith("decontaminate/"))),
    ):
        if stage in stages:
            came, found = sum(stages[stage].values()), sum(reasons.get(name, 0) for name in names)
            rows.append([what, bar(1, Bar(found / max(1, came), "rejected")), number(found), number(came), f"{found / max(1, came):.1%}"])
    diversity = summary.get("diversity")
    parts = [_card("Taken out", "Of all rows that reached the stage that looks for them.", table(["", "", "Found", "Of", "Rate"], rows, wide=1))] if rows else []
    if diversity and diversity.get("pairs"):
        domains, personas = diversity["domains"], diversity["personas"]
        facts = [
            ["different words, of all in the questions", f"{diversity['distinct_1']:.2f}"],
            ["different pairs of words, of all (distinct-2)", f"{diversity['distinct_2']:.2f}"],
            ["domains, and how even (1 is even)", f"{domains['distinct']:,} · {domains['entropy_normalised']:.2f}"],
            ["personas, and how even", f"{personas['distinct']:,} · {personas['entropy_normalised']:.2f}"],
            ["commonest persona's share", f"{personas['most_common_share']:.1%}"],
        ]
        parts.append(_card("Left: how varied it is", "Distinct shares fall as a run grows: compare runs of one size.", table(["", "Value"], facts)))
    return _grid(parts, "halves") if parts else Html("")


# --- What it took --------------------------------------------------------------------------------


def _cost(collected: Collected) -> Html:
    summary, usage = collected.summary, collected.summary.get("tokens", {})
    if not usage.get("total"):
        return element("p", "Not known: this run's engine or stream counts no tokens.", class_="note")
    options = collected.options
    prices = Prices(**{name: value for name, option in _PRICES.items() if isinstance(value := options.get(option), (int, float))})
    stages = [(stage, row) for stage, row in by_flow({**usage}) if stage not in ("total", "earlier") and row.get("calls") is not None]
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
    headings = ["Stage", "", "Calls", *(["Replayed"] if replayed else []), "Prompt", "Cached", "Reply", *(["Cost"] if priced else [])]
    legend = [element("span", name, class_=f"key {role}") for name, role in (("cached prompt", "s5"), ("fresh prompt", "s0"), ("reply", "s1"))]
    cost, notes = summary.get("cost"), []
    if cost:
        notes.append(f"In all {cost['total']:,.4f}, {cost['per_pair']:.6f} for each pair, GPU hours included where they have a price.")
    else:
        notes.append("No prices were given (--price_in, --price_out, --price_gpu_hour), so there is no cost.")
    if earlier := usage.get("earlier"):
        notes.append(f"Before this start the journal held {earlier.get('calls', 0):,} replies; they are in the cost and not in the table.")
    return joined(
        _lead("What the endpoint counted, by stage. Cached prompt tokens came from its prefix cache; replayed calls from the journal, unpaid."),
        element("p", legend, class_="legend"),
        table(headings, rows, wide=1, last_is_total=True),
        element("p", " ".join(notes), class_="note"),
    )


_PRICES = {
    "prompt": "price_in",
    "cached": "price_cached",
    "completion": "price_out",
}


def _course(collected: Collected) -> Html:
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
        _card(
            "In flight",
            f"Requests on the wire; {peak:,} at most. A plateau is a busy endpoint, a gap one that had nothing to do.",
            charts.lines("in-flight", "Requests in flight over time", at, [(course["in_flight"], 0)], "requests", area=True),
        ),
        _card(
            "Latency",
            "One answered try on the wire: median, and the slowest twentieth.",
            joined(
                _keys(("median", "s0"), ("95%", "s1")),
                charts.lines("latency", "Latency over time", at, [(course["latency_median_s"], 0), (course["latency_p95_s"], 1)], "seconds"),
            ),
        ),
        _card(
            "Tokens",
            "Prompt and reply tokens a second, those from the prefix cache included.",
            charts.lines("throughput", "Tokens a second over time", at, [(tokens, 4)], "tokens/s", area=True),
        ),
    ]
    if any(course["waiting"]) or any(course["held_back"]):
        rows = [(course["waiting"], 0), (course["held_back"], 3)]
        parts.append(
            _card(
                "Waiting",
                "Calls in line for a slot, and calls that the endpoint told to come later or that wait for one that failed.",
                joined(_keys(("in line", "s0"), ("held back", "s3")), charts.lines("waiting", "Calls that wait", at, rows, "calls")),
            )
        )
    else:
        note = "Answered calls a second. No call waited in line or was held back."
        parts.append(_card("Replies", note, charts.lines("replies", "Replies a second over time", at, [(rates, 2)], "replies/s", area=True)))
    resumed = " Of a resumed run: since its last start." if "earlier" in collected.summary.get("tokens", {}) else ""
    return joined(_lead(f"Sampled while the run went on, {len(at):,} points.{resumed}"), _grid(parts, "halves"))


def _keys(*names: tuple[str, str]) -> Html:
    return element("p", [element("span", name, class_=f"key {role}") for name, role in names], class_="legend")


def _calls(collected: Collected) -> Html:
    usage = collected.summary.get("tokens", {})
    stages = [(stage, row) for stage, row in by_flow({**usage}) if isinstance(row.get("latency_s"), dict) and row.get("calls")]
    if not stages:
        return Html("")
    most = max(row["latency_s"]["mean"] for _, row in stages)
    rows, faults = [], []
    for stage, row in stages:
        latency, first, queued = row["latency_s"], row["first_try_s"], row["queued_s"]
        rows.append(
            [
                element("b", stage),
                bar(most, Bar(latency["mean"], "s0")),
                *(f"{value:,.2f}" for value in (latency["mean"], latency["max"], first["mean"], first["max"], queued["mean"])),
            ]
        )
        retries = row["attempts"] - row["calls"]
        named = ", ".join(f"{name} {value:,}" for name, value in sorted(row["faults"].items(), key=lambda item: -item[1]))
        faults.append(
            [element("b", stage), number(row["calls"]), number(max(0, retries)), share(max(0, retries), row["calls"]), number(row["throttled_s"]), named or "none"]
        )
    return joined(
        _lead("Seconds from asking to answer (all tries and waits), of the first try on the wire, and of the wait for a slot."),
        table(["Stage", "", "Mean", "Longest", "First try", "Longest", "In line"], rows, wide=1),
        element("h3", "Retries", class_="next"),
        _lead("Tries beyond the first, and why: a busy or failing endpoint, a reply that was malformed or cut. Throttled is time lost to it, in seconds."),
        table(["Stage", "Calls", "Retries", "Rate", "Throttled", "Causes"], faults, texts=(5,)),
    )


def _windows(collected: Collected) -> Html:
    windows = collected.windows
    if not windows:
        return Html("")
    accepted = [row["documents"]["accepted"] for row in windows]
    rejected = [row["documents"]["rejected"] for row in windows]
    dead = [row["documents"]["dead_lettered"] for row in windows]
    pairs = [row["pairs"] for row in windows]
    rows = [
        [str(row["window"].get("start", "")), number(row["documents"]["read"]), number(row["pairs"]), number(row["documents"]["rejected"]),
         number(row["documents"]["dead_lettered"]), "yes" if row["balanced"] else "NO"]
        for row in windows[-_SHOWN_WINDOWS:]
    ]  # fmt: skip
    stacks = [(accepted, 2), (rejected, 1), (dead, 3)]
    last = f"The last {len(rows)} of {len(windows):,} windows." if len(rows) < len(windows) else "Every window."
    return joined(
        _lead(f"{len(windows):,} windows of the stream, in order of their time, from {windows[0]['window'].get('start')}."),
        _grid(
            [
                _card(
                    "Documents",
                    "What became of the documents of each window.",
                    joined(
                        _keys(("accepted", "s2"), ("rejected", "s1"), ("dead", "s3")),
                        charts.stacked("windows", "Documents of each window", stacks, "window"),
                    ),
                ),
                _card("Pairs", "Accepted pairs of each window.", charts.stacked("window-pairs", "Pairs of each window", [(pairs, 0)], "window")),
            ]
        ),
        element("details", element("summary", last), table(["Start", "Documents", "Pairs", "Rejected", "Dead", "Counts close"], rows)),
    )


_SHOWN_WINDOWS = 100


# --- Where it comes from -------------------------------------------------------------------------


def _prompts(collected: Collected) -> Html:
    figures = collected.figures
    calls = [
        [element("b", stage), model, str(version), element("code", digest), number(value)]
        for (stage, model, version, digest), value in sorted(figures.prompts.items(), key=lambda item: (_rank(item[0][0]), item[0]))
    ]
    names = sorted({check for check, _ in figures.checks})
    verdicts = []
    for check in names:
        passed, failed = figures.checks[(check, True)], figures.checks[(check, False)]
        marks = bar(1, Bar(passed / (passed + failed), "accepted"), Bar(failed / (passed + failed), "rejected"))
        verdicts.append([element("b", check), marks, number(passed), number(failed)])
    parts = []
    if calls:
        note = "Behind the accepted pairs; the digest is the beginning of the prompt's SHA-256."
        parts.append(_card("Models and prompts", note, table(["Stage", "Model", "Version", "Digest", "Pairs"], calls, texts=(1, 3))))
    if verdicts:
        note = "Each check of the verifiers, on accepted pairs and on rejected ones whose row holds verdicts."
        parts.append(_card("Verdicts", note, table(["Check", "", "Passed", "Failed"], verdicts, wide=1)))
    return _grid(parts, "halves") if parts else Html("")


def _rank(stage: str) -> int:
    return list(STAGES).index(stage) if stage in STAGES else len(STAGES)


def texts_note(collected: Collected) -> str:
    """Where the texts of the rows come from, and why some are missing."""
    looked = collected.looked
    if looked.problem:
        return f"Texts of documents are shown where a row holds them; the input could not be read again: {looked.problem}."
    bound = "" if looked.whole else f" (its first {looked.documents:,} documents; {MOST_DOCUMENTS:,} at most are looked through)"
    return f"Open a row to see its verdicts and its document, with the quote marked. Texts are read from the run's input{bound}; long ones are cut."


def _lead(words: str) -> Html:
    return element("p", words, class_="lead")


def _card(title: str, note: str, content: Html) -> Html:
    return element("div", element("h3", title), element("p", note, class_="note") if note else None, content, class_="card")


def _grid(parts: Iterable[Html], name: str = "thirds") -> Html:
    return element("div", *parts, class_=f"grid {name}")
