"""What the model calls cost, read from a finished job's metrics."""

from typing import Any

from apache_beam.metrics.metric import MetricsFilter

from prompts import STAGES

FIGURES = ("calls", "replayed", "attempts", "prompt_tokens", "cached_tokens", "completion_tokens")


def usage_of(result: Any) -> dict[str, Any]:
    """Calls, tokens and mean latency by stage, and their sum under "total".

    Runners that report no metrics give zeros.
    """
    counters: dict[tuple[str, str], int] = {}
    for row in result.metrics().query(MetricsFilter())["counters"]:
        name = (row.key.metric.namespace, row.key.metric.name)
        if name[0] in STAGES:
            counters[name] = counters.get(name, 0) + (row.committed or row.attempted or 0)
    usage = {stage: _stage_usage(stage, counters) for stage in STAGES}
    usage["total"] = {figure: sum(usage[stage][figure] for stage in STAGES) for figure in FIGURES}
    return usage


def _stage_usage(stage: str, counters: dict[tuple[str, str], int]) -> dict[str, Any]:
    usage: dict[str, Any] = {figure: counters.get((stage, figure), 0) for figure in FIGURES}
    calls = usage["calls"] or 1
    usage["mean_latency_s"] = round(counters.get((stage, "latency_ms"), 0) / 1000 / calls, 3)
    usage["mean_queued_s"] = round(counters.get((stage, "queued_ms"), 0) / 1000 / calls, 3)
    usage["faults"] = {
        name.removeprefix("fault/"): number
        for (namespace, name), number in sorted(counters.items())
        if namespace == stage and name.startswith("fault/")
    }
    return usage
