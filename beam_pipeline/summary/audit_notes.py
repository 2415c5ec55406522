"""The part of a summary that an audit adds, in words that its table, its report and the card of the data set share."""

from collections.abc import Iterator, Mapping
from typing import Any

# Whether a response of the stored answer is paid by the reward.
PAID, NEVER, NO_KEY = "paid", "never", "no key"
_MOST_FILES = 5


def audit_notes(summary: Mapping[str, Any]) -> Iterator[str]:
    """What an audit did not look at, and why; names of files and reasons as they are."""
    audit = summary["audit"]
    if without := audit.get("without_answers"):
        some = "these files have" if len(without) > 1 else "this file has"
        files = ", ".join(map(str, without[:_MOST_FILES])) + (", ..." if len(without) > _MOST_FILES else "")
        yield f"{some} no stored answers, so keys, leaks and rewards were not looked at: {files}"
    if not audit.get("benchmarks"):
        yield "no benchmark was named (--benchmarks), so the rows were not compared with any"
    if "pass_rate" not in (asked := summary.get("tokens", {})):
        who, options = ("solver", "--pass_rate_samples") if asked else ("model", "--endpoint, --pass_rate_samples")
        yield f"no {who} was asked ({options}), so nobody knows how often they are answered right"
    if ignored := audit.get("ignored"):
        yield f"not taken for findings: {', '.join(map(str, ignored))}"
