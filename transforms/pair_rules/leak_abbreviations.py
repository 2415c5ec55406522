"""Abbreviations: where a question has an answer shorter or longer, by its letters."""

import re
from collections.abc import Iterator

from transforms.answers.units import parse_unit
from transforms.pair_rules.leak_words import STOP_WORDS, Word


def other_lengths(question: str, words: list[Word], answer: str, wanted: list[Word]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Where a question has the answer shorter or longer: its abbreviation, or what it abbreviates."""
    if len(wanted) > 1:
        yield from (("abbreviation", place) for place in _said_short(question, words, answer, wanted))
        return
    asked = bool(_SHORTENED.search(question))
    yield from (("abbreviation", place) for place in _compound_said_short(words, wanted, asked))
    yield from (("expansion", place) for place in _said_long(words, answer, asked))
    yield from (("unit_variant", place) for place in _same_unit(words, answer))


def _said_short(question: str, words: list[Word], answer: str, wanted: list[Word]) -> Iterator[tuple[int, int]]:
    """ "WHO" or "W.H.O." for the World Health Organization."""
    # With its small words and without.
    initials = {"".join(word.folded[0] for word in wanted if word.folded not in small) for small in (STOP_WORDS, ())}
    shorts = {short for short in initials if len(short) >= 3 or (len(short) == 2 and answer.istitle())}
    for word in words:
        letters = _letters(word)
        known = letters.lower() in shorts or word.written.lower() in shorts
        known = known or (letters.isalpha() and letters.isupper() and _abbreviates(letters.lower(), wanted))
        if known and sum(char.isupper() for char in letters) > 1:
            yield word.start, word.end
    for dotted in _DOTTED.finditer(question):
        if re.sub(r"[.\-]", "", dotted[0]).lower() in shorts:
            yield dotted.span()


def _compound_said_short(words: list[Word], wanted: list[Word], asked: bool) -> Iterator[tuple[int, int]]:
    """ "TB" for tuberculosis."""
    for word in words:
        letters = _letters(word)
        if letters.isupper() and letters.isalpha() and _is_compound_of(letters.lower(), wanted, asked):
            yield word.start, word.end


def _said_long(words: list[Word], answer: str, asked: bool) -> Iterator[tuple[int, int]]:
    """ "World Health Organization" for WHO."""
    short = re.sub(r"[.\s\-]", "", answer)
    for letters in {short, short.removesuffix("s")}:
        if 2 <= len(letters) <= 8 and sum(char.isupper() for char in letters) >= 2 and letters.isalpha():
            yield from _expansions(words, letters.lower())
            yield from _compounds(words, letters.lower(), asked)


def _same_unit(words: list[Word], answer: str) -> Iterator[tuple[int, int]]:
    """ "km" for kilometre."""
    symbol = parse_unit(answer) if len(answer) > 3 and answer.islower() else None
    if symbol:
        for word in words:
            if word.written != answer and len(word.written) > 1 and parse_unit(word.written) == symbol:
                yield word.start, word.end


_DOTTED = re.compile(r"(?<!\w)(?:[A-Za-z][.\-]){2,}[A-Za-z]?")


def _letters(word: Word) -> str:
    return word.written.removesuffix("'s").removesuffix("s")


_LONG_RUN = 18  # letters of three words that are no accident: "liquefied petroleum gas"


def _abbreviates(short: str, wanted: list[Word]) -> bool:
    """Whether capitals are letters of a phrase that begin each of its words: "DNA" for deoxyribonucleic acid."""
    if not 3 <= len(short) <= 6 or not wanted or len(wanted) > len(short):
        return False
    phrase = [word.folded for word in wanted if word.folded not in STOP_WORDS]
    return _made_of_words(short, phrase)


def _made_of_words(short: str, words: list[str]) -> bool:
    """Whether letters can be dealt to words in order, each word giving its first letter and any later ones."""
    ends = {0}  # how many letters of `short` the words so far may have used
    for word in words:
        reached = set()
        for start in ends:
            if start < len(short) and word[:1] == short[start]:
                position, used = 1, start + 1
                reached.add(used)
                while used < len(short) and (position := word.find(short[used], position) + 1):
                    used += 1
                    reached.add(used)
        ends = reached
    return len(short) in ends


def _expansions(words: list[Word], short: str) -> Iterator[tuple[int, int]]:
    """Runs of words that begin with the letters of the answer; two letters need capitals."""
    for index in range(len(words)):
        run = words[index : index + len(short) - 1]
        for size in range(2, len(run) + 1):  # "Hypertext Markup Language" for HTML: fewer words than letters
            part = run[:size]
            if all(word.written[0].isupper() for word in part) and _made_of_words(short, [word.folded for word in part]):
                yield part[0].start, part[-1].end
        for skip_small in (False, True):
            run = []
            for word in words[index : index + 2 * len(short)]:
                if skip_small and run and word.folded in STOP_WORDS:
                    continue
                run.append(word)
                if len(run) == len(short):
                    break
            if len(run) < len(short) or "".join(word.folded[0] for word in run) != short:
                continue
            if run[0].folded in STOP_WORDS or run[-1].folded in STOP_WORDS:
                continue
            capitals = sum(word.written[0].isupper() for word in run)
            if (
                len(short) >= 4
                or capitals >= len(short) - (len(short) == 3)
                or (len(short) == 3 and min(len(w.written) for w in run) > 3)
                or (len(short) == 3 and sum(len(w.written) for w in run) >= _LONG_RUN)
            ):
                yield run[0].start, run[-1].end


_SHORTENED = re.compile(
    r"\babbreviat|\bacronym|\bshort (?:name|form|for)\b|\bin short\b|\binitials\b|\bletters\b|\bmeant by\b|\bstands? for\b",
    re.IGNORECASE,
)
# A part of a compound begins here: "tri-nitro-toluene", "electro-cardio-gram", "di-phenyl-tri".
_JOINT = re.compile(r"(?<=[aeiouy])(?=[b-df-hj-np-tv-z])|(?<=yl)(?=[a-z])")
_PART_CHARS = 4  # that a part of a compound has on the average


def _compounds(words: list[Word], short: str, asked: bool) -> Iterator[tuple[int, int]]:
    """Words without capitals whose parts begin with the letters of the answer: "deoxyribonucleic acid" for DNA."""
    for index in range(len(words)):
        for size in range(1, len(short)):
            part = words[index : index + size]
            if len(part) == size and _is_compound_of(short, part, asked):
                yield part[0].start, part[-1].end


def _is_compound_of(short: str, words: list[Word], asked: bool) -> bool:
    """Whether each letter begins a word, or a part of one; two letters prove that only where an abbreviation is asked for."""
    if not words or len(short) <= len(words) or len(short) < (2 if asked else 3) or words[0].folded[:1] != short[0]:
        return False
    if any(word.folded in STOP_WORDS for word in words) or sum(len(word.folded) for word in words) < _PART_CHARS * len(short):
        return False
    parts = [(word.folded[0], *(word.folded[joint.start()] for joint in _JOINT.finditer(word.folded[:40]))) for word in words]
    return _made_of_words(short, ["".join(letters) for letters in parts])
