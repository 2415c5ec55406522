"""The summary as a person reads it: a short table and one line of verdict."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from beam_pipeline.summary.all_starts import ALL_STARTS, starts_line
from beam_pipeline.summary.doubt_notes import doubt_lines
from beam_pipeline.summary.ledger import UNBALANCED
from transforms.stages import BEFORE_MODELS, STAGES

TOP_REASONS = 5
DEMO_LINE = "DEMO: rules answered in place of a model; the pairs show the pipeline and are no training data"


def summary_table(summary: Mapping[str, Any], output: str) -> str:
    """Where documents and tasks ended, yield by stage and by domain, commonest reasons, tokens."""
    width = max([15, *map(len, summary["stages"])])  # a stage of somebody's own may have any name
    lines = [
        *([DEMO_LINE] if summary.get("demo") else []),
        f"{'':15}{'in':>10}{'accepted':>10}{'rejected':>10}{'dead':>10}",
        *(
            f"{part:15}" + _cells(summary[part], "read", "accepted", "rejected", "dead_lettered")
            for part in ("documents", "tasks")
        ),
        *_input_lines(summary.get("inputs", {})),
        "",
        f"{'stage':{width}}{'passed':>10}{'rejected':>10}{'dead':>10}   {'calls':>8}{'tokens in':>12}{'cached':>12}{'out':>10}",
    ]
    usage = summary.get("tokens", {})
    for stage, row in by_flow(summary["stages"]):
        line = f"{stage:{width}}{_cells(row, 'passed', 'rejected', 'dead_lettered')}"
        if cost := usage.get(stage):
            tokens = f"{cost['prompt_tokens']:>12,}{cost['cached_tokens']:>12,}{cost['completion_tokens']:>10,}"
            line += f"   {cost['calls']:>8,}{tokens}"
        lines.append(line)
    if summary.get("repairs", {}).get("asked"):
        lines += ["", repairs_line(summary["repairs"])]
    lines += ["", f"{'domain':28}{'pairs':>8}{'yield':>8}"]
    domains = sorted(summary["domains"].items(), key=lambda item: -item[1].get("accepted", 0))
    lines += [f"{name[:27]:28}{row.get('accepted', 0):>8,}{row['yield']:>8.0%}" for name, row in domains]
    if summary["reasons"]:
        lines += ["", "most rejected: " + _top(summary["reasons"])]
    if summary["errors"]:
        lines += ["dead letters:  " + _top(summary["errors"])]
    if summary["pairs"] and "diversity" in summary:
        lines += ["", _diversity_line(summary["diversity"])]
    if doubt := summary.get("key_doubt"):
        lines += ["", *doubt_lines(doubt)]
    seconds = f" in {summary['seconds']:.1f} s" if "seconds" in summary else ""
    cost = f", {summary['cost']['total']:,.2f} in all, {summary['cost']['per_pair']:.4f} a pair" if "cost" in summary else ""
    lines += ["", f"{summary['pairs']:,} pairs{seconds}{cost}, in {output.rstrip('/')}/qa/"]
    if sums := summary.get(ALL_STARTS):
        lines += [starts_line(sums)]
    if again := summary.get("replay"):
        lines += [replay_line(again["dead_letters"], output)]
    return "\n".join(lines)


def replay_row(errors: Mapping[str, int], output: str) -> dict[str, Any]:
    """The part of a summary that says what a replay asks about, and its command; nothing where it would ask nothing."""
    number = asked_again(errors)
    return {"replay": {"dead_letters": number, "command": replay_command(output)}} if number else {}


def asked_again(errors: Mapping[str, int]) -> int:
    """How many dead letters a replay asks about: calls without an answer, unless the prompt did not fit.

    The others, such as rows that cannot be read, end as they did.
    """
    named = ((name.partition("/"), number) for name, number in errors.items())
    return sum(
        number
        for (stage, _, error), number in named
        if stage in STAGES and stage not in BEFORE_MODELS and error != "ContextOverflow"
    )


def replay_line(number: int, output: str) -> str:
    """How many dead letters can be asked about again, and with which command."""
    return f"{number:,} of the dead letters may still be answered: {replay_command(output)}"


def replay_command(output: str) -> str:
    """What runs the dead letters of a run again."""
    return f"webscale-qa replay {shlex.quote(output.rstrip('/') or '/')}"


def repairs_line(repairs: Mapping[str, int]) -> str:
    """What came of the drafts that were written anew, in a line."""
    return f"repair: {repairs['asked']:,} asked again, {repairs['mended']:,} mended, {repairs['still_bad']:,} still bad"


def _diversity_line(figures: Mapping[str, Any]) -> str:
    """How varied the accepted pairs are, in a line."""
    domains, personas = figures["domains"], figures["personas"]
    asked = sorted(figures["question_words"]["counts"].items(), key=lambda item: -item[1])[:3]
    words = ", ".join(f"{word} {number / figures['pairs']:.0%}" for word, number in asked)
    return (
        f"diversity: distinct-2 {figures['distinct_2']:.2f}, {domains['distinct']} domains "
        f"({domains['entropy_normalised']:.2f} of even), {personas['distinct']:,} personas, questions by {words}"
    )


def _input_lines(inputs: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """What was met in each input, and what of it was left out."""
    if inputs:
        yield ""
        yield f"{'input':28}{'read':>10}{'left out':>10}{'dead':>8}{'no text':>9}{'pairs':>8}"
    for label, row in inputs.items():
        left_out, dead, no_text = (row.get(name, 0) for name in ("not_sampled", "dead_lettered", "not_text"))
        pairs = f"{row['pairs']:>8,}" if "pairs" in row else ""
        yield f"{label[:27]:28}{row.get('read', 0):>10,}{left_out:>10,}{dead:>8,}{no_text:>9,}{pairs}"


def not_asked_about(documents: Mapping[str, int]) -> list[str]:
    """What a run left out or did not come to, in words: documents that are read, and neither accepted, rejected nor dead."""
    words = {
        "not_sampled": "left out by the weights and caps of the inputs",
        "not_started": "not started when a limit stopped the run",
        "unfinished": "left unfinished when the run stopped",
    }
    return [f"{documents[name]:,} {what}" for name, what in words.items() if documents.get(name)]


def by_flow(stages: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Stages in the order in which documents meet them; one of somebody's own stays behind the one that it stands behind."""
    rank = {stage: float(number) for number, stage in enumerate(STAGES)}
    rates = stages.get("pass_rate", {})
    # A band and the doubt of keys come before the mix.
    if "key_doubt" in stages or sum(stages.get("mix", {}).values()) == rates.get("passed"):
        rank["mix"] = rank["key_doubt"] + 0.5
    last = -1.0
    for stage in stages:
        last = rank.get(stage, last)
        rank.setdefault(stage, last)
    return sorted(stages.items(), key=lambda item: rank[item[0]])


def _cells(row: Mapping[str, int], *names: str) -> str:
    return "".join(f"{row.get(name, 0):>10,}" for name in names)


def _top(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({number:,})" for name, number in list(counts.items())[:TOP_REASONS])


def verdict_line(summary: Mapping[str, Any]) -> str:
    """One line: whether the counts close, and if nothing was accepted, why."""
    if not summary["balanced"]:
        off = [
            f"{row[ending]:,} {part} {ending}"
            for part, row in (("documents", summary["documents"]), ("tasks", summary["tasks"]))
            for ending in UNBALANCED
            if row[ending]
        ]
        off += [
            f"{row['rows']:,} rows in {table} instead of {row['expected']:,}"
            for table, row in summary.get("tables", {}).items()
            if row["rows"] != row["expected"]
        ]
        return f"THE COUNTS DO NOT CLOSE: {', '.join(off)}"
    if not summary["pairs"] and not summary.get("stopped"):
        causes = dict(sorted({**summary["reasons"], **summary["errors"]}.items(), key=lambda item: -item[1]))
        return f"nothing was accepted: {_top(causes) if causes else 'the input holds no documents'}"
    return "counts close: every document and task ended in exactly one place"
