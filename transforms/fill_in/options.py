"""Options: the nine that a question offers, the rules that they keep, and the question that holds them.

Options are numbered and not lettered: the ninth letter is a word.
"""

import re
from collections.abc import Iterable
from random import Random

from transforms.fill_in.gap import MASK, Gap
from transforms.records import Fault
from transforms.text import normalise, restore, stable_seed, words

OPTIONS = 9
# How much shorter or longer than the masked span a distractor may be, in characters.
SHORTEST, LONGEST = 0.5, 2.0
# The right option may be the longest or the shortest by this much at most.
BY_FAR = 1.25
# Two texts whose words overlap this much (Jaccard) are one option twice.
SAME_OPTION = 0.9

_ASKED = f"Which option stood at {MASK} in this text? Answer with the number of the option."
_LIST = "\n\nOptions:\n"
_MARK = re.compile(r"^\s*(?:[-*\u2022]|\(?(?:\d{1,2}|[A-Ia-i])[.):](?!\d))\s+")
_ENDED = re.compile(r"[.!?\u2026:;]['\")\]\u201d\u2019]*$")
_QUOTES = (('"', '"'), ("\u201c", "\u201d"))


def distractors(written: Iterable[str], gap: Gap) -> list[str]:
    """What may stand beside the span: cleaned, of a length like it, each once, and nowhere in the passage.

    They end as the span does, since a missing full stop would tell them apart.
    """
    span = one_line(gap.span)
    passage = normalise(gap.passage)
    taken = [frozenset(words(normalise(span)))]
    kept: list[str] = []
    for text in written:
        option = _clean(text, span)
        content = frozenset(words(normalise(option)))
        if not content or not SHORTEST * len(span) <= len(option) <= LONGEST * len(span):
            continue
        if any(len(content & other) >= SAME_OPTION * len(content | other) for other in taken):
            continue
        if MASK in option or normalise(option).rstrip(".!? ") in passage:
            continue
        taken.append(content)
        kept.append(option)
    return kept[: OPTIONS - 1]


def options_fault(span: str, others: list[str]) -> Fault | None:
    """What is wrong with the options together: too few, or the right one seen by its length."""
    if len(others) < OPTIONS - 1:
        return Fault("options_too_few", f"{len(others)} of {OPTIONS - 1} distractors keep the rules")
    right, lengths = len(one_line(span)), [len(other) for other in others]
    if right > BY_FAR * max(lengths) or right * BY_FAR < min(lengths):
        return Fault("options_uneven", f"{right} characters; the others have {min(lengths)} to {max(lengths)}")
    return None


def question_of(gap: Gap, others: list[str], seed: str) -> tuple[str, str]:
    """The question with its options in an order that follows from `seed`, and the right one with its number."""
    span = one_line(gap.span)
    options = [span, *others]
    Random(stable_seed("options", seed)).shuffle(options)
    lines = [f"{number}) {option}" for number, option in enumerate(options, 1)]
    return f"{_ASKED}\n\n{gap.passage}{_LIST}" + "\n".join(lines), lines[options.index(span)]


def options_in(question: str) -> str:
    """The options of a question without the text, one a line."""
    return question.rpartition(_LIST)[2]


def one_line(text: str) -> str:
    """White space as single spaces: each option is a line."""
    return " ".join(text.split())


def _clean(text: str, span: str) -> str:
    option = one_line(restore(_MARK.sub("", text)))
    for opening, closing in _QUOTES:
        if option.startswith(opening) and option.endswith(closing) and not span.startswith(opening) and len(option) > 1:
            option = option[1:-1].strip()
    return f"{option}." if option and span.endswith(".") and not _ENDED.search(option) else option
