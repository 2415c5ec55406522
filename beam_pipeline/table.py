"""The summary as a person reads it: a short table and one line of verdict."""

from collections.abc import Mapping
from typing import Any

from beam_pipeline.summary import UNBALANCED

TOP_REASONS = 5


def summary_table(summary: Mapping[str, Any], output: str) -> str:
    """Where documents and tasks ended, yield by stage and by domain, commonest reasons, tokens."""
    documents, tasks = summary["documents"], summary["tasks"]
    lines = [
        f"{'':12}{'in':>10}{'accepted':>10}{'rejected':>10}{'dead':>10}",
        _ledger_line("documents", documents, documents["read"]),
        _ledger_line("tasks", tasks, tasks["read"]),
        "",
        f"{'stage':12}{'passed':>10}{'rejected':>10}{'dead':>10}   {'calls':>8}{'tokens in':>12}{'cached':>12}{'out':>10}",
    ]
    usage = summary.get("tokens", {})
    for stage, row in _by_flow(summary["stages"]):
        line = f"{stage:12}{row.get('passed', 0):>10,}{row.get('rejected', 0):>10,}{row.get('dead_lettered', 0):>10,}"
        cost = usage.get(stage)
        if cost:
            line += (
                f"   {cost['calls']:>8,}{cost['prompt_tokens']:>12,}{cost['cached_tokens']:>12,}{cost['completion_tokens']:>10,}"
            )
        lines.append(line)
    lines += ["", f"{'domain':28}{'pairs':>8}{'yield':>8}"]
    domains = sorted(summary["domains"].items(), key=lambda item: -item[1].get("accepted", 0))
    lines += [f"{name[:27]:28}{row.get('accepted', 0):>8,}{row['yield']:>8.0%}" for name, row in domains]
    if summary["reasons"]:
        lines += ["", "most rejected: " + _top(summary["reasons"])]
    if summary["errors"]:
        lines += ["dead letters:  " + _top(summary["errors"])]
    seconds = f" in {summary['seconds']:.1f} s" if "seconds" in summary else ""
    cost = f", {summary['cost']['total']:,.2f} in all, {summary['cost']['per_pair']:.4f} a pair" if "cost" in summary else ""
    lines += ["", f"{summary['pairs']:,} pairs{seconds}{cost}, in {output.rstrip('/')}/qa/"]
    return "\n".join(lines)


def _by_flow(stages: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Stages in the order in which documents meet them; JSON keeps no order that means anything."""
    flow = ("read", "screen", "filter", "classify", "synthesize", "check", "verify", "deduplicate")
    rank = {stage: number for number, stage in enumerate(flow)}
    return sorted(stages.items(), key=lambda item: rank.get(item[0], len(rank)))


def _ledger_line(name: str, row: Mapping[str, int], total: int) -> str:
    return f"{name:12}{total:>10,}{row['accepted']:>10,}{row['rejected']:>10,}{row['dead_lettered']:>10,}"


def _top(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({number:,})" for name, number in list(counts.items())[:TOP_REASONS])


def verdict_line(summary: Mapping[str, Any]) -> str:
    """One line: whether the counts close, and if nothing was accepted, why."""
    if not summary["balanced"]:
        return "THE COUNTS DO NOT CLOSE: " + ", ".join(
            f"{row[ending]:,} {part} {ending}"
            for part, row in (("documents", summary["documents"]), ("tasks", summary["tasks"]))
            for ending in UNBALANCED
            if row[ending]
        )
    if not summary["pairs"]:
        causes = dict(sorted({**summary["reasons"], **summary["errors"]}.items(), key=lambda item: -item[1]))
        return f"nothing was accepted: {_top(causes) if causes else 'the input holds no documents'}"
    return "counts close: every document and task ended in exactly one place"
