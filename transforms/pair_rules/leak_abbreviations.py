"""Abbreviations: where a question has an answer shorter or longer, by its letters or by what the document says."""

import re
from collections.abc import Iterator
from itertools import islice

from transforms.answers.units import parse_unit
from transforms.grounding.find import find_in_text
from transforms.pair_rules.leak_words import MAX_DOCUMENT_CHARS, STOP_WORDS, Found, Place, Word


def other_lengths(question: str, words: list[Word], answer: str, wanted: list[Word], document: str) -> Iterator[Found]:
    """Where a question has the answer shorter or longer: its abbreviation, or what it abbreviates."""
    if len(wanted) > 1:
        yield from (("abbreviation", place) for place in _said_short(question, words, answer, wanted, document))
        return
    asked = bool(_SHORTENED.search(question))
    for word in words:  # "TB" for tuberculosis
        letters = _letters(word)
        if letters.isupper() and letters.isalpha() and _is_compound_of(letters.lower(), wanted, asked):
            yield "abbreviation", (word.start, word.end)
    yield from (("expansion", place) for place in _said_long(question, words, answer, document, asked))
    if symbol := parse_unit(answer) if len(answer) > 3 and answer.islower() else None:
        for word in words:  # "km" for kilometre
            if word.written != answer and len(word.written) > 1 and parse_unit(word.written) == symbol:
                yield "unit_variant", (word.start, word.end)


def _said_short(question: str, words: list[Word], answer: str, wanted: list[Word], document: str) -> Iterator[Place]:
    """ "WHO" or "W.H.O." for the World Health Organization."""
    given = _short_forms(answer, document)
    large = [word for word in wanted if word.folded not in STOP_WORDS]
    initials = {"".join(word.folded[0] for word in phrase) for phrase in (wanted, large)}
    shorts = given | {short for short in initials if len(short) >= 3 or (len(short) == 2 and answer.istitle())}
    for word in words:
        letters = _letters(word)
        known = letters.lower() in shorts or word.written.lower() in shorts
        known = known or (letters.isalpha() and letters.isupper() and _abbreviates(letters.lower(), wanted))
        capitals = sum(char.isupper() for char in letters)
        if known and len(letters) > 1 and (capitals > 1 or (capitals and letters.lower() in given)):
            yield word.start, word.end
    for dotted in _DOTTED.finditer(question):
        if re.sub(r"[.\-]", "", dotted[0]).lower() in shorts:
            yield dotted.span()


def _said_long(question: str, words: list[Word], answer: str, document: str, asked: bool) -> Iterator[Place]:
    """ "World Health Organization" for WHO, by its letters or by the document."""
    short = re.sub(r"[.\s\-]", "", answer)
    for letters in {short, short.removesuffix("s")}:
        if 2 <= len(letters) <= 8 and sum(char.isupper() for char in letters) >= 2 and letters.isalpha():
            yield from _expansions(words, letters.lower())
            yield from _compounds(words, letters.lower(), asked)
    for long in _long_forms(answer, document):
        if place := find_in_text(long, question):
            yield place


_DOTTED = re.compile(r"(?<!\w)(?:[A-Za-z][.\-]){2,}[A-Za-z]?")


def _letters(word: Word) -> str:
    return word.written.removesuffix("'s").removesuffix("s")


_LONG_RUN = 18  # letters of three words that are no accident: "liquefied petroleum gas"


def _abbreviates(short: str, wanted: list[Word]) -> bool:
    """Whether capitals are letters of a phrase that begin each of its words: "DNA" for deoxyribonucleic acid."""
    if not 3 <= len(short) <= 6 or len(wanted) > len(short):
        return False
    return _made_of_words(short, [word.folded for word in wanted if word.folded not in STOP_WORDS])


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


def _expansions(words: list[Word], short: str) -> Iterator[Place]:
    """Runs of words that begin with the letters of the answer; two letters need capitals."""
    for index in range(len(words)):
        run = words[index : index + len(short) - 1]
        for size in range(2, len(run) + 1):  # "Hypertext Markup Language" for HTML: fewer words than letters
            part = run[:size]
            if all(word.written[0].isupper() for word in part) and _made_of_words(short, [word.folded for word in part]):
                yield part[0].start, part[-1].end
        for skip_small in (False, True):
            ahead = enumerate(words[index : index + 2 * len(short)])
            run = [word for place, word in ahead if not (skip_small and place and word.folded in STOP_WORDS)][: len(short)]
            if "".join(word.folded[:1] for word in run) != short or STOP_WORDS & {run[0].folded, run[-1].folded}:
                continue
            capitals = sum(word.written[0].isupper() for word in run)
            sizes = [len(word.written) for word in run]
            three = len(short) == 3 and (capitals == 2 or min(sizes) > 3 or sum(sizes) >= _LONG_RUN)
            if three or len(short) >= 4 or capitals == len(short):
                yield run[0].start, run[-1].end


_SHORTENED = re.compile(
    r"\babbreviat|\bacronym|\bshort (?:name|form|for)\b|\bin short\b|\binitials\b|\bletters\b|\bmeant by\b|\bstands? for\b",
    re.IGNORECASE,
)
# A part of a compound begins here: "tri-nitro-toluene", "electro-cardio-gram", "di-phenyl-tri".
_JOINT = re.compile(r"(?<=[aeiouy])(?=[b-df-hj-np-tv-z])|(?<=yl)(?=[a-z])")
_PART_CHARS = 4  # that a part of a compound has on the average


def _compounds(words: list[Word], short: str, asked: bool) -> Iterator[Place]:
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


def _short_forms(answer: str, document: str) -> set[str]:
    """Abbreviations that a document gives in brackets after the answer."""
    found: set[str] = set()
    for after in _mentions(answer, document):
        bracket = re.match(r"[\"']?\s?\(([^()]{2,20})\)", after[1])
        if bracket:
            short = re.split(r"[,;]", bracket[1])[0].strip(" \"'")
            letters = short.lower()
            if " " not in short and sum(char.isupper() for char in short) >= 2 and _subsequence(letters, answer.lower()):
                found.add(letters)
    return found


def _long_forms(answer: str, document: str) -> set[str]:
    """What a document says an abbreviation stands for: "World Health Organization (WHO)", "WHO (World ...)"."""
    found: set[str] = set()
    if sum(char.isupper() for char in answer) < 2 or " " in answer or len(answer) > 10:
        return found
    for before, after in _mentions(answer, document):
        bracket = re.match(r"\s?\(([^()]{4,80})\)", after)
        if bracket and _subsequence(answer.lower(), bracket[1].lower()) and " " in bracket[1]:
            found.add(bracket[1])
        if before.endswith("("):
            words = before[:-1].split()[-2 * len(answer) :]
            phrases = (" ".join(words[-size:]) for size in range(1, min(len(words), len(answer) + 2) + 1))
            longer = (phrase for phrase in phrases if len(phrase) > len(answer) + 2 and phrase[0].lower() == answer[0].lower())
            found.update([phrase for phrase in longer if _subsequence(answer.lower(), phrase.lower())][:1])
    return found


def _subsequence(short: str, long: str) -> bool:
    """Whether the letters and digits of one text stand in another in their order."""
    rest = iter(long)
    return all(char in rest for char in short if char.isalnum())


def _mentions(answer: str, document: str) -> Iterator[tuple[str, str]]:
    """What stands before and after the first mentions of an answer."""
    document = document[:MAX_DOCUMENT_CHARS]
    flags = 0 if answer.isupper() else re.IGNORECASE
    for found in islice(re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", document, flags), 20):
        yield document[max(0, found.start() - 120) : found.start()], document[found.end() : found.end() + 100]
