"""The pairs of a run that rollouts answer: they give type, aliases and id where a trainer's log of rollouts has none."""

from dataclasses import replace
from typing import NamedTuple

from beam_pipeline.output.read_back import pair_files, read_pairs
from beam_pipeline.reverify.rollouts import Rollout
from transforms.text import normalise, stable_hash


class Known(NamedTuple):
    """What a pair says beside its question and answer."""

    pair_id: str
    answer_type: str
    aliases: tuple[str, ...]


class Pairs:
    """The pairs of a run, found by question and answer."""

    def __init__(self, place: str) -> None:
        """Read them all; raises ReadBackError if they cannot be read."""
        self._known: dict[str, Known] = {}
        for path in pair_files(place):
            for _, row in read_pairs(path):
                known = Known(str(row.get("id") or ""), row["answer_type"], tuple(row.get("aliases") or ()))
                self._known[pair_key(row["question"], row["answer"])] = known

    def __len__(self) -> int:
        return len(self._known)

    def complete(self, rollout: Rollout) -> Rollout:
        """A rollout with what its pair says of its answer; as it is where there is no such pair."""
        known = self._known.get(pair_key(rollout.question, rollout.answer))
        if known is None:
            return rollout
        return replace(
            rollout,
            question_id=known.pair_id or rollout.question_id,
            answer_type=rollout.answer_type or known.answer_type,
            aliases=tuple(dict.fromkeys((*rollout.aliases, *known.aliases))),
        )


def pair_key(question: str, answer: str) -> str:
    """Question and answer of a pair as one key, however they are spaced or cased."""
    return stable_hash("pair", normalise(question), normalise(answer))
