"""The verdict on a response: one reading of it, compared by type, and the reason where it is not right."""

import itertools
import re
from dataclasses import dataclass
from typing import Literal

from transforms.answers.formula_equality import equivalent
from transforms.answers.markup import plain
from transforms.english.function_words import GRAMMAR
from transforms.english.sentences import BORDER
from transforms.english.stems import stem_loosely
from transforms.reward.final_answer import MAX_MARKS, Claim, Mark, labelled, last_word, marked, without_thinking
from transforms.reward.hedges import DISOWNS, OFFERS
from transforms.reward.match_by_type import contradicts, states
from transforms.reward.mentions import values_in
from transforms.reward.to_a_judge import speaks_to_a_judge
from transforms.reward.truth import Truth
from transforms.text import normalise, unify, words

_MAX_SENTENCES_BEHIND = 12
_MAX_ANSWER_CHARS = 300

_TAKES_BACK_BEFORE = re.compile(
    r"(?:\b(?:but|other than|except(?: for)?|besides|instead of|rather than|avoid|opposite of(?: the)?|incorrect|wrong|deny "
    r"(?:that )?(?:it's|it is)|"
    r"mauvaise|fausse|falsche|incorrecta|sbagliata|errata|incorreta)|错误|錯誤|不)[^.!?\n,;]{0,24}$|(?:\b(?:not|never|isn't|wasn't|doubt|false|wrong|maybe|perhaps|possibly|probably|might|could|whether|either|neither|or)\b|"
    r"n't\b|\u2260|!=)(?:(?!\b(?:so|then|thus|therefore|hence|because)\b)[^.!?\n,;]){0,40}$|\bif (?:the |that )?$",
    re.IGNORECASE,
)
_TAKES_BACK_BEHIND = re.compile(
    r"^[\s$*.)\]}]{0,8}(?:,? ?which (?:is|was) (?:wrong|incorrect|false|not)|or\b|/|\||and/or|(?:is|was|seems) (?:wrong|"
    r"incorrect|false|not)|isn't|(?:,|;|\()\s{0,3}(?:or|but not|maybe|"
    r"possibly|not (?:sure|certain|quite|exactly|really))\b|\?)",
    re.IGNORECASE,
)
_LISTED = re.compile(r"[\s$,;.&]{0,8}(?:and[\s$]{0,4})?")  # what stands between the boxes of one list
# "-\boxed{5}", "\boxed{5}^2": the box is a part of something; a dash may begin a line.
_OPERATED_BEFORE = re.compile(
    r"(?:\w\s?-|=\s?-|(?<![^\n])-(?=$)|[+*/^\u00d7\u00b7\u221a]|\\(?:cdot|times|div|sqrt|pm|frac)\{?)\s?$"
)
_OPERATED_BEHIND = re.compile(r"\^|!(?!\w)(?=\S)|\*(?!\*)|/|\\(?:cdot|times|div|pm)(?![a-z])|[+]\s?[\w\\]|-\s?\d")
_MAYBE = re.compile(r"\b(?:maybe|perhaps|possibly|alternatively|or else)\b", re.IGNORECASE)

_JAPANESE_END = re.compile(r"^\s{0,3}(?:です|である|だ|となります|になります)(?=[\s。.]|$)")

Verdict = Literal["right", "wrong", "unsure"]


@dataclass(frozen=True, slots=True)
class Grade:
    """A verdict, the reason for it, and what was read as the final answer ("" for none).

    Of an answer that is marked, that is the beginning; of any other response the end.
    Reasons: `stated` (right); `no_answer`, `speaks_to_a_judge`, `not_comparable`, `another_answer`, `not_named`
    (wrong); `named_not_stated`, `partly_named`, `not_understood` (unsure).
    """

    verdict: Verdict
    reason: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A response once it has stopped thinking: its text, and where it gives its answer."""

    text: str
    marks: tuple[Mark, ...]
    claims: tuple[Claim, ...]  # what its labels introduce, where nothing is marked
    said: str  # what stands in the marks, or behind the last label, or what it says last

    @classmethod
    def of(cls, response: str, answer_type: str | None) -> "Reading":
        """Read a response."""
        text = without_thinking(response)
        marks = tuple(marked(text))
        if marks:
            return cls(text, marks, (), " ; ".join(mark.answer for mark in marks))
        said = last_word(text, answer_type)
        claims = tuple(labelled(said))
        return cls(text, marks, claims, claims[-1].text if claims else said)


def graded(response: str, truth: Truth) -> Grade:
    """The verdict on a response."""
    read = Reading.of(response, truth.answer_type)
    said = read.said.strip()
    answer = said[:_MAX_ANSWER_CHARS] if read.marks else said[-_MAX_ANSWER_CHARS:]  # it is at the end
    if not read.text:
        return Grade("wrong", "no_answer")
    if speaks_to_a_judge(read.text, truth):
        return Grade("wrong", "speaks_to_a_judge", answer)
    if not read.marks and read.text in truth.spellings:
        return Grade("right", "stated", answer)
    if _is_right(read, truth):
        return Grade("right", "stated", answer)
    verdict, reason = _why_not(read.said, truth)
    return Grade(verdict, reason, answer)


def _is_right(read: Reading, truth: Truth) -> bool:
    if read.marks:
        return len(read.marks) <= MAX_MARKS and _marked_right(read.text, read.marks, truth)
    if not read.claims:
        return states(read.said, truth)
    if len(read.claims) > MAX_MARKS:
        return False
    *earlier, last = read.claims
    if _TAKES_BACK_BEFORE.search(last.before):
        return False
    return states(last.text, truth) and not any(contradicts(_first_sentence(claim.text), truth) for claim in earlier)


def _marked_right(text: str, marks: tuple[Mark, ...], truth: Truth) -> bool:
    """Whether every marked answer is right, and the text around does not take it back."""
    gaps = [text[one.end : other.start] for one, other in itertools.pairwise(marks)]
    listed = len(marks) > 1 and truth.answer_type in ("expression", "list") and all(map(_LISTED.fullmatch, gaps))
    if not (
        all(states(mark.answer, truth) for mark in marks) or (listed and states(", ".join(mark.answer for mark in marks), truth))
    ):
        return False
    last = marks[-1]
    before, behind = text[max(0, marks[0].start - 200) : marks[0].start], _JAPANESE_END.sub("", text[last.end :])
    if _TAKES_BACK_BEFORE.search(before.rstrip(" $*({[\\")) or _TAKES_BACK_BEHIND.match(behind):
        return False
    closing = last_word(behind, truth.answer_type)
    if closing != behind and not states(closing, truth):
        return False
    if truth.answer_type in (None, "expression", "number") and (
        _OPERATED_BEFORE.search(before.removesuffix("**").rstrip("$"))
        or _OPERATED_BEHIND.match(behind.removeprefix("**").lstrip(" $"))
    ):
        return False
    shown = _unmarked(text, marks)
    if (
        DISOWNS.search(behind[:_MAX_ANSWER_CHARS])
        or OFFERS.search(_first_sentence(behind))
        or _MAYBE.search(_first_sentence(behind))
    ):
        return False
    claims = [_first_sentence(claim.text) for claim in labelled(shown)] + BORDER.split(behind.strip())[:_MAX_SENTENCES_BEHIND]
    return not any(contradicts(claim, truth) for claim in claims)


def _unmarked(text: str, marks: tuple[Mark, ...]) -> str:
    """The text with its answers, and without what marks them."""
    ends = [0, *(mark.end for mark in marks)]
    between = [text[end : mark.start] + mark.answer for end, mark in zip(ends, marks, strict=False)]
    return "".join([*between, text[ends[-1] :]])


def _first_sentence(text: str) -> str:
    return BORDER.split(text.strip(), maxsplit=1)[0]


# --- Why it is not right -------------------------------------------------------------------------


def _why_not(said: str, truth: Truth) -> tuple[Verdict, str]:
    if truth.answer_type == "expression":
        in_words = re.search(r"[A-Za-z]{2,20} [A-Za-z]{2,20}", plain(said)[:_MAX_ANSWER_CHARS])
        readable = not in_words and equivalent(said, said) and any(equivalent(spelling, spelling) for spelling in truth.spellings)
        return ("wrong", "another_answer") if readable else ("unsure", "not_understood")
    prose = plain(said)
    if truth.is_named_in(prose):
        return "unsure", "named_not_stated"
    if truth.is_value:
        return "wrong", "another_answer" if any(
            values_in(unify(line[-_MAX_ANSWER_CHARS:]), truth) for line in prose.splitlines()[-3:]
        ) else "not_named"
    if truth.answer_type in ("yes_no", "option", "code"):
        return "wrong", "another_answer"
    known = {stem_loosely(word) for spelling in truth.spellings for word in words(normalise(spelling)) if len(word) > 2} - GRAMMAR
    told = {stem_loosely(word) for word in words(normalise(prose))}
    asked = {stem_loosely(word) for word in truth.asked}
    return ("unsure", "partly_named") if (known - asked) & told else ("wrong", "not_named")
