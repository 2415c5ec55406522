"""A curriculum from pass rates: which pairs to train on first.

`curriculum.jsonl` has a line for each training pair whose pass rate was measured, in the order easy to hard: `id`, `pass_rate`,
`bucket` and `order`, from 0. Pairs of one pass rate stand in the order of a hash, so that neighbours are not of one document.
"""

import json
from collections import defaultdict
from collections.abc import Iterator

from transforms.text import stable_seed

CURRICULUM_FILE = "curriculum.jsonl"
STARTING_RATES_FILE = "starting_pass_rates.json"
# Buckets by their highest pass rate, inclusive. Those that every sample, or none, got right teach nothing at the start.
BUCKETS = (("never", 0.0), ("hard", 0.25), ("medium", 0.75), ("easy", 1.0))
ALWAYS = "always"


def bucket_of(rate: float) -> str:
    """The name of the bucket of a pass rate."""
    return ALWAYS if rate >= 1 else next(name for name, highest in BUCKETS if rate <= highest)


class Curriculum:
    """Collects the pass rates of pairs as they go by; some 100 bytes a pair are kept."""

    def __init__(self) -> None:
        self._ids: dict[float, list[str]] = defaultdict(list)
        self.unmeasured = 0  # pairs without a pass rate

    def add(self, pair_id: str, rate: float | None) -> None:
        """Take one pair."""
        if rate is None:
            self.unmeasured += 1
        else:
            self._ids[rate].append(pair_id)

    def __len__(self) -> int:
        return sum(map(len, self._ids.values()))

    def _easy_first(self) -> Iterator[tuple[str, float]]:
        for rate in sorted(self._ids, reverse=True):
            for pair_id in sorted(self._ids[rate], key=lambda each: stable_seed("curriculum", each)):
                yield pair_id, rate

    def lines(self) -> Iterator[bytes]:
        """The lines of `curriculum.jsonl`."""
        for order, (pair_id, rate) in enumerate(self._easy_first()):
            line = {"order": order, "id": pair_id, "pass_rate": rate, "bucket": bucket_of(rate)}
            yield json.dumps(line, ensure_ascii=False).encode() + b"\n"

    def starting_rates(self) -> Iterator[bytes]:
        """The text of `starting_pass_rates.json`: an object of pass rates by ids, a pair a line."""
        yield b"{"
        for number, (pair_id, rate) in enumerate(self._easy_first()):
            yield f"{',' if number else ''}\n{json.dumps(pair_id, ensure_ascii=False)}: {rate!r}".encode()
        yield b"\n}\n"
