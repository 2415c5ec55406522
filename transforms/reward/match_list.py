"""Lists: whether a text gives the same items as the stored answer, in its order if that marks one."""

import re

from transforms.answers.agreement import answers_match
from transforms.answers.canonical import canonical, list_items
from transforms.answers.markup import plain
from transforms.reward.hedges import ANY_HEDGE, NEGATION
from transforms.reward.match_prose import without_lead
from transforms.reward.truth import Truth

_STEP = re.compile(r"\s{0,3}(?:\u2192|->|=>|\u27f6|(?<=\s)>(?=\s)|,? (?:and )?then |,? followed by )\s{0,3}")
_BULLET = re.compile(r"\s{0,3}(?:[-*\u2022]|\(?\d{1,2}[.)]|\(?[a-zA-Z]\))\s{1,3}")
_INTRODUCES = re.compile(
    r":\s{1,3}|\b(?:are|were|include|includes|is|was|consists? of|comprises?|made (?:up )?of|composed of|contains?|called|"
    r"named)\b:?\s{1,3}",
    re.IGNORECASE,
)
_IS_SAID_OF = re.compile(r"\s{1,3}(?:are|were|is|was|make|form)\s{1,3}", re.IGNORECASE)
_ASSIGNED = re.compile(r"\b([a-z])\s?=\s?(?=[\d-])")
_OPEN = re.compile(r"\b(?:others?|more|including|at least|some of)\b", re.IGNORECASE)
_MAX_CANDIDATES = 8
_SPARE_CHARS = 120  # for bullets and other ways of writing a number


def states_list(text: str, truth: Truth) -> bool:
    """Whether a text gives the items of the right list and no more, as a list or in one sentence."""
    prose = _without_markup(text)
    names = set(_ASSIGNED.findall(prose))
    if len(names) == 1 and "=" not in truth.answer:  # "x = 3 and x = 4"
        prose = _ASSIGNED.sub("", prose)
    known = " ".join(truth.spellings)
    if any(_added(pattern, prose, known) for pattern in (_OPEN, NEGATION, ANY_HEDGE)):
        return False
    return any(_same_items(candidate.strip(), truth) for candidate in _candidates(prose) if candidate.strip())


def _candidates(prose: str) -> list[str]:
    """Where the items may be: the whole text, its bullets, or what stands before or behind the verb of a sentence."""
    lines = [line for line in prose.splitlines() if line.strip()]
    bullets = [line for line in lines if _BULLET.match(line)]
    if bullets:
        around = [line for line in lines if not _BULLET.match(line)]
        only_introduced = not around or (len(around) == 1 and around[0].rstrip().endswith(":"))
        return ["\n".join(_BULLET.sub("", line, count=1) for line in bullets)] if only_introduced else []
    if len(lines) > 1:
        return [prose, "\n".join(lines[1:])] if lines[0].rstrip().endswith(":") else [prose]
    sentence = without_lead(prose)
    said_of = _IS_SAID_OF.search(sentence)
    introduced = [sentence[found.end() :] for found in _INTRODUCES.finditer(sentence)]
    return [prose, sentence, sentence[: said_of.start()] if said_of else "", *introduced][:_MAX_CANDIDATES]


def _without_markup(text: str) -> str:
    """`plain`, but keeping a dash or star that begins a line."""
    return "\n".join(
        found[0] + plain(line[found.end() :]) if (found := _BULLET.match(line)) else plain(line)
        for line in plain(text).splitlines()
    )


def _added(pattern: re.Pattern[str], text: str, known: str) -> bool:
    """Whether a text has such a word and the stored answer has not."""
    return any(not re.search(rf"(?<!\w){re.escape(found[0])}(?!\w)", known, re.IGNORECASE) for found in pattern.finditer(text))


def _same_items(candidate: str, truth: Truth) -> bool:
    for spelling in truth.spellings:
        if len(candidate) > 3 * len(spelling) + _SPARE_CHARS:
            continue
        steps = _STEP.split(spelling)
        if len(steps) < 2:
            if len(list_items(candidate)) == len(list_items(spelling)) and answers_match(candidate, spelling, "list"):
                return True
            continue
        said = _STEP.split(candidate)
        items = said if len(said) > 1 else list_items(candidate)
        if [canonical(item.strip(" ,;.\n"), "term") for item in items] == [canonical(step, "term") for step in steps]:
            return True
    return False
