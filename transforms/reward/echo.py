"""Echoes: what a response only repeats from its question, or quotes as a title, and so offers as no answer.

"Season 7 has 20 episodes." gives one number where the question named the season, and the name in 'The song
"Love Me Do" was sung by ...' is a title. Both are put aside before a sentence is read: a word of its own,
`MASK`, stands where they stood.
"""

import re
from itertools import islice

from transforms.english.names import WORKS
from transforms.reward.truth import Truth
from transforms.text import normalise

MASK = "_e_"
_SHORTEST_RUN = 3  # words in a row that are a repetition and no chance
_NEAR = 8  # words
_MOST_QUOTED = 20
_TOKEN = re.compile(r"[^\W_]+(?:['\u2019.,&-][^\W_]+)*")
_QUOTED = re.compile(r'"([^"\n]{3,120})"|\u201c([^\u201d\n]{3,120})\u201d')
_HEADING = re.compile(r"[^:\n.]{8,150}: (?=\S)")
# "was released in 1999[2]." and "Frank Langella1.": marks of a source behind a word.
_SOURCE = re.compile(
    r"(?<=[\w.,\"])\[\^?\d{1,3}\^?\]|(?P<name>\b[A-Z][\w.'-]{0,20} [A-Z][a-z]{2,20})\d{1,2}(?=[.,]?(?:\s|$))"
    r"|(?<=\bin )(?P<year>(?:1\d|20)\d\d)\d{1,2}(?=\.(?:\s|$))"
)
# "sung byMariah Carey": where marks of emphasis stood.
_GLUED = re.compile(
    r"\b(by|in|the|of|and|is|as|from|to|at|on|with|called|named|actor|actress|singer)(?=[A-Z][a-z]{2}|(?:1|20)\d)"
)


def without_echoes(prose: str, truth: Truth) -> str:
    """The prose with titles, and where the question is known what repeats it, put aside; its answer never is."""
    if not re.search(r"[a-z]\d", truth.answer) and not truth.numbers_of_five:
        prose = _SOURCE.sub(lambda found: found["name"] or found["year"] or "", prose)
    asked = [token.lower() for token in _TOKEN.findall(normalise(truth.question))]
    prose = _GLUED.sub(r"\1 ", prose)
    # Where the answer itself is quoted, other quotations are answers beside it.
    titles = not any(truth.is_named_in(found[0]) for found in islice(_QUOTED.finditer(prose), _MOST_QUOTED))
    prose = _QUOTED.sub(lambda found: MASK if _is_title(found, asked, titles, truth) else found[0], prose, count=_MOST_QUOTED)
    if not asked:
        return prose
    heading = _HEADING.match(prose)
    if heading and _repeats(heading[0], asked) and not truth.is_named_in(heading[0]):
        prose = prose[heading.end() :]
    return _without_runs(prose, asked, truth)


def _is_title(found: re.Match[str], asked: list[str], titles: bool, truth: Truth) -> bool:
    quoted = found[1] or found[2]
    words = _TOKEN.findall(quoted)
    if len(words) < 2 or truth.is_named_in(quoted):
        return False
    capitals = sum(word[0].isupper() for word in words)
    told = _TOKEN.findall(found.string[max(0, found.start() - 40) : found.start()])
    named = titles and bool(told) and told[-1].lower() in WORKS  # "the song ..."
    return bool(named and 2 * capitals > len(words)) or sum(normalise(word) in asked for word in words) * 2 > len(words)


def _repeats(heading: str, asked: list[str]) -> bool:
    words = [normalise(word) for word in _TOKEN.findall(heading) if len(word) > 3 or word.isdigit()]
    return bool(words) and 2 * sum(word in asked for word in words) >= len(words)


def _speaks_of(around: list[str], truth: Truth) -> bool:
    """Whether words beside a number are those of the question: in "12 - 5 - 7" a number repeats nothing."""
    return not truth.asked.isdisjoint(word for word in around if not word[0].isdigit())


def _without_runs(prose: str, asked: list[str], truth: Truth) -> str:
    """The prose without runs of words, and without numbers, that stand in the question."""
    runs = {tuple(asked[index : index + _SHORTEST_RUN]) for index in range(len(asked) - _SHORTEST_RUN + 1)}
    numbers = {token for token in asked if token[0].isdigit()} if not truth.asks_which else set()
    places = list(_TOKEN.finditer(prose))
    words = [normalise(place[0]) for place in places]
    echoed = [
        word in numbers and _speaks_of(words[max(0, index - _NEAR) : index + _NEAR], truth) for index, word in enumerate(words)
    ]
    for index in range(len(words) - _SHORTEST_RUN + 1):
        if tuple(words[index : index + _SHORTEST_RUN]) in runs:
            echoed[index : index + _SHORTEST_RUN] = [True] * _SHORTEST_RUN
    shown: list[str] = []
    end = index = 0
    while index < len(words):
        if not echoed[index]:
            index += 1
            continue
        first = index
        while index < len(words) and echoed[index]:
            index += 1
        start, stop = places[first].start(), places[index - 1].end()
        if not truth.is_named_in(prose[start:stop]):
            shown += [prose[end:start], MASK]
            end = stop
    return "".join([*shown, prose[end:]])
