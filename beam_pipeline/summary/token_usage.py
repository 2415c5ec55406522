"""What the model calls cost, read from a finished job's metrics: tokens, times, faults, money."""

from collections import Counter
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

    def of_stage(stage: str, model: str) -> dict[str, Any]:
        usage: dict[str, Any] = {"model": model, **{figure: counters[stage, figure] for figure in FIGURES}}
        for latency in LATENCIES:
            total, count, most = spans.get((stage, f"{latency}_ms"), (0, 0, 0))
            usage[f"{latency}_s"] = {"mean": round(total / 1000 / max(1, count), 3), "max": most / 1000}
        usage["throttled_s"] = counters[stage, "cumulativeThrottlingSeconds"]
        usage["faults"] = {
            name.removeprefix("fault/"): number
            for (namespace, name), number in sorted(counters.items())
            if namespace == stage and name.startswith("fault/")
        }
        return usage

    metrics = result.metrics().query(MetricsFilter())
    counters: Counter[tuple[str, str]] = Counter()
    for row in metrics["counters"]:
        counters[row.key.metric.namespace, row.key.metric.name] += row.committed or row.attempted or 0
    spans: dict[tuple[str, str], tuple[int, int, int]] = {}
    for row in metrics["distributions"]:
        name, found = (row.key.metric.namespace, row.key.metric.name), row.committed or row.attempted
        if found and found.count:
            total, count, most = spans.get(name, (0, 0, 0))
            spans[name] = (total + found.sum, count + found.count, max(most, found.max))
    stages = [stage for stage in MODEL_STAGES if stage in models]
    # A stage may have several models that verify for it: "verify", "verify/2", ...
    names = {stage: ", ".join(name for key, name in models.items() if key.partition("/")[0] == stage) for stage in stages}
    usage = {stage: of_stage(stage, names[stage]) for stage in stages}
    if EMBED in models:
        usage[EMBED] = {**of_stage(EMBED, models[EMBED]), "texts": counters[EMBED, "texts"]}
    usage["total"] = {figure: sum(usage[stage][figure] for stage in stages) for figure in FIGURES}
    earlier = {figure: counters[EARLIER, figure] for figure in FIGURES if (EARLIER, figure) in counters}
    if earlier:  # what the journal held when a run was resumed: paid, and not in the total of this one
        usage["earlier"] = earlier
    return usage
