"""Prompts that differ from row to row: other words for the instruction, and other forms for the answer.

A model that has seen one wording only learns that wording. With `--prompt_variants N` a row gets one of the first N of these, by
a hash of its id, so that two exports agree. The reward reads the answer in each of the forms.
"""

from dataclasses import dataclass
from typing import NamedTuple

from beam_pipeline.export.trainer_rows import Templates
from beam_pipeline.storage.row_files import Row
from transforms.text import stable_seed


class Variant(NamedTuple):
    """The words around a question, as `Templates` has them; `name` begins with the form of the answer."""

    name: str
    system: str
    question: str


# The first six have a form each, so that few variants already differ in form.
VARIANTS = (
    Variant("box", "Think first if it helps. Then give the final answer, and nothing else, in \\boxed{}.", "$question"),
    Variant(
        "line",
        "",
        '$question\n\nReason as long as you need. End with a line that begins with "Answer:" and gives the answer only.',
    ),
    Variant("tag", "Work out the answer. Write it, without any other words, between <answer> and </answer>.", "$question"),
    Variant(
        "hashes", "", "Solve the following. The last line of your reply is ####, a space, and the short answer.\n\n$question"
    ),
    Variant(
        "object",
        "You are asked one question.",
        '$question\n\nReply with a JSON object of two keys: "reasoning", a text, and "answer", the short answer as a text.',
    ),
    Variant(
        "sentence", 'Explain briefly. Your last sentence is "The answer is", then the answer as short as it can be.', "$question"
    ),
    Variant("box_after", "", "$question\n\nPut your final answer in \\boxed{}."),
    Variant("line_told", 'Answer the user\'s question. The last line of every reply has the form "Answer: ...".', "$question"),
    Variant(
        "tag_before", "", "Here is a question. Its answer goes between the tags <answer> and </answer>.\n\nQuestion: $question"
    ),
    Variant("hashes_told", 'Show your reasoning, then close with "#### " and the final answer on the same line.', "$question"),
    Variant(
        "object_told",
        'A program reads your replies. Reply with one JSON object, {"reasoning": "...", "answer": "..."}, and nothing around it.',
        "$question",
    ),
    Variant("sentence_after", "", 'Q: $question\n\nThink it through and finish with the sentence "The answer is ...".'),
)


@dataclass(frozen=True)
class VariedTemplates(Templates):
    """The words around a question, those of one of the variants.

    With `one_message` the system says nothing and the user all, for trainers whose rows have no system message.
    """

    variants: tuple[Variant, ...] = VARIANTS
    one_message: bool = False

    def asked(self, row: Row) -> str:
        """What the user says in the row's variant."""
        chosen = self._of(row)
        asked = self._filled(chosen.question, row)
        return f"{chosen.system}\n\n{asked}" if self.one_message and chosen.system else asked

    def told(self, row: Row) -> str:
        """What the system says in the row's variant; "" for nothing."""
        return "" if self.one_message else self._of(row).system

    def variant_of(self, row: Row) -> str:
        """The name of the row's variant."""
        return self._of(row).name

    @property
    def said_by_system(self) -> str | None:
        """ "" where the user says all; else it differs from row to row."""
        return "" if self.one_message else None

    def _of(self, row: Row) -> Variant:
        return self.variants[stable_seed("prompt variant", row["id"]) % len(self.variants)]


def first_variants(number: int, one_message: bool) -> VariedTemplates:
    """Templates of the first so many variants.

    Raises:
        ValueError: there are not so many, or fewer than two are asked for.
    """
    if not 2 <= number <= len(VARIANTS):
        raise ValueError(
            f"--prompt_variants {number}: must be from 2 to {len(VARIANTS)}; without it all rows have the same words"
        )
    return VariedTemplates(variants=VARIANTS[:number], one_message=one_message)
