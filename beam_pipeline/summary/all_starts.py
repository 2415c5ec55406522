"""What a run has cost over all its starts: a summary's own tokens and seconds are those of the last one."""

from collections.abc import Mapping
from typing import Any

from transforms.records import TOKENS

ALL_STARTS = "all_starts"
_SUMMED = ("calls", *TOKENS)


def before_of(summary: Mapping[str, Any]) -> dict[str, float]:
    """The sums that the summary of the start before has, seconds among them; {} where there is none to read."""
    sums = summary.get(ALL_STARTS)
    if isinstance(sums, Mapping):
        return _numbers(sums)
    total = (summary.get("tokens") or {}).get("total")
    return {**_paid(total), **_numbers({"seconds": summary.get("seconds")})} if isinstance(total, Mapping) else {}


def add_starts(summary: Mapping[str, Any], before: Mapping[str, float]) -> dict[str, Any]:
    """The row that says so, for a summary of a start that goes on; {} for one that does not.

    `before` is of the start before, if that ended; of one that did not, the journal has the replies, and nobody the time.
    """
    usage = summary.get("tokens", {})
    earlier = _numbers(usage.get("earlier", {}))
    if not (earlier or before) or "total" not in usage:
        return {}
    paid = _paid(usage["total"])
    sums = {name: int(paid[name] + max(before.get(name, 0), earlier.get(name, 0))) for name in _SUMMED}
    return {ALL_STARTS: {**sums, "seconds": round(before.get("seconds", 0.0) + summary["seconds"], 1)}}


def starts_line(sums: Mapping[str, Any]) -> str:
    """The row, for a reader."""
    return (
        f"all starts of this run: {sums['calls']:,} calls paid, {sums['prompt_tokens']:,} prompt tokens, "
        f"{sums['cached_tokens']:,} of them cached, {sums['completion_tokens']:,} completion tokens, {sums['seconds']:,.1f} s"
    )


def _paid(total: Mapping[str, Any]) -> dict[str, float]:
    """Calls and tokens of one start; what the journal gave was paid before."""
    numbers = _numbers(total)
    return {name: numbers.get(name, 0) - (numbers.get("replayed", 0) if name == "calls" else 0) for name in _SUMMED}


def _numbers(row: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a row: whoever wrote a summary."""
    return {name: value for name, value in row.items() if isinstance(value, (int, float)) and not isinstance(value, bool)}
