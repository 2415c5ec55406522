"""The sections of the page in the order of reading, between what everybody asks first and how the page came about."""

import os
import time
from collections.abc import Mapping
from typing import Any

from beam_pipeline.report import effort_sections, outcome_sections, pair_sections
from beam_pipeline.report.collect import Collected
from beam_pipeline.report.elements import Html, element
from beam_pipeline.report.figures import DEAD
from beam_pipeline.report.layout import card, grid
from beam_pipeline.report.tables import bar, number, share, table
from beam_pipeline.summary.as_table import not_asked_about
from transforms.stages import STAGES


def all_sections(collected: Collected) -> list[tuple[str, str, Html]]:
    """Every section that this output has something for, in the order of reading: (id, title, content)."""
    sections = (
        ("funnel", "Funnel", outcome_sections.funnel),
        ("domains", "Yield by domain", outcome_sections.domains),
        ("reasons", "Why rows were left out", outcome_sections.reasons),
        ("map", "Map of questions", pair_sections.question_map),
        ("pairs", "What is asked", pair_sections.pairs),
        ("lengths", "Lengths", pair_sections.lengths),
        ("repetition", "Repetition", pair_sections.repetition),
        ("cost", "Tokens and cost", effort_sections.cost),
        ("course", "Course of the run", effort_sections.course),
        ("calls", "Latency and retries", effort_sections.calls),
        ("windows", "Windows", effort_sections.windows),
        ("prompts", "Models, prompts, verdicts", _prompts),
    )
    return [(name, title, content) for name, title, section in sections if (content := section(collected))]


def name_of(collected: Collected) -> str:
    """What the output is called: the last part of its folder's name."""
    folder = collected.folder if "://" in collected.folder else os.path.abspath(collected.folder)
    return folder.rstrip("/").rpartition("/")[2] or folder


def tiles(collected: Collected) -> list[Html]:
    """The numbers that everybody asks for first, each with a note."""
    summary = collected.summary
    documents, tasks = summary["documents"], summary["tasks"]
    asked_about = f"{share(documents['accepted'], documents['read'])} gave a pair"
    shown = [
        ("documents read", number(documents["read"]), ", ".join((asked_about, *not_asked_about(documents)))),
        ("pairs accepted", number(summary["pairs"]), f"{share(tasks['accepted'], tasks['read'])} of {tasks['read']:,} tasks"),
        ("dead letters", number(collected.figures.rows[DEAD]), "failures, which a replay asks again"),
    ]
    if total := summary.get("tokens", {}).get("total"):
        prompt = total["prompt_tokens"]
        cached = f"{share(total['cached_tokens'], prompt)} of the prompts from the cache"
        shown += [
            ("model calls", number(total["calls"]), f"{total['replayed']:,} more from the journal"),
            ("tokens", number(prompt + total["completion_tokens"], short=True), cached),
        ]
    if cost := summary.get("cost"):
        shown.append(("cost", f"{cost['total']:,.2f}", f"{cost['per_pair']:.4f} a pair"))
    if "seconds" in summary:
        shown.append(("duration", duration(summary["seconds"]), _began(summary)))
    return [element("div", element("dt", name), element("dd", value, element("small", note))) for name, value, note in shown]


def footer(collected: Collected) -> str:
    """How the page came about."""
    damaged = f" {collected.damaged:,} lines of the output are no rows and were left out." if collected.damaged else ""
    return (
        "Figures are of all rows and of the run's summary.json; the rows and the map are a sample where that says so. "
        f"The same output gives the same page: webscale-qa report writes it again.{damaged}"
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


def _prompts(collected: Collected) -> Html:
    """The calls behind the accepted pairs, and how each check of the verifiers went."""
    prompts, checks = collected.figures.prompts, collected.figures.checks
    calls = [
        [element("b", stage), model, str(version), element("code", digest), number(value)]
        for (stage, model, version, digest), value in sorted(prompts.items(), key=lambda item: (_rank(item[0][0]), item[0]))
    ]
    verdicts = []
    for check in sorted({check for check, _ in checks}):
        passed, failed = checks[(check, True)], checks[(check, False)]
        marks = bar(passed + failed, (passed, "accepted"), (failed, "rejected"))
        verdicts.append([element("b", check), marks, number(passed), number(failed)])
    parts = []
    if calls:
        note = "Behind the accepted pairs; the digest is the beginning of the prompt's SHA-256."
        headings = ["Stage", "Model", "Version", "Digest", "Pairs"]
        parts.append(card("Models and prompts", note, table(headings, calls, texts=(1, 3))))
    if verdicts:
        note = "Each check of the verifiers, on accepted pairs and on rejected ones whose row holds verdicts."
        parts.append(card("Verdicts", note, table(["Check", "", "Passed", "Failed"], verdicts)))
    return grid(parts, "halves")


def _rank(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def texts_note(collected: Collected) -> str:
    """Where the texts of the rows come from, and why some are missing."""
    looked = collected.looked
    if looked.problem:
        return f"Texts of documents are shown where a row holds them; the input could not be read again: {looked.problem}."
    bound = "" if looked.whole else f" (its first {looked.documents:,} documents, no more are looked through)"
    return (
        "Open a row to see its verdicts and its document, with the quote marked. "
        f"Texts are read from the run's input{bound}; long ones are cut."
    )
