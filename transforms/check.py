"""Check: rules that a pair must pass before anybody pays to verify it.

Input:    PCollection[QAPair]
Passed:   PCollection[QAPair], with only those aliases that the document grounds
Rejected: Rejection, reason in `REASONS`; the detail says what was seen
Source:   Webscale-RL, arXiv:2510.06499: short answers grounded in the document, questions that stand
          alone and do not give the answer away.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from transforms.answers import canonical, list_items, unify_lines
from transforms.grounding import find_in_text
from transforms.leakage import find_leak
from transforms.outcome import Outcome, apply_rules, as_outcome
from transforms.records import QAPair, Rejection, reject
from transforms.text import normalise, unify, words

__all__ = ["REASONS", "CheckQA", "check_pair", "find_leak", "grounded_aliases"]

REASONS = (
    "answer_empty",
    "answer_too_long",
    "answer_is_question",
    "answer_placeholder",  # "unknown", "not stated", "all of the above"
    "answer_open_ended",  # an explanation or an opinion: nothing that can be compared
    "answer_type_mismatch",  # typed as a number and says none, and the like
    "question_too_short",
    "question_too_long",
    "question_not_a_question",
    "question_multiple",  # asks two things, so no one answer is right
    "question_refers_to_document",  # "according to the passage", "this study"
    "question_dangling_pronoun",  # "When was he born?"
    "question_deictic_date",  # "today", "last year": right only when it was written
    "answer_not_in_document",
    "answer_in_question",  # the detail names the kind, one of `leakage.LEAKS`
)

MAX_ANSWER_WORDS = 12
MAX_ANSWER_CHARS = 150
# A list may name more things, and a formula has no words to count.
MAX_LIST_WORDS, MAX_LIST_CHARS = 40, 300
MAX_FORMULA_CHARS = 200
MIN_QUESTION_WORDS, MAX_QUESTION_WORDS = 3, 100
MAX_QUESTION_CHARS = 800


class Fault(NamedTuple):
    """What is wrong with a pair: a reason of `REASONS`, and what was seen."""

    reason: str
    detail: str


# --- The answer ----------------------------------------------------------------------------------

_PLACEHOLDERS = frozenset(
    "unknown|n/a|na|not applicable|not available|not stated|not specified|not mentioned|not given|not provided|unspecified|"
    "undetermined|unclear|uncertain|none of the above|all of the above|both of the above|tbd|see above|see text|see document|"
    "cannot be determined|can't be determined|not enough information|insufficient information|no answer|no information|"
    "unanswerable|"
    "it depends|depends|various|varies|several|many|some|others|etc|null|nan|...|?|-".split("|")
)
_PLACEHOLDER_START = re.compile(
    r"(?:it is |this is )?(?:not (?:explicitly )?(?:stated|specified|mentioned|given|provided|enough information)|"
    r"unknown\b|cannot be "
    r"(?:determined|answered)|the (?:document|text|passage|article) (?:does not|doesn't))"
)
_EXPLANATION = re.compile(
    r"(?:because|since it|so that|in order to|by (?:means of )?[a-z]+ing|due to|thanks to|it depends|it varies|there are "
    r"(?:many|several|"
    r"various)|it (?:is|was|has|can|does)|they (?:are|were|have|can|do)|this (?:is|was|means)|when (?:the|a|you|they|it)) "
)
_OPEN_QUESTION = re.compile(
    r"\b(?:why|explain|describe|discuss|elaborate|summari[sz]e|outline|in what ways?|what (?:are|is) your|what do you "
    r"think|in your "
    r"(?:own words|opinion|view)|how (?:do|does|did|can|could|would|should|might|is|are|was|were) (?!(?:many|much|long|"
    r"far|old|often|tall|"
    r"high|deep|wide|heavy|fast|big|large)\b))",
    re.IGNORECASE,
)
_MAX_EXPLANATION_WORDS = 5
_SENTENCE = re.compile(r"\b(?:is|are|was|were|has|have|had|does|did|can|will|would|because|which|should|must|may)\b")
_NUMERIC = re.compile(
    r"[\d\u03c0\u221e\u215b-\u215e\u00bc-\u00be\u0660-\u0669\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341\u767e\u5343]"
    r"|\b(?:zero|none|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|"
    r"sixty|seventy|"
    r"eighty|ninety|hundreds?|thousands?|[mb]illions?|trillions?|dozens?|half|halves|thirds?|quarters?|fifths?|once|twice|thrice|"
    r"single|double|triple|pi|infinity|infinite|infinitely|a|an|all|both|couple|[ivxlcdm]{1,8})\b|^[a-z] ?[a-z]?$",
    re.IGNORECASE,
)


def answer_is_empty(pair: QAPair) -> Fault | None:
    """An empty reply is how the generator says that it found nothing to ask."""
    return (
        None if canonical(pair.answer, pair.answer_type) and re.search(r"\w|[^\w\s]", pair.answer) else Fault("answer_empty", "")
    )


def answer_is_too_long(pair: QAPair) -> Fault | None:
    """Short answers alone can be compared by rule."""
    chars, count = len(pair.answer), len(words(pair.answer[:2000]))
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
    )
    return Fault("answer_is_question", pair.answer) if asks else None


def answer_is_placeholder(pair: QAPair) -> Fault | None:
    """Some models would rather say that there is no answer than give none."""
    if pair.answer_type in ("code", "expression"):
        return None
    said = normalise(pair.answer)
    empty = said.strip(" .") in _PLACEHOLDERS or said in _PLACEHOLDERS or _PLACEHOLDER_START.match(said)
    return Fault("answer_placeholder", pair.answer) if empty else None


def answer_is_open_ended(pair: QAPair) -> Fault | None:
    """An explanation, an opinion or a whole sentence: right answers could be worded in any way."""
    if pair.answer_type in ("code", "expression", "yes_no", "list"):
        return None
    said = normalise(pair.answer)
    count = len(words(said))
    if _EXPLANATION.match(said) and count > 3:
        return Fault("answer_open_ended", "the answer explains")
    if count > 6 and _SENTENCE.search(said) and said.endswith("."):
        return Fault("answer_open_ended", "the answer is a sentence")
    asks = _OPEN_QUESTION.search(unify(pair.question)) if pair.answer_type in ("term", "option", "") else None
    if asks and count > _MAX_EXPLANATION_WORDS:
        return Fault("answer_open_ended", f"{asks[0].strip()!r} asks for an explanation")
    return None


def answer_does_not_fit_type(pair: QAPair) -> Fault | None:
    """Only what cannot be of its type: a number without one, a yes/no that is neither, an option not offered."""
    said = unify(pair.answer)
    kind = pair.answer_type
    if kind in ("number", "percentage", "money", "duration") and not _NUMERIC.search(said):
        return Fault("answer_type_mismatch", f"{said!r} is no {kind}")
    if kind == "yes_no" and canonical(said, "yes_no") not in ("yes", "no"):
        return Fault("answer_type_mismatch", f"{said!r} is neither yes nor no")
    if kind == "option":
        offered = {word.lower() for word in words(normalise(pair.question))}
        if not any(word in offered for word in words(normalise(pair.answer))) and words(said):
            return Fault("answer_type_mismatch", f"{said!r} is none of the choices")
    return None


# --- The question --------------------------------------------------------------------------------

_ASKS = re.compile(
    r"(?:(?:in|on|at|by|from|for|to|of|with|under|during|after|before|into|through|about|against|within|among|between|"
    r"according|near|as|"
    r"given|if|suppose|let|when|using|assuming|consider|fill|complete)\b.*\b)?(?:who|whom|whose|what|which|when|where|why|"
    r"how|is|are|was|"
    r"were|do|does|did|can|could|has|have|had|will|would|should|must|may)\b",
    re.IGNORECASE,
)
_COMMANDS = re.compile(
    r"(?:^|[.,:;] |[)\]$}] ?|\bthen |\band )(?:then )?(?:name|enter|state|give|identify|find|calculate|compute|determine|"
    r"list|solve|evaluate|write|simplify|express|convert|"
    r"complete|fill|define|choose|select|specify|provide|tell|estimate|factor|expand|differentiate|integrate|show|prove|"
    r"translate|spell|"
    r"count|indicate|answer|explain|describe|discuss|outline|summari[sz]e|approximate|round|rewrite|decide|report|name)\b",
    re.IGNORECASE,
)
_BLANK = re.compile(r"_{2,}|\[blank\]|\.{4,}")

_TEXTS = "text|passage|article|document|study|studies|report|paper|excerpt|paragraph|snippet|essay|blog post|case study"
# Words that mean something else more often: dangling only after a preposition.
_PARTS = (
    "section|chapter|table|figure|chart|graph|diagram|post|blog|web ?page|page|source|transcript|abstract|story|account|"
    "summary|material|"
    "context|content|information|reading|narrative|example|review|tutorial|guide|lecture|lesson|handout|research|survey|"
    "experiment|interview"
)
_PAPER = f"{_TEXTS}|{_PARTS}|extract"
_PERSONS = (
    "author|authors|writer|writers|narrator|speaker|researchers|researcher|scientists|interviewer|interviewee|participants|"
    "blogger|reviewer"
)
_REPORTING = (
    r"(?:say|state|mention|describe|argue|claim|suggest|note|report|recommend|discuss|explain|give|provide|list|use|refer|"
    r"call|find|conclude|compare|indicate|show|propose|cite|define|present|emphasi[sz]e|believe|think|consider|offer|focus|"
    r"highlight|point|attribute|include)(?:s|es|d|ed)?|said|gave|found|shows?|showed|thought|referred|identif(?:y|ies|ied)"
)
_AFTER_PAPER = (
    rf"(?=\s*(?:[?,.;:!]|$)|'s?\b|\s+(?:is|are|was|were|do|does|did|has|had|can|will|as|and|or|that|above|below|{_REPORTING})\b"
    r"|\s+[a-z]+ed\b|\s+(?:to|for|about)\s+(?:be|have|describe|refer|illustrate|explain)\b)"
)
_REFERENCES = (
    re.compile(rf"\b(?:the|this|these|that|said|given|provided|above|present)\s+(?P<noun>{_TEXTS}){_AFTER_PAPER}", re.I),
    re.compile(rf"\b(?:in|from|by|per|of|to|within|on) (?:the|that|given)\s+(?P<noun>{_PARTS}){_AFTER_PAPER}", re.I),
    re.compile(rf"\b(?:this|these)\s+(?:particular |specific |short |recent )?(?P<noun>{_PAPER}|{_PERSONS})\b", re.I),
    re.compile(rf"\b(?:given|provided|above|following|preceding|accompanying)\s+(?P<noun>{_PAPER})\b(?! of the )", re.I),
    re.compile(r"\b(?:mentioned|described|discussed|listed|given|provided|shown|stated|presented|cited|quoted)\s+"
               r"(?P<noun>above|below|here|earlier|previously)\b", re.I),
    re.compile(r"\b(?:in|from|of|by|to|per)\s+(?P<noun>the (?:text|passage|excerpt|snippet|paragraph|document))"
               r"(?!\s+(?:of|by|from|titled|called|to|through|between|on|editor|object|format|file|type|box|field|area|"
               r"message|processing|classification|mining|model|"
               r"generation|encoding|string|database|store|feeder|number|structure|tree|element|root|class)\b)", re.I),
    re.compile(r"\baccording to (?P<noun>the (?:above|given|provided)\b|"
               r"(?:it|them|him|her|this|that)(?=\s*(?:[?,.;:!]|$)))", re.I),
    re.compile(r"\b(?P<noun>(?:the|as) (?:above|aforementioned|foregoing)|as (?:mentioned|described|stated|noted|discussed|shown)"
               r"(?= (?:above|below|in the)|,))", re.I),
)  # fmt: skip
_AUTHOR = re.compile(
    rf"\b(?:the)\s+(?P<noun>{_PERSONS})(?=\s*(?:[?,.;:!]|$)|'s?\b|\s+(?:is|are|was|were|do|does|did|has|have|had|of this|"
    rf"{_REPORTING})\b)",
    re.I,
)
_FOLLOWING = re.compile(
    r"\b(?:the|these) following\b(?! (?:day|week|month|year|morning|evening|night|spring|summer|autumn|winter)s?\b)", re.I
)
_WORK = re.compile(
    r"[\"'*_][A-Z][^\"'*_]+[\"'*_]|\b(?:novel|book|poem|play|story|essay|film|letter|diary|memoir|ballad|song|epic|trial|"
    r"study|experiment|"
    r"survey|paper|report|expedition|work|article|tale|sonnet|autobiography)s?\b"
)


def question_has_a_bad_length(pair: QAPair) -> Fault | None:
    """Too short to say what is meant, or too long to be a question."""
    count, chars = len(pair.question[:4000].split()), len(pair.question)
    if count < MIN_QUESTION_WORDS and len(normalise(pair.question[:4000])) < 15:
        return Fault("question_too_short", f"{count} words")
    if count > MAX_QUESTION_WORDS or chars > MAX_QUESTION_CHARS:
        return Fault("question_too_long", f"{count} words, {chars} characters")
    return None


def question_is_not_a_question(pair: QAPair) -> Fault | None:
    """No question mark, no command, no blank to fill."""
    question = unify(pair.question)
    if re.search(r"[?\u061f\u037e]", question) or _BLANK.search(question):
        return None
    sentence = re.split(r"[.!:] ", question)[-1]
    asks = (_ASKS.match(sentence) and not question.endswith((".", "!"))) or _COMMANDS.search(question)
    return None if asks else Fault("question_not_a_question", question[-60:])


def question_asks_twice(pair: QAPair) -> Fault | None:
    """Two questions have two answers."""
    asked = re.findall(r"\?(?=\s|$)", unify(pair.question))
    return Fault("question_multiple", f"{len(asked)} question marks") if len(asked) > 1 and '"' not in pair.question else None


def question_refers_to_document(pair: QAPair) -> Fault | None:
    """The reader of the question never sees the document; "the author of Hamlet" and "the Kinsey report" are fine."""
    question = unify(pair.question)
    for pattern in _REFERENCES:
        for found in pattern.finditer(question):
            if not _said_before(question, found):
                return Fault("question_refers_to_document", found[0])
    for found in _AUTHOR.finditer(question):
        before = question[: found.start()]
        if not _WORK.search(before) and not _names_somebody(before) and not _said_before(question, found):
            return Fault("question_refers_to_document", found[0])
    following = _FOLLOWING.search(question)
    if following and not re.search(r":.*\S|\(?[a-dA-D][.)] ", question[following.end() :]):
        return Fault("question_refers_to_document", following[0])
    return None


def _said_before(question: str, found: re.Match[str]) -> bool:
    """Whether the noun was introduced by the question itself: "In the 1963 study by Milgram, what did the study show?" """
    noun = found["noun"].split()[-1].lower().rstrip("s")
    if noun in ("above", "below", "here", "it", "this", "that", "given", "provided"):
        return False
    before = question[: found.start()].lower()
    earlier = re.search(rf"(\w+)\s+{re.escape(noun)}", before)
    return bool(earlier and earlier[1] not in ("the", "this", "these", "that", "which", "what"))


def _names_somebody(before: str) -> bool:
    """Whether a name stands before, apart from the word that opens the sentence."""
    return any(word[:1].isupper() for word in before.split()[1:])


_PRONOUN = r"he|she|it|they|him|her|them|his|hers|its|their|theirs|this|that|these|those|we|us|our|you"
_ANTECEDENT_FREE = r"it|he|she|they|his|her|its|their|him|them|this|that|these|those"
_OPENING = re.compile(
    rf"(?:and |but |so |also |then )?(?:{_ANTECEDENT_FREE})\b(?! (?:is|was) (?:true|possible|known that))", re.I
)
_AUXILIARY = r"(?:did|does|do|was|is|were|are|has|had|have|can|could|will|would|should|must|might|may)(?:n't| not)?"
_WH = (
    r"(?:(?:in|on|at|by|for|from|to|of|with|under|during|after|before|into|until|since) )?"
    r"(?:who|whom|whose|what|which|when|where|why|how)(?: (?!(?:did|does|do|was|is|were|are|has|had|have|can|could|will|"
    r"would)\b)[\w'-]+){0,5}"
)
_SUBJECT = re.compile(rf"(?:{_WH} )?{_AUXILIARY} (?P<pronoun>{_ANTECEDENT_FREE})\b(?P<rest>.*)", re.I)
_COMPLEMENT = re.compile(
    rf"(?:{_WH} )?{_AUXILIARY} (?:(?:the|a|an) )?(?:[a-z'-]+ ){{1,4}}(?:of|about|for|by|in|with|on|from|to) "
    rf"(?P<pronoun>his|her|its|their|it|them|him|this|these)\b",
    re.I,
)
_OBJECT = re.compile(
    r"(?:who|what|which [a-z]+) (?!is |was |has |does )[a-z]+(?:ed|t|s|wrote|made|led|won) (?P<pronoun>him|her|them|it|"
    r"his|their|its|this)\b(?!self)",
    re.I,
)
# "How long does it take ...", "Is it true that ...", "What is it called when ...": nothing is meant by "it".
_EMPTY_IT = re.compile(
    r"\s+(?:take|takes|took|taken|cost|costs|mean|means|meant|matter|happen|rain|rains|snow|snows|follow|require|sound|"
    r"seem|help|hurt|work|"
    r"makes? sense|become|be|true|false|possible|impossible|necessary|legal|illegal|safe|important|likely|common|better|"
    r"best|customary|"
    r"called|from|between|known|said|correct|easier|harder|usual|considered|recommended|advisable|normal|permissible|"
    r"allowed|permitted|that|when|if|to|"
    r"believed|thought|estimated|required|for|not|ever|still|always|advised|dangerous|unsafe|healthy|polite|appropriate|worth)\b",
    re.IGNORECASE,
)
_EMPTY_OPENING = re.compile(
    rf"it's |it (?:(?:is|was|has been|will be) )?(?:{_EMPTY_IT.pattern[3:]}|(?:approximately |about )?\d|(?:an? "
    rf")?(?:well[ -])?known|rained|snowed)",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?P<which>this|these|such an?) (?!(?:is|was|are|were|way|that|means|case|to|by|and|or|the|end|many|much|year|"
    r"month|week|century|decade|day)\b)(?P<noun>[a-z]+)",
    re.I,
)
# "What does this Python snippet print: ...?" points at what follows the colon.
_INTRODUCED = re.compile(r"\b(?:this|these) (?=[^:?.]{1,120}:\s*\S)", re.I)
_CLAUSE = re.compile(r"[,;:.]|\b(?:when|if|that|which|who|where|after|before|because|and|while|whose|to|by)\b", re.I)


def question_has_a_dangling_pronoun(pair: QAPair) -> Fault | None:
    """A pronoun at the start, or as its subject, that has nothing in the question to stand for."""
    question = _INTRODUCED.sub("the ", re.sub(r"^[\"'(]+", "", unify(pair.question)))
    opening = _OPENING.match(question)
    if opening and not _EMPTY_OPENING.match(question):
        return Fault("question_dangling_pronoun", opening[0])
    subject = _SUBJECT.match(question)
    if subject and not _names_somebody(question[: subject.start("pronoun")]):
        pronoun = subject["pronoun"].lower()
        deferred = pronoun in ("this", "that", "these", "those") and re.match(r"\s+[a-z]", subject["rest"]) and pronoun != "this"
        if not (pronoun == "it" and _EMPTY_IT.match(subject["rest"])) and not deferred and not _explained_later(subject["rest"]):
            return Fault("question_dangling_pronoun", subject["pronoun"])
    for pattern in (_COMPLEMENT, _OBJECT):
        found = pattern.match(question)
        if (
            found
            and not _names_somebody(question[: found.start("pronoun")])
            and not re.search(r"\b(?:an?|each|every|any) ", found[0])
        ):
            if pattern is _OBJECT and found["pronoun"].lower() not in ("him", "her", "them", "it", "this"):
                continue  # "Who wrote his first novel at twenty?"
            return Fault("question_dangling_pronoun", found["pronoun"])
    for pointing in _POINTING.finditer(question):
        before = question[: pointing.start()]
        noun = pointing["noun"].lower()
        if not _CLAUSE.search(before) and noun.rstrip("s") not in before.lower() and "?" not in before:
            return Fault("question_dangling_pronoun", pointing[0])
    return None


def _explained_later(rest: str) -> bool:
    """A pronoun may come first and be explained: "When he landed in 1492, ..." has a comma and a name after it."""
    return bool(re.search(r", (?:did|does|was|is|were|what|who|which|how|[A-Z])", rest))


_DEICTIC = re.compile(
    r"\b(?:(?<!is )(?<!are )today(?!'s\b)|tonight|yesterday|tomorrow|nowadays|currently|recently|presently|right now|"
    r"these days|so far this|"
    r"at present|at the moment|(?<!the )(?:this|last|next|past) (?:year|month|week|decade|century|season|summer|winter|"
    r"spring|autumn|fall|quarter|"
    r"morning|evening|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|in recent (?:years|months|weeks|decades|times)|"
    r"(?:over|in|during|for) the (?:last|past) (?:few |several |couple of |two |three |five |ten |\d+ )?(?:years?|months?|"
    r"weeks?|decades?|days)(?! (?:of|before))|"
    r"(?:a |\d+ |few |two |three |five |ten |several )(?:years?|months?|weeks?|days?) ago|"
    r"the (?:current|latest|newest) (?:version|edition|release|model|president|prime minister|ceo|king|queen|mayor|"
    r"champion|record|"
    r"population|price|government|chancellor|governor|chair|chairman|director|head|owner|generation|estimate|figures?|data))\b"
    r"|\bnow\?$|\btoday\?$",
    re.IGNORECASE,
)
_ANCHOR = re.compile(
    r"\b(?:as of|in|by|since|during|of|from)\s+(?:the year |early |late |mid-?|[A-Z][a-z]+ )?(?:1[0-9]|20)\d\d\b|"
    r"\b(?:1[0-9]|20)\d\d\b"
)
# A problem that tells its own story ("Ann has 9 eggs today. ...", "If today is Monday, ...") keeps its own time.
_STORY = re.compile(r"^(?:if|suppose|assume|assuming|imagine|given)\b|[.?!][\"')]? +[\"'(]?[A-Z]", re.I)
_NAMED_TODAY = re.compile(r"[A-Z]\w+ (?:Today|Tonight|Tomorrow|Yesterday)\b|\b(?:Today|Tonight|Tomorrow|Yesterday) [A-Z]")


def question_has_a_deictic_date(pair: QAPair) -> Fault | None:
    """Words of time that mean another day to every reader, unless the question says a year."""
    question = _NAMED_TODAY.sub("", unify(pair.question))
    found = _DEICTIC.search(question)
    if not found or _ANCHOR.search(question) or _STORY.search(question):
        return None
    return Fault("question_deictic_date", found[0])


# --- The pair ------------------------------------------------------------------------------------


def answer_is_not_grounded(pair: QAPair) -> Fault | None:
    """The document must say the answer, in this or another form. Yes and no are for the verifier to judge."""
    if pair.answer_type == "yes_no" or find_in_text(pair.answer, pair.task.document.text, pair.answer_type):
        return None
    missing = pair.answer
    if pair.answer_type == "list":
        absent = [item for item in list_items(unify_lines(pair.answer)) if not find_in_text(item, pair.task.document.text)]
        missing = ", ".join(absent) or pair.answer
    return Fault("answer_not_in_document", missing)


def answer_is_in_question(pair: QAPair) -> Fault | None:
    """See `find_leak`; an alias counts if the document grounds it."""
    if pair.answer_type == "yes_no":
        return None
    kind = find_leak(pair.question, pair.answer, grounded_aliases(pair), pair.task.document.text)
    return Fault("answer_in_question", kind) if kind else None


def grounded_aliases(pair: QAPair) -> tuple[str, ...]:
    """The aliases worth keeping: said by the document, or the answer in another notation; each once."""
    answer = canonical(pair.answer, pair.answer_type)
    seen = {normalise(pair.answer)}
    kept = []
    for alias in pair.aliases[:20]:
        said = normalise(alias)
        if not said or said in seen or len(alias) > MAX_LIST_CHARS or pair.answer_type == "yes_no":
            continue
        seen.add(said)
        same = canonical(alias, pair.answer_type) == answer
        if same or find_in_text(alias, pair.task.document.text, pair.answer_type):
            kept.append(alias)
    return tuple(kept)


# Cheap ones first; the last two read the document.
RULES = (
    answer_is_empty,
    question_has_a_bad_length,
    answer_is_too_long,
    answer_is_question,
    answer_is_placeholder,
    answer_does_not_fit_type,
    answer_is_open_ended,
    question_is_not_a_question,
    question_asks_twice,
    question_refers_to_document,
    question_has_a_dangling_pronoun,
    question_has_a_deictic_date,
    answer_is_not_grounded,
    answer_is_in_question,
)


def check_pair(pair: QAPair) -> Fault | None:
    """The first fault of a pair by the rules above, or None if it has none."""
    for rule in RULES:
        fault = rule(pair)
        if fault:
            return fault
    return None


def apply_check(pair: QAPair) -> Iterator[QAPair | Rejection]:
    """Pass a pair without faults, its aliases cleaned."""
    fault = check_pair(pair)
    if fault:
        yield reject("check", fault.reason, pair, fault.detail[:300])
    else:
        yield replace(pair, aliases=grounded_aliases(pair))


@dataclass
class CheckQA(beam.PTransform):
    """Keeps the pairs that no rule faults. Expects a PCollection of `QAPair`, outputs an `Outcome` of the same."""

    @no_annotations
    def expand(self, pairs: beam.PCollection[QAPair]) -> Outcome:
        return as_outcome(pairs | "ApplyRules" >> apply_rules("check", apply_check, QAPair))
