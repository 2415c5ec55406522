"""The figures of two runs side by side: what they read, what came of it, at what cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from beam_pipeline.summary.all_starts import ALL_STARTS
from beam_pipeline.summary.as_table import by_flow

Summary = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of both runs; None where a run does not tell it. `digits` are those behind the point."""

    name: str
    first: float | None
    second: float | None
    digits: int = 0

    def texts(self) -> tuple[str, str, str]:
        """Both, and the difference, for a reader."""
        both = tuple("-" if value is None else f"{value:,.{self.digits}f}" for value in (self.first, self.second))
        if self.first is None or self.second is None:
            return (*both, "")  # type: ignore[return-value]
        by = self.second - self.first
        share = f" ({by / self.first:+.0%})" if self.first and by and not self.name.endswith("%") else ""
        return (*both, f"{by:+,.{self.digits}f}{share}" if round(by, self.digits) else "=")  # type: ignore[return-value]


def figures(first: Summary, second: Summary) -> list[Figure]:
    """The numbers of two summaries."""

    def row(name: str, get: Callable[[Summary], Any], digits: int = 0) -> Figure:
        return Figure(name, _number(get, first), _number(get, second), digits)

    stages = dict.fromkeys(stage for summary in (first, second) for stage, _ in by_flow(_part(summary, "stages")))
    rows = [
        row("documents read", lambda s: s["documents"]["read"]),
        row("documents accepted", lambda s: s["documents"]["accepted"]),
        row("pairs", lambda s: s["pairs"]),
        row("pairs a document", lambda s: s["pairs"] / s["documents"]["read"], 3),
        row("dead letters", lambda s: sum(stage.get("dead_lettered", 0) for stage in s["stages"].values())),
        row("model calls", lambda s: _all(s)["calls"]),
        row("replies from the journal", lambda s: s["tokens"]["total"]["replayed"]),
        row("prompt tokens", lambda s: _all(s)["prompt_tokens"]),
        row("cached tokens", lambda s: _all(s)["cached_tokens"]),
        row("completion tokens", lambda s: _all(s)["completion_tokens"]),
        row("cost", lambda s: s["cost"]["total"], 2),
        row("cost a pair", lambda s: s["cost"]["per_pair"], 5),
        row("seconds", lambda s: (s.get(ALL_STARTS) or s)["seconds"], 1),
        *(row(f"passed {stage}, %", _pass_rate(stage), 1) for stage in stages),
    ]
    return [row for row in rows if row.first is not None or row.second is not None]


def _all(summary: Summary) -> Mapping[str, Any]:
    """Calls and tokens over all starts of a run that went on."""
    sums: Mapping[str, Any] = summary.get(ALL_STARTS) or summary["tokens"]["total"]
    return sums


def _pass_rate(stage: str) -> Callable[[Summary], Any]:
    def get(summary: Summary) -> float:
        ended = summary["stages"][stage]
        return float(100 * ended["passed"] / sum(ended.values()))

    return get


def _number(get: Callable[[Summary], Any], summary: Summary) -> float | None:
    """A number of a summary; None where it is not there, or is none: older versions wrote less."""
    try:
        value = get(summary)
    except (KeyError, TypeError, ZeroDivisionError):
        return None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _part(summary: Summary, name: str) -> Mapping[str, Any]:
    part = summary.get(name)
    return part if isinstance(part, Mapping) else {}
