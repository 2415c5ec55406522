"""The words that all prompts of a file begin or end with: instructions for the model, which are no part of a question.

Left in they would make every question like every other, and too long.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# So many different prompts must have the words, and so many characters of words are no accident ("What is the").
LEAST_PROMPTS, LEAST_CHARACTERS = 8, 30
_BORDER = re.compile(r"\n|[.:!?] ")


@dataclass(frozen=True, slots=True)
class Wording:
    """What stands before and behind each question; "" for nothing."""

    before: str = ""
    behind: str = ""

    @property
    def is_there(self) -> bool:
        return bool(self.before or self.behind)

    def question_in(self, prompt: str) -> str:
        """A prompt without the words around its question; as it is where they are not there."""
        if self.before and prompt.startswith(self.before):
            prompt = prompt[len(self.before) :]
        if self.behind and prompt.endswith(self.behind):
            prompt = prompt[: -len(self.behind)]
        return prompt.strip()


def find_wording(prompts: Iterable[str]) -> Wording:
    """The words that all of some prompts share at their beginning and at their end, as far as whole sentences go."""
    distinct = list(dict.fromkeys(prompt for prompt in prompts if prompt))
    if len(distinct) < LEAST_PROMPTS:
        return Wording()
    before = _shared(distinct)
    ends = [found.end() for found in _BORDER.finditer(before)]
    before = before[: ends[-1]] if ends else ""
    behind = _shared([prompt[::-1] for prompt in distinct])[::-1]
    begins = _BORDER.search(behind)
    behind = behind[begins.start() + (behind[begins.start()] != "\n") :] if begins else ""
    before, behind = (words if len(words.strip()) >= LEAST_CHARACTERS else "" for words in (before, behind))
    # Prompts that are nothing but the words have no question that could be told from them.
    return Wording(before, behind) if all(Wording(before, behind).question_in(prompt) for prompt in distinct) else Wording()


def _shared(texts: list[str]) -> str:
    """How all of some texts begin."""
    first, last = min(texts), max(texts)
    return first[: next((at for at, char in enumerate(first) if at >= len(last) or char != last[at]), len(first))]
