"""Rules on the answer of a pair: short, of its type, and something that can be compared.

Each takes a pair and gives the `Fault` that it found, or None.
"""

import re

from transforms.answers.canonical import canonical
from transforms.english.number_words import PARTS, SMALL_NUMBERS
from transforms.languages.question_words import YES_NO
from transforms.languages.short_texts import ENGLISH, language_of
from transforms.records import Fault, QAPair
from transforms.text import SPACELESS, normalise, unify, words

MAX_ANSWER_WORDS = 12
MAX_ANSWER_CHARS = 150
# A list may name more things, and a formula has no words to count.
MAX_LIST_WORDS, MAX_LIST_CHARS = 40, 300
MAX_FORMULA_CHARS = 200
_SPACELESS = re.compile(f"[{SPACELESS}]")  # about three such characters make a word


_PLACEHOLDERS = frozenset(
    "unknown|n/a|not applicable|not available|not stated|not specified|not mentioned|not given|not provided|unspecified|"
    "undetermined|unclear|uncertain|none of the above|all of the above|both of the above|tbd|see above|see text|see document|"
    "cannot be determined|can't be determined|not enough information|insufficient information|no answer|no information|"
    "unanswerable|it depends|depends|various|varies|several|many|some|others|etc|...|?|-".split("|")
)
# As it is written: "Na" is sodium.
_NOT_AVAILABLE = frozenset({"NA", "N.A.", "N.A"})
# What a program says for nothing; an answer only where the question is about code.
_NOTHING = frozenset({"null", "nan", "nil", "undefined"})
_ABOUT_CODE = re.compile(
    r"\b(?:code|program\w*|languages?|keywords?|literals?|values?|variables?|pointers?|constants?|databases?|functions?|returns?"
    r"|markers?|floating|compiler|JavaScript|TypeScript|Python|SQL|JSON|YAML|Java|Rust|Ruby|Swift|Kotlin|Lua|pandas|NumPy|IEEE)\b"
    r"|\bGo\b|C\+\+|C#|/0\b"
)
_MEANING = re.compile(r"\b(?:stands? for|abbreviat\w+|mean|means|spelt|spelled)\b", re.IGNORECASE)  # of "N/A", for one
_PLACEHOLDER_START = re.compile(
    r"(?:it is |this is )?(?:not (?:explicitly )?(?:stated|specified|mentioned|given|provided|enough information)|"
    r"no (?:such )?(?:information|answer|data|details?|mention) (?:is|are|was|were|in|on|about|available|given|provided"
    r"|found)\b|unknown\b|cannot be (?:determined|answered)|the (?:document|text|passage|article) (?:does not|doesn't))"
)
_EXPLANATION = re.compile(
    r"(?:because|since it|so that|in order to|by (?:means of )?[a-z]+ing|due to|thanks to|it depends|it varies|there are "
    r"(?:many|several|various)|it (?:is|was|has|can|does)|they (?:are|were|have|can|do)|this (?:is|was|means)|when (?:the|a|you|"
    r"they|it)) "
)
# "It made books cheap", but not "It Happened One Night".
_CLAUSE_ANSWER = re.compile(r"(?:It|They|This|These|He|She|We|You|it|they|he|she|we|you) [a-z]+ [a-z]")
_OPEN_QUESTION = re.compile(
    r"\b(?:why|explain|describe|discuss|elaborate|summari[sz]e|outline|in what ways?|what (?:are|is) your|what do you "
    r"think|in your (?:own words|opinion|view)|how (?:do|does|did|can|could|would|should|might|is|are|was|were) (?!(?:many|much|"
    r"long|far|old|often|tall|high|deep|wide|heavy|fast|big|large)\b))",
    re.IGNORECASE,
)
_MAX_EXPLANATION_WORDS = 5
_SENTENCE = re.compile(r"\b(?:is|are|was|were|has|have|had|does|did|can|will|would|because|which|should|must|may)\b")
_NUMERIC = re.compile(
    r"[\d\u03c0\u221e\u215b-\u215e\u00bc-\u00be\u0660-\u0669\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341\u767e\u5343]"
    rf"|\b(?:{'|'.join((*SMALL_NUMBERS, *PARTS))}|none|hundreds?|thousands?|[mb]illions?|trillions?|dozens?|once|twice|thrice|"
    r"single|double|triple|pi|infinity|infinite|infinitely|a|an|all|both|couple|[ivxlcdm]{1,8})\b|^[a-z] ?[a-z]?$",
    re.IGNORECASE,
)
# "Millions of animals" says no number; "two millions" and "1.5 millions" do.
_INEXACT = re.compile(r"\b(?:dozens|hundreds|thousands|[mb]illions|trillions)\b", re.IGNORECASE)
_EXACT = re.compile(rf"\d|\b(?:{'|'.join(SMALL_NUMBERS)}|half)\b", re.IGNORECASE)
# Marks that are no answer by themselves.
_IDLE = re.compile("[\"'`\u00b4\u2018-\u201f\u00ab\u00bb,.;:_\u2013\u2014\u2026()\\[\\]{}\u200b-\u200d\ufeff\u00ad-]")


def answer_is_empty(pair: QAPair) -> Fault | None:
    """An empty reply is how the generator says that it found nothing to ask."""
    said = pair.answer if pair.answer_type in ("code", "expression") else _IDLE.sub("", pair.answer)
    return None if said.strip() and canonical(pair.answer, pair.answer_type) else Fault("answer_empty", "")


def answer_is_too_long(pair: QAPair) -> Fault | None:
    """Short answers alone can be compared by rule."""
    chars, count = len(pair.answer), len(words(pair.answer[:2000])) + len(_SPACELESS.findall(pair.answer[:2000])) // 3
    if pair.answer_type in ("expression", "code"):
        too_long = chars > MAX_FORMULA_CHARS
    elif pair.answer_type == "list":
        too_long = chars > MAX_LIST_CHARS or count > MAX_LIST_WORDS
    else:
        too_long = chars > MAX_ANSWER_CHARS or count > MAX_ANSWER_WORDS
    return Fault("answer_too_long", f"{count} words, {chars} characters") if too_long else None


def answer_is_question(pair: QAPair) -> Fault | None:
    """A question is no answer to a question."""
    asks = (
        pair.answer_type not in ("code", "expression")
        and len(pair.answer.strip()) > 1
        and pair.answer.strip().endswith(("?", "\uff1f"))
        and not _is_title(pair.answer)
    )
    return Fault("answer_is_question", pair.answer) if asks else None


def _is_title(answer: str) -> bool:
    """Whether the longer words have capitals: "Who's Afraid of Virginia Woolf?" is a play."""
    long = [word for word in answer.split()[1:] if len(word.strip("?!.,'\"")) > 3]
    return bool(long) and all(word.lstrip("'\"(")[:1].isupper() for word in long)


def answer_is_placeholder(pair: QAPair) -> Fault | None:
    """Some models would rather say that there is no answer than give none."""
    if pair.answer_type in ("code", "expression") or _MEANING.search(pair.question):
        return None
    said = normalise(pair.answer)
    plain = said.strip(" .")
    if language_of(pair.question) != ENGLISH:
        return Fault("answer_placeholder", pair.answer) if plain in ("", "?", "-", "n/a") else None  # "Nil" is a river
    empty = (
        {said, plain} & _PLACEHOLDERS
        or _PLACEHOLDER_START.match(said)
        or unify(pair.answer).strip() in _NOT_AVAILABLE
        or (plain in _NOTHING and not _ABOUT_CODE.search(pair.question))
    )
    return Fault("answer_placeholder", pair.answer) if empty else None


def answer_is_open_ended(pair: QAPair) -> Fault | None:
    """An explanation, an opinion or a whole sentence: right answers could be worded in any way."""
    if pair.answer_type in ("code", "expression", "yes_no", "list"):
        return None
    if language_of(pair.question) != ENGLISH:
        return None
    said = normalise(pair.answer)
    count = len(words(said))
    if count > 3 and (_EXPLANATION.match(said) or _CLAUSE_ANSWER.match(unify(pair.answer))):
        return Fault("answer_open_ended", "the answer explains")
    if count > 6 and _SENTENCE.search(said) and said.endswith("."):
        return Fault("answer_open_ended", "the answer is a sentence")
    asks = _OPEN_QUESTION.search(unify(pair.question)) if pair.answer_type in ("term", "option", "") else None
    if asks and count > _MAX_EXPLANATION_WORDS:
        return Fault("answer_open_ended", f"{asks[0].strip()!r} asks for an explanation")
    return None


# Of these words alone no date can be made: "in a year", "before the war", "some time later".
_VAGUE = frozenset(
    "in on at a an the that this these those some one same other long short time times ago year years month months week weeks "
    "day days hour hours after before during since until later earlier soon then now once war many several few while past future "
    "recently of it its very".split()
)


# "What is the difference between the groups?" - "no".
_ASKS_WHICH = re.compile(r"(?:(?:in|at|on|by|from|to|for|of|with) )?(?:what|who|whom|whose|how|when|where|why)\b", re.IGNORECASE)


def answer_does_not_fit_type(pair: QAPair) -> Fault | None:
    """Only what cannot be of its type: a number without one or of "millions", a date that names no time, a yes/no that is
    neither, an option not offered."""
    said = unify(pair.answer)
    kind = pair.answer_type
    if (language := language_of(pair.question)) != ENGLISH:
        wrong = language and kind == "yes_no" and said.lower().strip(" .!,\u3002") not in YES_NO
        return Fault("answer_type_mismatch", f"{said!r} is neither yes nor no") if wrong else None
    if kind in ("number", "percentage", "money", "duration") and not _NUMERIC.search(said):
        return Fault("answer_type_mismatch", f"{said!r} is no {kind}")
    if kind in ("number", "money") and _INEXACT.search(said) and not _EXACT.search(said):
        return Fault("answer_type_mismatch", f"{said!r} is no exact {kind}")
    if kind == "date" and said and all(word in _VAGUE for word in words(said.lower())):
        return Fault("answer_type_mismatch", f"{said!r} is no {kind}")
    if kind == "yes_no" and canonical(said, "yes_no") not in ("yes", "no"):
        return Fault("answer_type_mismatch", f"{said!r} is neither yes nor no")
    if kind == "yes_no" and (asked := _ASKS_WHICH.match(unify(pair.question))):
        return Fault("answer_type_mismatch", f"{said!r} is no answer to a question with {asked[0].lower()!r}")
    if kind == "option":
        offered = {word.lower() for word in words(normalise(pair.question))}
        if not any(word in offered for word in words(normalise(pair.answer))) and words(said):
            return Fault("answer_type_mismatch", f"{said!r} is none of the choices")
    return None


# "What other functions do chloroplasts perform?", "What are the symptoms of flu?": of all that there are, one is half an answer.
_ASKS_FOR_ALL = re.compile(
    r"(?:what|which) (?:(?:are|were) (?:the |some |some of the |other )*(?:(?!called|known|named|made|used)[a-z-]+ ){0,3}?"
    r"(?P<what>[a-z-]{3,}s)(?! (?:called|known|named|made|used)\b)|(?:other |two |three |four |five |main |major )*"
    r"(?:[a-z-]+ ){0,2}?(?P<which>[a-z-]{3,}s) (?:do|did|are|were|have|can|should|must))\b",
    re.IGNORECASE,
)
_NO_PLURAL = re.compile(r"(?:ss|us|is|ics|series|species|means|news|always|sometimes|does|was|has)$", re.IGNORECASE)
_SERIES_BEFORE = re.compile(
    r"(?:\w, ?(?:(?:and|or) )?(?:\w+ )?|\w,? (?:and|or) (?:the |a |an |much )?|(?:including|such as|both) (?:the |a |an )?)$"
)
_SERIES_BEHIND = re.compile(r"(?:,[^.;:!?\n]{1,120}?,? (?:and|or) \w|,? (?:and|or) (?:the |a |an )?\w)")


def answer_is_part_of_a_series(pair: QAPair) -> Fault | None:
    """One thing where all are asked for, and the document names others beside it."""
    asked = _ASKS_FOR_ALL.match(unify(pair.question))
    if (
        pair.answer_type in ("list", "yes_no", "option", "number", "percentage")
        or not asked
        or language_of(pair.question) != ENGLISH
    ):
        return None
    plural, answer = asked["what"] or asked["which"], pair.answer.strip()
    if (
        _NO_PLURAL.search(plural)
        or re.search(r",|\b(?:and|or)\b", answer)
        or (answer.endswith("s") and not _NO_PLURAL.search(answer))
    ):
        return None
    text = pair.task.document.text
    for found in re.finditer(re.escape(answer), text, re.IGNORECASE):
        before, behind = text[max(0, found.start() - 60) : found.start()], text[found.end() : found.end() + 160]
        if _SERIES_BEHIND.match(behind) and (behind[0] == "," or _SERIES_BEFORE.search(before)):
            return Fault("answer_incomplete", f"{answer}{behind[:60].splitlines()[0]}")
    return None


# "over 150" is no 150. "About" and "nearly" leave a number what it is.
_BOUND = (
    r"(?:over|more than|at least|up to|within|less than|fewer than|under|no more than|no fewer than|a minimum of|a maximum of)"
)
_BOUNDED_BEFORE = re.compile(rf"\b{_BOUND} (?:the |a |an |about |some |\$|\u20ac|\u00a3)?$", re.IGNORECASE)
_ASKS_A_BOUND = re.compile(
    rf"\b(?:{_BOUND}|least|most|minimum|maximum|limit\w*|bound\w*|threshold|exceed\w*|ceiling|floor|deadline|by when)\b",
    re.IGNORECASE,
)


def answer_is_a_bound(pair: QAPair) -> Fault | None:
    """A number that the document gives as a bound alone, "over 150", where neither question nor answer says so."""
    if pair.answer_type not in ("number", "percentage", "money", "duration") or language_of(pair.question) != ENGLISH:
        return None
    if _ASKS_A_BOUND.search(f"{pair.question} {pair.answer}"):
        return None
    text, answer = pair.task.document.text, pair.answer.strip()
    places = [found.start() for found in re.finditer(rf"(?<![\w.,]){re.escape(answer)}(?![\w%])", text, re.IGNORECASE)]
    bounds = [bound for place in places if (bound := _BOUNDED_BEFORE.search(text[max(0, place - 40) : place]))]
    return Fault("answer_incomplete", f"{bounds[0][0]}{answer}") if bounds and len(bounds) == len(places) else None
