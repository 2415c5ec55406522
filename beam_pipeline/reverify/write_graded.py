"""The files of a reverification, written as rollouts are graded, and what is counted meanwhile."""

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

from beam_pipeline.output.kinds import json_line
from beam_pipeline.output.new_folder import NewFolder
from beam_pipeline.reverify.alias_proposals import AliasProposals
from beam_pipeline.reverify.judging import Asked, Sample, ask_judge, disagrees
from beam_pipeline.reverify.regrade import Regraded
from beam_pipeline.reverify.tally import JudgeTally, Tally

ROLLOUTS_FILE, CHANGED_FILE, ALIASES_FILE = "rollouts.jsonl", "changed.jsonl", "aliases.jsonl"
DISAGREEMENTS_FILE, SUMMARY_FILE = "disagreements.jsonl", "summary.json"


class GradedFiles:
    """Writes what came of the rollouts as it comes, and counts it."""

    def __init__(self, folder: NewFolder, least: int, judge: Asked | None, sample: int) -> None:
        """`least` is of aliases, `sample` of the right and of the wrong ones that the judge is asked about as well."""
        self.tally, self.judge_tally = Tally(), JudgeTally()
        self.proposals = 0
        self.judge = judge
        self._folder = folder
        self._aliases = AliasProposals(least)
        self._sample = Sample(sample)

    def write(self, items: Iterable[Regraded]) -> None:
        """Write all files but the summary."""
        with ExitStack() as files:
            names = (ROLLOUTS_FILE, CHANGED_FILE, *((DISAGREEMENTS_FILE,) if self.judge else ()))
            whole, changed, *others = (files.enter_context(self._folder.create(name)) for name in names)
            for item in ask_judge(items, self.judge) if self.judge else items:
                self.tally.add(item)
                self._aliases.add(item)
                self._sample.add(item)
                whole.write(json_line(item.row()) + b"\n")
                if item.is_changed:
                    changed.write(json_line(item.whole_row()) + b"\n")
                if item.asked:
                    self._compare(item, others[0])
            for item in ask_judge(self._sample.items(), self.judge, unsure_only=False) if self.judge else ():
                self._compare(item, others[0])
        with self._folder.create(ALIASES_FILE) as file:
            for row in self._aliases.rows():
                self.proposals += 1
                file.write(json_line(row) + b"\n")

    def _compare(self, item: Regraded, file: Any) -> None:
        self.judge_tally.add(item)
        if disagrees(item):
            file.write(json_line(item.whole_row()) + b"\n")

    def to_json(self) -> dict[str, Any]:
        """The counts for a program."""
        judged = {"judge": self.judge_tally.to_json()} if self.judge else {}
        return {**self.tally.to_json(), **judged, "proposed_aliases": self.proposals}
