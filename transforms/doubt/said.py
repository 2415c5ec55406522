"""What was said of a key, read from the verdicts of a row: who answered what, and who agreed with whom.

An answerer was not shown the key: the round trip, which reads the document, and the solver, which does not. Samples of one
solver err together, so they are one answerer: it says what most of them say. A verifier was shown the key and says yes or no.

That answers differ from the key says little, because on hard questions all do. That they agree with each other on another
answer says much. So answers are told apart only as far as they agree: with the key, with each other, or with none. An answer that
has the words of another and more of them agrees with it: a part of a name or date is no other answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from transforms.answers.agreement import answers_match
from transforms.english.function_words import GRAMMAR
from transforms.text import normalise, words

KEY, ALONE = "key", "alone"
GATHERED = "abcdefgh"  # labels of other answers that several gave
YES, NO = "yes", "no"
SOLVER, ROUND_TRIP, VERIFIER = "solver", "round trip", "verifier"
# "5" and "5 million" have words in common and are two numbers.
_IN_WORDS = (None, "name", "place", "term", "date")
_MOST_SAMPLES = 1_000_000
_LONGEST = 200  # characters of an answer that are looked at; pass rates keep 60 of a wrong one
# Wrong answers as the verdict of a pass rate lists them, quoted as Python quotes texts.
_WRONG = re.compile(r"(?P<quote>['\"])(?P<answer>.{0,80}?)(?P=quote) \((?P<times>\d{1,6})\)")


class Answer(NamedTuple):
    """What one answerer said: its name, the answer, "" for none, and whether that is the key's by the rules that judged it."""

    who: str
    text: str
    is_key: bool
    shown: str = ""  # the same for a reader


class Said(NamedTuple):
    """What was said of one key.

    `pattern` is who said what, as labels; rows of one pattern are alike to the estimate. `why` says it for a reader, and
    `weight` orders rows of one pattern, the most doubtful first.
    """

    pattern: tuple[tuple[str, str], ...]
    why: str
    weight: float = 0.0


def said_of(row: Mapping[str, Any]) -> Said:
    """Read a pair as rows of `qa/`, and the items of rejected pairs, have it. An empty pattern where nobody said anything."""
    answers: list[Answer] = []
    votes: dict[str, str] = {}
    weight = 0.0
    key, kind = str(row.get("answer") or ""), row.get("answer_type") or None
    kind = kind if isinstance(kind, str) else None
    aliases, verdicts = ([*found] if isinstance(found := row.get(name), list) else [] for name in ("aliases", "verdicts"))
    aliases = [alias for alias in aliases if isinstance(alias, str)]
    samples = round(_number(row.get("pass_rate_samples")))
    for verdict in (verdict for verdict in verdicts if isinstance(verdict, Mapping)):
        check, detail, passed = verdict.get("check"), str(verdict.get("detail") or ""), bool(verdict.get("passed"))
        if check == "correct":
            name = " ".join(map(str, filter(None, (VERIFIER, verdict.get("verifier"), verdict.get("model")))))
            votes[name] = YES if passed else NO
        elif check == "round_trip":
            answers.append(Answer(ROUND_TRIP, detail[:_LONGEST], passed, repr(detail[:80]) if detail else "no answer"))
        elif check == "pass_rate" and samples > 0:
            solved = round(_number(row.get("pass_rate")) * samples)
            rivals = _rivals(detail, kind)
            answers.append(_of_samples(solved, samples, rivals))
            weight = (samples - solved + (rivals[0][1] if rivals else 0)) / samples
    labels = label(key, answers, kind, aliases)
    why = "; ".join((*(_why(answer, said) for answer, said in zip(answers, labels, strict=True)), *_votes_in_words(votes)))
    named = [(answer.who, said) for answer, said in zip(answers, labels, strict=True)]
    return Said(tuple(sorted({**dict(named), **votes}.items())), why, weight)


def _number(value: Any) -> float:
    """A number of a row that somebody may have edited; 0 of anything else."""
    return float(value) if isinstance(value, (int, float)) and abs(value) < _MOST_SAMPLES else 0.0


def label(key: str, answers: Sequence[Answer], answer_type: str | None = None, aliases: Sequence[str] = ()) -> list[str]:
    """Of each answer with what it agrees: `KEY`, a letter of `GATHERED`, or `ALONE`."""
    groups: list[list[int]] = []
    labels = [ALONE] * len(answers)
    for at, (_, text, is_key, _) in enumerate(answers):
        if is_key or any(is_near(text, stored, answer_type) for stored in (key, *aliases)):
            labels[at] = KEY
        elif text:
            same = next((group for group in groups if _agree(text, answers[group[0]].text, answer_type)), None)
            if same is None:
                groups.append([at])
            else:
                same.append(at)
    gathered = sorted((group for group in groups if len(group) > 1), key=lambda group: (-len(group), group))
    for letter, group in zip(GATHERED, gathered, strict=False):
        for at in group:
            labels[at] = letter
    return labels


def is_near(one: str, other: str, answer_type: str | None = None) -> bool:
    """Whether one has all content words of the other: "1907" and "May 1907", "Bach" and "J. S. Bach". Never of values."""
    if answer_type not in _IN_WORDS:
        return False
    first, second = (frozenset(words(normalise(text[:_LONGEST]))) - GRAMMAR for text in (one, other))
    return bool(first and second) and (first <= second or second <= first)


def _agree(one: str, other: str, answer_type: str | None) -> bool:
    return answers_match(one, other, answer_type) or is_near(one, other, answer_type)


def _rivals(detail: str, answer_type: str | None) -> list[tuple[str, int]]:
    """The wrong answers of a pass rate with how often each came, the commonest first."""
    rivals: list[tuple[str, int]] = []
    for found in _WRONG.finditer(detail.partition("wrong: ")[2]):
        text, times = found["answer"], int(found["times"])
        at = next((at for at, (other, _) in enumerate(rivals) if _agree(text, other, answer_type)), None)
        if at is None:
            rivals.append((text, times))
        else:
            rivals[at] = rivals[at][0], rivals[at][1] + times
    return sorted(rivals, key=lambda rival: -rival[1])


def _of_samples(solved: int, samples: int, rivals: Sequence[tuple[str, int]]) -> Answer:
    """What most samples of a solver say; no answer where each says something else."""
    text, times = rivals[0] if rivals else ("", 0)
    shown = f"right {solved} of {samples}" + (f", {text!r} {times} of {samples}" if times > 1 else "")
    if solved >= max(times, 1) and (solved > 1 or samples < 3):
        return Answer(SOLVER, "", True, shown)
    return Answer(SOLVER, text if times > 1 or samples < 3 else "", False, shown)


def _why(answer: Answer, said: str) -> str:
    if answer.who == SOLVER:
        return f"solver {answer.shown}" + (" as another" if said in GATHERED else "")
    if answer.is_key:
        return f"{answer.who} agrees"
    return f"{answer.who} says {answer.shown}" + (
        ", nearly the key" if said == KEY else ", as another" if said in GATHERED else ""
    )


def _votes_in_words(votes: Mapping[str, str]) -> Iterator[str]:
    if not votes:
        return
    against = sum(vote == NO for vote in votes.values())
    if len(votes) == 1:
        yield "verifier against it" if against else "verifier for it"
    else:
        yield f"{against} of {len(votes)} verifiers against it"
