"""Modifiers: what stands right beside an answer and makes another one of it.

"twice 5", "5 squared", "\\sqrt 5", "5\u03c0", "5!", "\u00b1 5" and "since 1923", "the 1920s" have the digits of an answer and not
its value. A command or, in a text without a verb, a word that is not known here counts as one of them.
"""

import re

from transforms.answers.markup import COMMAND
from transforms.english.number_words import UP_TO_TWENTY
from transforms.english.stems import singular

# --- Operations ----------------------------------------------------------------------------------

_FUNCTIONS = (
    r"log(?:arithm)?|exp(?:onential)?|sine|cosine|tangent|(?:square|cube|fourth|n-?th) root|root|square|cube|factorial|"
    r"reciprocal|inverse|negative|absolute value|floor|ceiling|multiple|derivative|integral|modulus|complement|negation|"
    r"half|third|quarter|fifth|tenth"
)
_TIMES = rf"twice|thrice|double|triple|quadruple|quintuple|half|(?:{'|'.join(UP_TO_TWENTY[2:11])}|\d+) times"
# Every sign of mathematics but those that say that a value follows, or that it was found: "\u2234", "\u223c", "\u2248", "\u220e".
_SIGNS = "\u2200-\u220d\u220f-\u2233\u2235-\u223b\u223d-\u2247\u2249-\u22ff\u2a00-\u2aff\u00ac\u00b1\u00d7\u00b7\u00f7"
_OPERATED_BEFORE = re.compile(
    rf"(?:\b(?:(?:{_FUNCTIONS})s? of|to the power(?: of)?|raised to|divided by|multiplied by|modulo|mod|choose|"
    rf"(?:{_TIMES})(?: as (?:much|many|large|big|long) as)?|log|ln|lg|exp|(?:arc)?(?:sin|cos|tan)h?|cot|sec|csc|sqrt|lim|max|min|"
    r"det|negative|minus|plus or minus|upwards? of|(?:in )?excess of|just short of|(?:one|\d) in)"
    rf"(?: (?:the|a|an|about|that of|its))?|(?<![\w.])[\u0370-\u03ff]|[{_SIGNS}]|[A-Za-z]\(|(?<!\w)!$)\s{{0,3}}$",
    re.IGNORECASE,
)
_OPERATED_BEHIND = re.compile(
    rf"\s{{0,3}}(?:[{_SIGNS}\u2190-\u21ff\u2030\u2032\u2033^]|[\u0370-\u03ff](?!\w)|\*\*(?= ?[\d(])|"
    r"-?(?:squared|cubed|doubled|tripled|halved|factorial|halves|thirds|quarters|fourths|fifths|sixths|tenths|hundredths|"
    r"thousandths|millionths|fold|choose|mod|modulo|plus|minus|divided by|multiplied by|over(?= \d)|"
    r"times(?= (?:as|more|less|the|larger|smaller|that|\d))|"
    r"(?:raised )?to the (?:[a-z]+ )?power|as (?:many|much)|(?:of )?(?:an?|one) (?:per ?cent|percentage)|minimum|maximum|"
    r"or thereabouts)\b|of \d[\d.,]* ?(?:%|per ?cent)|"
    r"[,(-]?\s{0,3}not\W*$|[,(]?\s{0,3}not (?:quite|exactly|really|entirely|necessarily|certain|sure|only|just|merely|always|"
    r"far)\b|"
    r"[,(]?\s{0,3}(?:and |but )not (?:only|just|merely|quite|exactly)\b)",
    re.IGNORECASE,
)


def operated(sentence: str, start: int, end: int) -> bool:
    """Whether an operation is done on what stands at this place: "twice 5", "5 squared", "the square root of mass"."""
    before, behind = sentence[max(0, start - 60) : start], sentence[end : end + 60]
    if before.rstrip().endswith("|") and sentence.startswith("-", start):  # |-5|
        return True
    return bool(_OPERATED_BEFORE.search(before) or _OPERATED_BEHIND.match(behind))


def unknown_commands(text: str, known: str) -> bool:
    """Whether a text, as `markup.plain` leaves it, holds a LaTeX command that is not understood and not in the answer."""
    return any(command[0] not in known for command in COMMAND.finditer(text))


# --- Times ---------------------------------------------------------------------------------------

_SPAN_BEFORE = re.compile(
    r"\b(?:(?<!not )(?:since|until|till|til)|up to|by|pre|post|(?<!dates )(?<!dated )(?<!dating )(?<!back )(?<!comes )(?<!stems )"
    r"from|starting|beginning|ending|through|thru|as of|effective|eve of|decade of|"
    r"(?<!dates )(?<!dated )(?<!back )(?<!traced )to)"
    r"(?:[ -](?:about|around|the|year|from|in|on|as early as|at least)){0,3}[ -]?$",
    re.IGNORECASE,
)
_SPAN_BEHIND = re.compile(
    r"\s{0,3},?\s{0,3}(?:onwards?\b|(?:until|till|til|through|thru|to)\b|on\b(?=\W*$)|"
    r"(?:and|or) (?:later|after|onwards?|beyond|before|earlier|since|thereafter)\b|"
    r"at the (?:very )?(?:earliest|latest)\b|'?s\b|bce?\b|b\.c\.)",
    re.IGNORECASE,
)


def spans(sentence: str, start: int, end: int) -> bool:
    """Whether a date is only where a time begins or ends: "since 1923", "1923 onwards", "the 1920s"."""
    return bool(_SPAN_BEFORE.search(sentence[max(0, start - 60) : start]) or _SPAN_BEHIND.match(sentence[end : end + 40]))


# --- Units ---------------------------------------------------------------------------------------

_WEAK_UNIT = re.compile(r"\d(?:['\"\u2032\u2033]+|!+)$|(?:\d{3}|\d0)'?s$|\d{3} s$|\d[kKmMbBtT]$")


def weak_unit(written: str) -> bool:
    """Whether a mark behind a number may be no unit: the decade "1920s", the primes of 5'', the millions of "5M", a factorial."""
    return bool(_WEAK_UNIT.search(written.rstrip(" .,;:)]")))


# Plurals that do not look it, and what may stand behind a number and counts nothing.
_MANY = frozenset(
    "people men women children mice geese teeth feet sheep fish deer species series bacteria phyla fungi nuclei criteria data "
    "media genera strata larvae algae alumni stimuli radii axes vertices matrices indices formulae aircraft spacecraft offspring "
    "staff cattle police".split()
)  # fmt: skip
_AROUND = frozenset("total altogether overall each only exactly precisely approximately apiece combined old alone".split())
_NOT_COUNTED = frozenset(
    "times halves thirds quarters fourths fifths sixths tenths hundredths thousandths millionths pis radians factorials".split()
)


def counted(words: list[str]) -> bool:
    """Whether words behind a number say what is counted: "carbon atoms", "people in total"; not "squared", "pi", "times"."""
    for word in words[:4]:
        lower = word.lower().strip(".,;:!()'\"")
        if not lower.replace("-", "").isalpha() or lower in _NOT_COUNTED:
            return False
        if lower in _MANY or lower in _AROUND or (len(lower) > 3 and singular(lower) != lower):
            return True
    return False
