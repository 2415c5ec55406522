"""Questions that presuppose their answer: "isn't it?", "given that A, what is A?", "is the false claim true?"."""

import re

from transforms.answers.canonical import canonical
from transforms.answers.quantities import parse_quantity, quantities_in
from transforms.english.kinship import are_kin
from transforms.pair_rules.leak_words import STOP_WORDS, Found, words_of

_VERBS = "is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|might"
_PRONOUNS = "it|they|he|she|we|you|i|there|this|that|these|those"
_TAG = re.compile(
    rf", (?:(?P<not>(?:{_VERBS}|ca|wo)n't (?:{_PRONOUNS})|(?:{_VERBS}) (?:{_PRONOUNS}) not)|(?:{_VERBS}) (?:{_PRONOUNS}))\?\W*$",
    re.I,
)
_RIGHT = re.compile(r", (?:right|correct|yes|no doubt|as everybody knows|don't you agree|don't you think)\?\W*$", re.I)
_NOT_TRUE = re.compile(
    r"^(?:isn't|is) it (?P<not>not )?(?:indeed )?(?:true|so|correct|right|a fact|the case|obvious|clear|well known)\b", re.I
)
_AS_KNOWN = re.compile(
    r"\bas (?:we|you|they|all|everybody|everyone|scientists|experts|historians)(?: all)? (?:(?:now|well) )?"
    r"(?:know|knows|agree|agrees|can see)\b|\bas is (?:well )?known\b",
    re.I,
)
_CALLED_FALSE = re.compile(
    r"\b(?:is|was|are|were) (?:the|this|that) (?:false|mistaken|untrue|wrong|debunked|disproved|refuted|erroneous|incorrect) "
    r"(?:claim|belief|idea|statement|notion|theory|rumou?r|assertion|view)\b.*\b(?:true|correct|right|accurate)\b"
    r"|^why (?:is|was) it (?:wrong|false|untrue|not true) (?:that|to)\b.*,? and (?:is|are|was|were|do|does|did|can)\b",
    re.I,
)
_CALLED_TRUE = re.compile(
    r"\b(?:is|was) (?:the|this|that) (?:true|correct|well-known|proven|established) (?:claim|fact|belief|idea|statement)\b.*"
    r"\b(?:true|correct|right|accurate)\b",
    re.I,
)
_NEGATION = re.compile(r"\b(?:not|no|never|cannot|none|nobody|nothing|neither|nor|without)\b|n't\b", re.I)
_GIVEN = re.compile(
    r"^(?:since|because|as|if|given(?: that)?|knowing that|considering that|seeing that|now that|granted that)\b", re.I
)
_BORDER = re.compile(
    r"[,;:.] (?:so |then |and |therefore )?(?=(?:what|which|how|who|when|where|is|are|was|were|do|does|did|can|could|has|"
    r"have|had|will)\b)",
    re.I,
)
_MOST_BORDERS = 8


def presupposed(question: str, answer: str) -> Found | None:
    """Where a question of yes or no tells which of them is right."""
    said = canonical(answer)
    if said not in ("yes", "no", "true", "false"):
        return None
    affirmed = said in ("yes", "true")
    whole = (0, len(question))
    if tag := _TAG.search(question):
        denied = bool(_NEGATION.search(question[: tag.start()]))
        return ("presupposed", tag.span()) if bool(tag["not"]) != denied and bool(tag["not"]) == affirmed else None
    if (right := _RIGHT.search(question)) and bool(_NEGATION.search(question[: right.start()])) != affirmed:
        return "presupposed", right.span()
    if affirmed and (known := _AS_KNOWN.search(question)):
        return "presupposed", known.span()
    true = _NOT_TRUE.match(question)
    if affirmed and true and (true["not"] or true[0].lower().startswith("isn't")):
        return "presupposed", true.span()
    if called := (_CALLED_TRUE if affirmed else _CALLED_FALSE).search(question):
        return "presupposed", called.span()
    for clause, asked in _clauses(question):
        denied = bool(_NEGATION.search(clause)) != bool(_NEGATION.search(asked))
        if denied != affirmed and _says(clause, asked, 0):
            return "presupposed", whole
    return None


def told_before(question: str, answer: str) -> Found | None:
    """Where a clause before the question has all that it asks with the number that it asks for."""
    wanted = parse_quantity(answer)
    if wanted is None:
        return None
    for clause, asked in _clauses(question):
        here = [found for found in quantities_in(clause) if found[2].value == wanted.value]
        if here and not any(other.value == wanted.value for *_, other in quantities_in(asked)) and _says(clause, asked, 2):
            place = question.find(clause) + here[0][0]
            return "told_before", (place, place + here[0][1] - here[0][0])
    return None


def _clauses(question: str) -> list[tuple[str, str]]:
    """What is given and what is asked, of "Since A, is B?"."""
    if not _GIVEN.match(question):
        return []
    borders = list(_BORDER.finditer(question))[-_MOST_BORDERS:]
    return [(question[: border.start()], question[border.end() :]) for border in borders]


_MOST_WORDS = 30


def _says(clause: str, asked: str, least: int) -> bool:
    """Whether each word of a question that tells something is in a clause, in any form, and there are more than `least`."""
    told = {word.folded for word in words_of(clause)[:_MOST_WORDS]}
    wanted = [
        word.folded for word in words_of(asked)[:_MOST_WORDS] if word.folded not in STOP_WORDS and word.folded not in _ASKING
    ]
    wanted = [word for word in wanted if word not in ("many", "much")]
    return len(wanted) > least and all(any(are_kin(word, other) for other in told) for word in wanted)


_ASKING = frozenset("what which how who when where true so indeed really then cant".split())
