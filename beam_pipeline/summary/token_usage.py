"""What the model calls cost, read from a finished job's metrics: tokens, times, faults, money."""

from collections.abc import Mapping
from typing import Any

from apache_beam.metrics.metric import MetricsFilter

from transforms.inference.embed import NAMESPACE
from transforms.inference.recall import EARLIER
from transforms.stages import MODEL_STAGES

# The row of the embedding model: another model, and another price, so it is not in the total.
EMBED = NAMESPACE

FIGURES = ("calls", "replayed", "attempts", "prompt_tokens", "cached_tokens", "completion_tokens")
LATENCIES = ("latency", "first_try", "queued")


def usage_of(result: Any, models: Mapping[str, str]) -> dict[str, Any]:
    """Model, calls, tokens, latencies and faults by stage, and the sum of the stages under "total".

    Runners that report no metrics give zeros.
    """
    metrics = result.metrics().query(MetricsFilter())
    counters: dict[tuple[str, str], int] = {}
    for row in metrics["counters"]:
        name = (row.key.metric.namespace, row.key.metric.name)
        counters[name] = counters.get(name, 0) + (row.committed or row.attempted or 0)
    spans: dict[tuple[str, str], tuple[int, int, int]] = {}
    for row in metrics["distributions"]:
        name, found = (row.key.metric.namespace, row.key.metric.name), row.committed or row.attempted
        if found and found.count:
            total, count, most = spans.get(name, (0, 0, 0))
            spans[name] = (total + found.sum, count + found.count, max(most, found.max))
    stages = [stage for stage in MODEL_STAGES if stage in models]
    usage = {stage: _stage_usage(stage, _names(stage, models), counters, spans) for stage in stages}
    if EMBED in models:
        usage[EMBED] = {**_stage_usage(EMBED, models[EMBED], counters, spans), "texts": counters.get((EMBED, "texts"), 0)}
    usage["total"] = {figure: sum(usage[stage][figure] for stage in stages) for figure in FIGURES}
    earlier = {figure: counters.get((EARLIER, figure), 0) for figure in FIGURES if (EARLIER, figure) in counters}
    if earlier:  # what the journal held when a run was resumed: paid, and not in the total of this one
        usage["earlier"] = earlier
    return usage


def _names(stage: str, models: Mapping[str, str]) -> str:
    """The model of a stage, or all that verify for it: "verify", "verify/2", ..."""
    return ", ".join(name for key, name in models.items() if key.partition("/")[0] == stage)


def _stage_usage(
    stage: str, model: str, counters: Mapping[tuple[str, str], int], spans: Mapping[tuple[str, str], tuple[int, int, int]]
) -> dict[str, Any]:
    usage: dict[str, Any] = {"model": model, **{figure: counters.get((stage, figure), 0) for figure in FIGURES}}
    for latency in LATENCIES:
        total, count, most = spans.get((stage, f"{latency}_ms"), (0, 0, 0))
        usage[f"{latency}_s"] = {"mean": round(total / 1000 / max(1, count), 3), "max": most / 1000}
    usage["throttled_s"] = counters.get((stage, "cumulativeThrottlingSeconds"), 0)
    usage["faults"] = {
        name.removeprefix("fault/"): number
        for (namespace, name), number in sorted(counters.items())
        if namespace == stage and name.startswith("fault/")
    }
    return usage
