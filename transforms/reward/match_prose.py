"""Prose: whether a few sentences say the right value, name, place or term, and no other.

The whole text may be the answer, or its first or last sentence says it and no other sentence says
something else. In doubt it does not: a policy can always learn to say its answer plainly, and learns
as fast whatever else is rewarded.
"""

import re

from transforms.answers.dates import parse_date
from transforms.answers.markup import plain
from transforms.answers.quantities import parse_quantity
from transforms.english.function_words import BE, DO, HAVE
from transforms.english.sentences import split_sentences
from transforms.english.verbs import is_verb
from transforms.reward.echo import MASK, without_echoes
from transforms.reward.enumerations import lists_right_items, names_right_items
from transforms.reward.hedges import ANY_HEDGE, DISOWNS, HEDGE, NEGATION, OFFERS, objected
from transforms.reward.mentions import FUNCTION_WORDS, text_mentions, values_in, words_of
from transforms.reward.modifiers import counted, unknown_commands
from transforms.reward.rivals import GLOSSES, converts, uncontested
from transforms.reward.truth import Truth
from transforms.text import normalise, unify, words

# Longer texts are read at their beginning and their end only.
_MAX_SHORT_WORDS = 120
_MAX_SENTENCE_CHARS = 300
_MAX_NAMED = 8  # more candidates in one sentence are a list of them

_LEAD = re.compile(
    r"(?:(?:so|therefore|thus|hence|then|well|sure|certainly|of course|okay|ok|yes|indeed|clearly|finally|in short|in summary|"
    r"in conclusion|to conclude|i (?:think|believe|would say|say|choose|pick|select)(?: that)?|we (?:get|have|find|"
    r"conclude)(?: that)?|the (?:final |correct |right )?(?:answer|result|solution) is|(?:final |correct )?answer|result|"
    r"solution|conclusion|total|simply|definitely|that is|that's|this is|it is|it's|it was|they are|they were|these are|"
    r"those are|there are|there were|there is|here it is|here is the answer|a total of|exactly|the year was|"
    r"the year)(?![\w'-])[,:!.]?(?:\s{1,3}|$))+",
    re.IGNORECASE,
)
_ITEM = re.compile(
    r"^\s{0,3}(?:(?:\d{1,2}[.)]|[-*\u2022])\s{1,3}|(?:=>|->|\u2192|\u27f6|=|[\U0001F300-\U0001FAFF\u2700-\u27bf]\ufe0f?)\s{0,3})(?=\S)"
)
_VALUE_ITEM = re.compile(_ITEM.pattern.replace(r"\d{1,2}[.)]|[-*", "[*"))  # "42. " and "- 5" are no marks of a list there
_ENUMERATES = re.compile(r"(?:^|\s)(?:\(?[a-hA-H1-9]\)|\(i{1,3}\)|[1-9]\.)(?=\s\S)")
_DECORATION = re.compile(r"\s{0,3}(?:[\U0001F300-\U0001FAFF\u2700-\u27bf]\ufe0f?|[:;]-?[)(D])\s{0,3}$")
_IT_IS = re.compile(
    r"^(?:it|that|this|they|he|she|the [\w' -]{1,60}?)(?:'s| is| was| are| were)\s{1,3}(?:called |named |known as )?(?=\S)",
    re.IGNORECASE,
)
_IS_THE = re.compile(r"((?:[A-Z][\w'.-]{0,40} ){1,4})(?:is|was|are|were) (?:the|its|their) (?!same\b)")
_REFERS = re.compile(r"(?:it|that|this|they|he|she|these|those|the answer)\b|[^\s]+(?: [^\s]+){0,3}$", re.IGNORECASE)
_BEING = BE | HAVE | DO
_PLEASANTRY = re.compile(
    r"(?:sure|certainly|of course|okay|ok|yes|great question|good question|thank you|thanks|done|qed|let(?:'s| me| us)? [\w "
    r"]{1,30}|hmm|well|great|(?:i )?hope (?:this|that|it) (?:helps|is correct)|here you go|here it is|step by step)[.!:,]*",
    re.IGNORECASE,
)


def states_prose(text: str, truth: Truth) -> bool:
    """Whether a text says the right value, name, place or term."""
    return any(_states(text, part) for part in truth.parts)


def _states(text: str, truth: Truth) -> bool:
    if _CROSSED.match(text):
        return False
    prose = without_echoes(plain(text), truth)
    if "\n" not in prose:
        prose = _DECORATION.sub("", (_VALUE_ITEM if truth.is_value else _ITEM).sub("", prose))
    if _DENIED.match(prose):
        return False
    if "\u03c0" in truth.answer or truth.is_value:
        prose = _PI.sub("\u03c0", prose)
    if truth.is_value:
        if _only_values(unify(prose), truth):
            return False
        if bars := _BARS.fullmatch(prose):
            prose = bars[1]
        if debit := _DEBIT.fullmatch(prose):
            return truth.said_by(f"-{debit[1]}")
    letter = _OPTION.match(prose)
    if truth.said_by(_unquoted(prose)):
        return True
    if letter and truth.said_by(prose[letter.end() :]) and truth.answer_type != "name":
        return True
    if not truth.is_value and not HEDGE.search(prose) and lists_right_items(prose, truth):
        return True
    prose = _BEFORE_MASK.sub("\n", prose)
    found = [sentence for sentence in split_sentences(prose) if not _PLEASANTRY.fullmatch(sentence.strip())]
    if not found:
        return False
    saying = [_says(sentence, truth) for sentence in found]
    place = _answering(found, saying, truth)
    if place is None:
        return False
    others = [sentence for index, sentence in enumerate(found) if index != place and not saying[index]]
    if any(OFFERS.search(other) or DISOWNS.search(other) for other in others):
        return False
    if any(other.endswith(":") and (NEGATION.search(other) or _FALSE.search(other)) for other in others):
        return False
    if any(_IS_ANSWER.search(other) for other in others):
        return False
    # On the way to a number there are others.
    objection = _is_other if truth.is_value and place else contradicts_prose
    if any(objection(other, truth) for other in others) or _ends_two_ways(found, truth):
        return False
    return saying[-1] or not truth.is_value or not any(map(_concludes, others))


def _answering(found: list[str], saying: list[bool], truth: Truth) -> int | None:
    """Which sentence gives the answer: the first, the last, or one between that repeats the question; None if none does."""
    if not any(saying):
        return None
    short = sum(len(sentence.split()) for sentence in found) <= _MAX_SHORT_WORDS
    if saying[0] and (short or len(found[0].split()) <= 6 or _takes_up(found[0], truth)):
        return 0
    if saying[-1]:
        return len(found) - 1
    if truth.question and saying[1]:
        return 1
    return next((index for index, says in enumerate(saying) if says and _takes_up(found[index], truth)), None)


def _takes_up(sentence: str, truth: Truth) -> bool:
    """Whether a sentence speaks of what was asked."""
    return MASK in sentence or len(truth.asked.intersection(words(normalise(sentence)))) > 1


_OPTION = re.compile(r"\(?[A-H][.)]\s(?=\S)")  # "B. Manchuria"
# "Sydney is the right answer.", "The capital is also Sydney.", "In truth it is Sydney."
_IS_ANSWER = re.compile(
    r"\b(?:is|was) (?:the (?:right|correct|real|true|actual) (?:answer|one)|the answer|also(?= (?-i:[A-Z])))|\bin (?:truth|"
    r"fact|reality),? (?:it|he|she|they|the)\b",
    re.IGNORECASE,
)
_BEFORE_MASK = re.compile(rf"(?<=[.!?]) (?={MASK})")
_CROSSED = re.compile("\\W{0,4}[\u274c\u2717\u2718\u2716\U0001f6ab]")
_FALSE = re.compile(r"\b(?:wrong|incorrect|false|far away|avoid)\b", re.IGNORECASE)
_DENIED = re.compile(r"[\"'(]{0,6}[!~-](?=[A-Za-z])")  # !Paris, ~Paris, -entropy
_PI = re.compile(r"(?<=\d) ?pi(?!\w)", re.IGNORECASE)
_DEBIT = re.compile(r"\(([$\u20ac\u00a3\u00a5][\d.,]{1,30})\)\.?")  # so accounts write what is owed: ($42)
_BARS = re.compile(r"\|([^|-]{1,60})\|\.?")
_BETWEEN = re.compile(r"[,;:&|/\u00d7\u00b7]|\band\b", re.IGNORECASE)


def _only_values(prose: str, truth: Truth) -> bool:
    """Whether a text is several values and nothing else, be they the same: "(42, 42)", "42; 42"."""
    if len(prose) > _MAX_SENTENCE_CHARS or "=" in prose or not _BETWEEN.search(prose):
        return False
    rest, values = prose, values_in(prose, truth)
    for value in reversed(values):
        rest = rest[: value.start] + " " + rest[value.end :]
    return len(values) > 1 and not re.search(r"\w", _BETWEEN.sub("", rest)) and bool(_BETWEEN.search(rest))


def contradicts_prose(sentence: str, truth: Truth) -> bool:
    """Whether a sentence is, or says in so many words, another answer: "Lyon.", "It is Lyon.", "Lyon is the capital."."""
    bare = without_lead((_VALUE_ITEM if truth.is_value else _ITEM).sub("", plain(sentence)))
    if not re.search(r"\w", bare) or len(bare) > _MAX_SENTENCE_CHARS:
        return False
    if bare.endswith((":", "?")) or _PLEASANTRY.fullmatch(bare):
        return False
    ruled_out = _NOT_OTHERS.match(f", {bare.lstrip(' ,;(')}")
    if ruled_out and _are_others(ruled_out[1], truth):
        return False
    subject = _IS_THE.match(bare)
    if subject and (not truth.question or _takes_up(sentence, truth)) and truth.is_proper and not subject[1].startswith("The "):
        return not truth.said_by(subject[1]) and not states_prose(sentence, truth)
    said = _IT_IS.sub("", bare)
    if truth.question and not _REFERS.match(bare) and not _takes_up(sentence, truth):
        return False
    words = said.split()
    if said == bare:
        return _is_other(bare, truth)
    if not words or len(words) > 4 or truth.said_by(said) or states_prose(sentence, truth):
        return False
    if truth.is_value:
        return any(char.isdigit() for char in said)
    if truth.question and parse_quantity(said, "number"):  # how long it is, and not what
        return False
    return (said[:1].isupper() or not truth.is_proper) and words[0].lower() not in GLOSSES


def _is_other(sentence: str, truth: Truth) -> bool:
    """Whether a sentence is no more than another answer: "Lyon.", "7"."""
    words = [word.strip(".,!").lower() for word in sentence.split()]
    longest = max(3, truth.most_words + (3 if truth.is_value else 1))
    if not 0 < len(words) <= longest or words[0] in GLOSSES or sentence.endswith((":", "?")) or truth.said_by(sentence):
        return False
    if any(word in _BEING or is_verb(word) for word in words[1:]) or (truth.is_value and not values_in(unify(sentence), truth)):
        return False
    return not states_prose(sentence, truth)


def without_lead(text: str) -> str:
    """What a sentence says after "So, the answer is" and its like."""
    lead = _LEAD.match(text)
    return text[lead.end() :].strip() if lead and text[lead.end() :].strip() else text.strip()


_QUOTATION_MARKS = "\"'\u201c\u201d`"
_PRIMES = re.compile(r"\d[\"'\u201d`]{1,4}$")


def _unquoted(text: str) -> str:
    """A text without its quotation marks; behind a digit they must close something, or they are primes: 5''."""
    text = text.strip()
    bare = text.rstrip(".,;")
    if not _PRIMES.search(bare):
        return text.strip(_QUOTATION_MARKS).strip()
    while len(bare) > 2 and bare[0] in _QUOTATION_MARKS and bare[-1] in _QUOTATION_MARKS:
        bare = bare[1:-1].strip()
    return bare


def _ends_two_ways(found: list[str], truth: Truth) -> bool:
    """Whether the same beginning is given two endings: "The capital is Paris. The capital is Lyon." """
    ends: dict[str, list[str]] = {}
    for sentence in found:
        frame = re.match(r"(.{2,60}? (?:is|was|are|were)) (?!an? )(.+)", sentence, re.IGNORECASE)
        if frame and len(frame[2].split()) <= 6:
            ends.setdefault(normalise(frame[1]), []).append(sentence)
    return any(len(same) > 1 and not all(_says(sentence, truth) for sentence in same) for same in ends.values())


# --- One sentence --------------------------------------------------------------------------------


def _says(sentence: str, truth: Truth) -> bool:
    """Whether one sentence says the answer: bare, or named among words that do not object."""
    sentence = unify(sentence)
    if len(sentence) > _MAX_SENTENCE_CHARS or sentence.endswith("?") or len(_ENUMERATES.findall(sentence)) > 1:
        return False
    bare = without_lead(sentence)
    contrast = _NOT_OTHERS.search(bare)
    if contrast and _are_others(contrast[1], truth):
        return _says(bare[: contrast.start()], truth)
    if truth.said_by(_unquoted(bare)) and not ANY_HEDGE.search(sentence[: len(sentence) - len(bare)]):
        return True
    return _names_value(sentence, truth) if truth.is_value else _names_text(sentence, truth)


# "42, not 43", "Canberra (and not Sydney, as many think)".
_NOT_OTHERS = re.compile(
    r"\s{0,3}(?:[,(;\u2014-] ?|(?<=\w) (?=rather|instead|as opposed))(?:and |but )?(?:not|rather than|instead of|as opposed to) "
    r"([^,;()\s]+(?: [^,;()\s]+){0,7}?)(?:,? as (?:many|some|most)(?: people)? (?:think|believe|say|assume))?\)?[.!]?$",
    re.IGNORECASE,
)
_OTHER = re.compile(r"(?:(?:in|on|at|the|a|an) )*(.+)", re.IGNORECASE)


def _are_others(named: str, truth: Truth) -> bool:
    """Whether what is ruled out are values or names like the answer, and none of them is it."""
    others = [_OTHER.sub(r"\1", other.strip(" ,.")) for other in re.split(r" or | nor |, ", named)]
    return all(other and not truth.said_by(other) and _is_of_its_kind(other, truth) for other in others)


def _is_of_its_kind(other: str, truth: Truth) -> bool:
    if truth.is_value:
        return bool(parse_date(other) if truth.dates else parse_quantity(other, truth.answer_type))
    return truth.is_proper and all(word[:1].isupper() for word in other.split()) and not text_mentions(words_of(other), truth)


def _names_text(sentence: str, truth: Truth) -> bool:
    if unknown_commands(sentence, truth.answer):
        return False
    words = words_of(sentence)
    introduced, colon, _ = sentence.partition(": ")
    if colon and NEGATION.search(introduced):  # "It is not one of: France, Italy"
        return False
    places = [(words[start].start, words[end - 1].end) for start, end in text_mentions(words, truth)]
    if not places or len(places) > _MAX_NAMED or any(objected(sentence, *place, truth) for place in places):
        return False
    return all(uncontested(sentence, *place, truth) for place in places) or names_right_items(sentence, truth)


# What comes last is what is worked out: "12 * 3 = 36".
_WORKED_OUT = re.compile(
    r"(?<![<>!\u2260\u2264\u2265])=(?![<>])|\u2248|\b(?:equals|is equal to|makes|gives|yields|totals|comes to|adds up to|"
    r"results in|thus|therefore|hence|so)\b",
    re.IGNORECASE,
)
_CONTRAST = re.compile(
    r",? (?:including|which|with|while|whereas|compared (?:with|to)|as opposed to|up from|down from|unlike)\b(?= \S+ \S+)",
    re.IGNORECASE,
)
_BECAUSE = re.compile(
    r",? (?:because|since|(?<!well )as(?! well)|for|which|i\.e\.|given that|from|is the|is a|is what|was the|are the)\b"
    r"|\s{0,3}\((?=[^()+*\u00d7\u00b7=]{0,80}[+*\u00d7\u00b7=][^()]{0,80}\)\W{0,4}$)",
    re.IGNORECASE,
)


def _concludes(sentence: str) -> bool:
    found = _WORKED_OUT.search(sentence)
    return bool(found and re.search(r"\d", sentence[found.end() :]))


def _names_value(sentence: str, truth: Truth) -> bool:
    if not truth.dates:
        ends = [found.end() for found in _WORKED_OUT.finditer(sentence)]
        if ends and sentence[ends[-1] :].strip():
            clause = re.split(r"[,;]", sentence[: ends[-1]])[-1]
            return not NEGATION.search(clause) and not ANY_HEDGE.search(clause) and _says(sentence[ends[-1] :].strip(), truth)
    sentence = _contrasted(sentence)
    reason = _BECAUSE.search(sentence)
    head = sentence[: reason.start()] if reason else ""
    if re.search(r"\d", head) and _says(head, truth):  # "144, because 12 * 12 = 144"
        return not ANY_HEDGE.search(sentence) and not NEGATION.search(sentence)
    values = values_in(sentence, truth)
    if len(values) > _MAX_NAMED or unknown_commands(sentence, truth.answer):
        return False
    right = [(value.start, value.end) for value in values if value.right]
    wrong = [value for value in values if not value.right and not _bracketed(sentence, value.start, value.end, truth)]
    if not right or wrong or not (truth.dates or _all_plain(sentence, right)):
        return False
    return all(not objected(sentence, *place, truth) and uncontested(sentence, *place, truth) for place in right)


_BEFORE_VALUE = (FUNCTION_WORDS - frozenset("from by since until over under between on as not i".split())) | frozenset(
    "answer result solution number value sum year precisely approx circa ca overall altogether all up say my every me us".split()
)
_BEHIND_VALUE = (FUNCTION_WORDS - frozenset("i".split())) | frozenset("per out".split())


def _all_plain(sentence: str, places: list[tuple[int, int]]) -> bool:
    """Whether nothing unknown stands beside these values in a text that is no sentence: "blorp 5" and "5 blorp" are not plain.

    In a sentence any word may stand there: "It has 5 blorp."
    """
    shown = sentence
    for start, end in places:
        shown = f"{shown[:start]}{'#' * (end - start)}{shown[end:]}"
    words = [word.strip("\"'(),.;$*[]{}") for word in shown.split()]
    if any(word.lower() in _BEING or is_verb(word) or _PAST.fullmatch(word) for word in words) or _BEGINS_SENTENCE.match(shown):
        return True
    return all(_is_plain(sentence, shown, start, end) for start, end in places)


def _is_plain(sentence: str, shown: str, start: int, end: int) -> bool:
    if sentence[end : end + 1] == "!":
        return False
    words = re.findall(r"[^\W_][\w'.-]*|:", shown[:start])
    introduced = not words or ":" in words or words[-1].lower() == "of"
    if not introduced and any(word.lower().strip(".") not in _BEFORE_VALUE for word in words):
        return False
    following = re.match(r"[ -]([^\W\d_].*)", sentence[end:])
    if not sentence[end - 1 : end].isdigit() and (said := parse_quantity(sentence[start:end])) and said.unit:
        return True
    return not following or following[1].split()[0].lower().strip(",.;:") in _BEHIND_VALUE or counted(following[1].split())


_BEGINS_SENTENCE = re.compile(
    r"(?:so |thus |hence |then |therefore |,){0,4}(?:we|i|it|he|she|they|you|this|that|there) [a-z]{3}", re.IGNORECASE
)
_PAST = re.compile(r"(?!squared|cubed)[a-z]{3,30}ed", re.IGNORECASE)


def _contrasted(sentence: str) -> str:
    """A sentence up to what it only compares with: "206, while babies have 270"."""
    contrast = _CONTRAST.search(sentence)
    head = sentence[: contrast.start()] if contrast else ""
    return head if re.search(r"\w{3}", head) and re.search(r"\d", head) else sentence


def _bracketed(sentence: str, start: int, end: int, truth: Truth) -> bool:
    """Whether a value in brackets is the right one in another unit."""
    before, after = sentence[:start].rstrip(), sentence[end:].lstrip()
    return before.endswith("(") and after.startswith(")") and converts(sentence[start:end], truth)
