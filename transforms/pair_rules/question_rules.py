"""Rules on the question of a pair: one question, and one that means the same to a reader who has nothing else.

Each takes a pair and gives the `Fault` that it found, or None.
"""

import re

from transforms.answers.canonical import list_items
from transforms.english.function_words import AUXILIARIES, POINTING, PREPOSITIONS, QUESTION_WORDS, THIRD_PERSON, either
from transforms.languages.question_words import REFERENCES, is_asked
from transforms.languages.short_texts import ENGLISH, language_of
from transforms.records import Fault, QAPair
from transforms.text import SPACELESS, normalise, unify

MIN_QUESTION_WORDS, MAX_QUESTION_WORDS = 3, 100
MAX_QUESTION_CHARS = 800
MIN_SPACELESS_CHARS = 5  # where words have no spaces between them
_SPACELESS = re.compile(f"[{SPACELESS}]")

_WH_WORD = f"(?:{either(QUESTION_WORDS)})"
_VERB = f"(?:{either(AUXILIARIES - {'be', 'been'})})"
_ASKS = re.compile(
    rf"(?:(?:{either(PREPOSITIONS)}|after|before|against|within|according|near|as|given|if|suppose|let|when|using|"
    rf"assuming|consider|fill|complete)\b.*\b)?(?:{_WH_WORD}|{_VERB})\b",
    re.IGNORECASE,
)
_COMMANDS = re.compile(
    r"(?:^|[.,:;] |[)\]$}] ?|\bthen |\band )(?:then )?(?:name|enter|state|give|identify|find|calculate|compute|determine|"
    r"list|solve|evaluate|write|simplify|express|convert|complete|fill|define|choose|select|specify|provide|tell|estimate|factor|"
    r"expand|differentiate|integrate|show|prove|translate|spell|count|indicate|answer|explain|describe|discuss|outline|"
    r"summari[sz]e|approximate|round|rewrite|decide|report|name)\b",
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
    r"highlight|point|attribute|include|reach|draw|examine|investigate|test|look)(?:s|es|d|ed)?|said|gave|found|shows?"
    r"|showed|thought|referred|identif(?:y|ies|ied)"
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
               r"message|processing|classification|mining|model|generation|encoding|string|database|store|feeder|number|"
               r"structure|tree|element|root|class)\b)", re.I),
    re.compile(r"\baccording to (?P<noun>the (?:above|given|provided)\b|"
               r"(?:it|them|him|her|this|that)(?=\s*(?:[?,.;:!]|$)))", re.I),
    re.compile(r"\b(?P<noun>(?:[Ff]igure|[Ff]ig\.|[Tt]able|[Ee]quation|[Ee]xample|[Ee]xercise|[Pp]aragraph|(?<=in )lines?) \d+)"
               r"(?!\d|[.,]\d| (?:of|in|from)\b)"),
    re.compile(r"\b(?:in|from|on|of) the (?P<noun>list|image|picture|photo|conversation|dialogue)(?=\s*(?:[?,]|$))", re.I),
    re.compile(r"\b(?P<noun>our (?:team|study|results?|analysis|findings?|method|approach|experiments?|sample|data|model"
               r"|paper))\b", re.I),
    re.compile(r"^(?:which|what|how many)\b[^,;:]* (?:is|are|was|were) (?P<noun>mentioned|listed|discussed|described"
               r"|named|cited|given)(?=\?|$)", re.I),
    re.compile(r"\b(?:options?|choices|statements?|items?|figures?|code|snippets?|words|sentences?|terms|answers|diagram"
               r"|graph) (?P<noun>below|above)\b(?![^?]*[:?] ?\S)", re.I),
    re.compile(r"\b(?P<noun>(?:the|as) (?:above|aforementioned|foregoing)|as (?:mentioned|described|stated|noted"
               r"|discussed|shown)(?= (?:above|below|in the)|,))", re.I),
)  # fmt: skip
_AUTHOR = re.compile(
    rf"\b(?:the)\s+(?P<noun>{_PERSONS})(?=\s*(?:[?,.;:!]|$)|'s?\b|\s+(?:is|are|was|were|do|does|did|has|have|had|of this|"
    rf"{_REPORTING})\b)",
    re.I,
)
# "What year does the narrator leave Dublin?": whose narrator?
_SOMEBODY = re.compile(
    rf"\b(?:did|does|do|has|had|have|was|were|is|are|will|would|can|could) the (?P<noun>{_PERSONS}|protagonist"
    rf"|main character|hero|heroine)\b"
    r"(?! (?:of|in|from|at|who|that|whose|behind)\b)",
    re.I,
)
_ONE_QUESTION_CHARS = 150  # a longer one may tell the story itself
_FOLLOWING = re.compile(
    r"\b(?:the|these) following\b(?! (?:day|week|month|year|morning|evening|night|spring|summer|autumn|winter)s?\b)", re.I
)
_WORK = re.compile(
    r"[\"'*_][A-Z][^\"'*_]+[\"'*_]|\b(?:novel|book|poem|play|story|essay|film|letter|diary|memoir|ballad|song|epic|trial|"
    r"study|experiment|survey|paper|report|expedition|work|article|tale|sonnet|autobiography)s?\b"
)


def question_has_a_bad_length(pair: QAPair) -> Fault | None:
    """Too short to say what is meant, or too long to be a question."""
    count, chars = len(pair.question[:4000].split()), len(pair.question)
    least = MIN_SPACELESS_CHARS if _SPACELESS.search(pair.question[:4000]) else 15
    if count < MIN_QUESTION_WORDS and len(normalise(pair.question[:4000])) < least:
        return Fault("question_too_short", f"{count} words")
    if count > MAX_QUESTION_WORDS or chars > MAX_QUESTION_CHARS:
        return Fault("question_too_long", f"{count} words, {chars} characters")
    return None


def question_is_not_a_question(pair: QAPair) -> Fault | None:
    """No question mark, no command, no blank to fill."""
    question = unify(pair.question)
    if re.search(r"[?\u00bf\u061f\u037e\u055e\u1367]", question) or _BLANK.search(question):
        return None
    if (language := language_of(pair.question)) != ENGLISH:
        return None if is_asked(question, language) else Fault("question_not_a_question", question[-60:])
    sentence = re.split(r"[.!:] ", question)[-1]
    asks = (_ASKS.match(sentence) and not question.endswith((".", "!"))) or _COMMANDS.search(question)
    return None if asks else Fault("question_not_a_question", question[-60:])


# "What are the capital and the currency of Peru?": two things of one, which only a list can answer.
_TWO_THINGS = re.compile(
    r"(?:in [^,?]+, )?(?:what|who) (?:is|are|was|were) the ((?:[\w'-]+ ){1,4})and the (?:[\w'-]+ ){1,5}(?:of|for|in)\b",
    re.IGNORECASE,
)
# "What is the risk of smokers compared to others?" - "12%": whose is it? A difference, a ratio or "how much more" is one figure.
_FIGURES = ("number", "percentage", "money", "duration")
_COMPARED = re.compile(r"\b(?:compared (?:to|with)|versus)(?= )", re.IGNORECASE)
_DIFFERENCE = re.compile(
    r"\b(?:differ\w*|ratio|relative|odds|hazard|times|\w*fold|increase\w*|decrease\w*|reduc\w+|change\w*|gain\w*|improve\w*|save[sd]?"
    r"|saving|lower\w*|rise|rose|r[ai]sen|drop\w*|fell|fallen|fall|grow\w*|grew|p[- ]value|score|result|outcome|more|less|fewer"
    r"|higher|larger|smaller|greater|longer|shorter|faster|slower|heavier|lighter|better|worse|older|younger|cheaper|dearer|wider"
    r"|deeper|stronger|weaker|taller|bigger|warmer|colder|earlier|later)\b",
    re.IGNORECASE,
)
# "What was one of the technologies that he adopted?" has as many answers as there are technologies.
_ONE_OF = re.compile(
    r"\W{0,3}(?:what|which|who|where|name)\b(?: (?:is|are|was|were))?(?: the name of)? (?:one|some|any|an example) of\b",
    re.IGNORECASE,
)
_TWO_WORDS = re.compile(rf"{_WH_WORD} (?:and|or) (?:\w+ )?{_WH_WORD}\b", re.IGNORECASE)
# "..., and in which year was it published?": a question word with its verb after it; "and how it works" has none.
_SECOND_QUESTION = re.compile(
    r"\b(?:and|or),? (?:(?:in|on|at|by|from|to|for|of|with|about|under) )?"
    rf"(?:(?:what|when|where|why|how|whose|whom)(?: [a-z]+){{0,3}}? {_VERB}\b|which [a-z]+(?: [a-z]+)? {_VERB}\b"
    r"|who (?:is|are|was|were|did|first|also|later)\b)",
    re.IGNORECASE,
)
_RELATIVE_BEFORE = re.compile(
    r"(?:,? (?:who|which|whom|whose|that)|\b(?:explains?|describes?|says?|shows?|tells?|determines?|knows?|between"
    r"|both|of) (?:how|what|when|where|why|which)) ",
    re.IGNORECASE,
)


def _relates(before: str) -> bool:
    """Whether a clause is begun behind the first word: "the man who built it", "explains how"."""
    word = re.search(r"\w", before)
    return bool(word and _RELATIVE_BEFORE.search(before, word.end()))


def question_asks_twice(pair: QAPair) -> Fault | None:
    """Two questions have two answers."""
    question = unify(pair.question)
    asked = re.findall(rf"[?\u061f](?=\s|$|[\u00bf{SPACELESS}])", question)
    if len(asked) > 1 and '"' not in question:
        return Fault("question_multiple", f"{len(asked)} question marks")
    if language_of(pair.question) != ENGLISH:
        return None
    things = _TWO_THINGS.match(question) if pair.answer_type != "list" else None
    if things and not PREPOSITIONS & set(things[1].lower().split()) and len(list_items(pair.answer)) < 2:
        return Fault("question_multiple", things[0])
    compared = _COMPARED.search(question) if pair.answer_type in _FIGURES else None
    if compared and not _DIFFERENCE.search(f"{question} {pair.answer}"):
        return Fault("question_multiple", f"{compared[0]}: a figure of each")
    one = _ONE_OF.match(question) if pair.answer_type != "yes_no" else None
    if one:
        return Fault("question_multiple", f"{one[0]}: any of them would do")
    second = _TWO_WORDS.match(question) or _SECOND_QUESTION.search(question)
    if second and not _relates(question[: second.start()]):
        return Fault("question_multiple", second[0].strip(" ,"))
    return None


def question_refers_to_document(pair: QAPair) -> Fault | None:
    """The reader of the question never sees the document; "the author of Hamlet" and "the Kinsey report" are fine."""
    question = unify(pair.question)
    if (language := language_of(pair.question)) != ENGLISH:
        said = REFERENCES[language].search(question) if language in REFERENCES else None
        return Fault("question_refers_to_document", said[0]) if said else None
    for pattern in _REFERENCES:
        for found in pattern.finditer(question):
            if not _said_before(question, found) and not _said_after(question, found):
                return Fault("question_refers_to_document", found[0])
    persons = [(found, question[: found.start()]) for found in _AUTHOR.finditer(question)]
    somebody = _SOMEBODY.search(question) if len(question) <= _ONE_QUESTION_CHARS else None
    persons += [(somebody, question)] if somebody else []
    for found, told in persons:
        if not (_WORK.search(told) or _names_somebody(question[: found.start()]) or _said_before(question, found)):
            return Fault("question_refers_to_document", found[0])
    following = _FOLLOWING.search(question)
    if following and not re.search(r":.*\S|\(?[a-dA-D][.)] |^(?:(?![,.] ).)*[,.] .*[=+<>\u2192]", question[following.end() :]):
        return Fault("question_refers_to_document", following[0])
    return None


def _said_after(question: str, found: re.Match[str]) -> bool:
    """Whether the noun is made known by what follows: "the lecture that Feynman gave at Caltech in 1959"."""
    told = re.match(r"\s+(?:that|which|by|called|titled|entitled)\b[^?]*(?:[A-Z][a-z]+|\d{4}|[\"'])", question[found.end() :])
    return bool(told and found["noun"].lower() in _PARTS.split("|"))


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


_ANTECEDENT_FREE = either(THIRD_PERSON, POINTING, frozenset(("him", "them")))
_OPENING = re.compile(
    rf"(?:and |but |so |also |then )?(?:{_ANTECEDENT_FREE})\b(?! (?:is|was) (?:true|possible|known that))", re.I
)
_AUXILIARY = rf"{_VERB}(?:n't| not)?"
_WH = rf"(?:(?:{either(PREPOSITIONS)}|after|before|into|until|since) )?{_WH_WORD}(?: (?!{_VERB}\b)[\w'-]+){{0,5}}"
_SUBJECT = re.compile(rf"(?:{_WH} )?{_AUXILIARY} (?P<pronoun>{_ANTECEDENT_FREE})\b(?P<rest>.*)", re.I)
_COMPLEMENT = re.compile(
    rf"(?:{_WH} )?{_AUXILIARY} (?:(?:the|a|an) )?(?:[a-z'-]+ ){{1,4}}(?:of|about|for|by|in|with|on|from|to) "
    rf"(?P<pronoun>his|her|its|their|it|them|him|this|these)\b",
    re.I,
)
_OBJECT = re.compile(
    r"(?:who|what|which [a-z]+) (?!is |was |has |does )[a-z]+(?:ed|t|s|wrote|made|led|won) "
    r"(?P<pronoun>him|her|them|it|this)\b(?!self)",  # "Who wrote his first novel at twenty?"
    re.I,
)
# "How long does it take ...", "Is it true that ...", "What is it called when ...": nothing is meant by "it".
_EMPTY_AFTER = (
    r"(?:take|takes|took|taken|cost|costs|mean|means|meant|matter|happen|rain|rains|snow|snows|follow|require|sound|"
    r"seem|help|hurt|work|makes? sense|become|be|true|false|possible|impossible|necessary|legal|illegal|safe|important|likely|"
    r"common|better|best|customary|called|from|between|known|said|correct|easier|harder|usual|considered|recommended|advisable|"
    r"normal|permissible|allowed|permitted|that|when|if|to|believed|thought|estimated|required|for|not|ever|still|always|advised|"
    r"dangerous|unsafe|healthy|polite|appropriate|worth)\b"
)
# What follows a pronoun that stands for nothing said before.
_FREE_BEFORE = {
    "they": re.compile(r" (?:call|name|nickname|term|dub)\b"),  # "Which king did they call the Lionheart?": people did
    "it": re.compile(rf" (?:(?i:{_EMPTY_AFTER})|(?:the |an? )?[\w' -]+? (?:who|that|which)\b)"),  # "Was it Newton who ..."
    **dict.fromkeys(("that", "these", "those"), re.compile(r" [a-z]")),
}
# Things of which there are many: "Who was the company's first chairman?" stands alone only where something is named.
_UNNAMED = re.compile(
    r"\bthe (?:company|firm|bill|film|movie|novel|band|team|club|project|programme|organi[sz]ation|museum|treaty"
    r"|agreement|committee|village|town|island|festival|professor|website|app|album|song|incident|accident|documentary|startup|"
    r"foundation|university|couple|recipe|dish|soup|stew|sauce|drink|cake|dough|batter|dataset|data set|script|trial|cohort"
    r"|ceremony|tournament)(?=\s*[?,.;]|'s\b|$|\s+(?:is|are|was|were|has|had|have|do|does|did|can|will|and|or|[a-z]+ed|"
    r"receive|sell|buy|make|teach|win|lose|use|build|begin|start|open|close|move|call|take|get|give|become|belong|cost|sign|play|"
    r"sing|need|plan|offer|work|show|tell|end|run|reach|lead|hold|hire|face|find|say|pay|cover|include)\b)",
    re.I,
)
# "What is the name of the drink?", "Who was the winner of the match?": of which?
_NAME_OF_THE = re.compile(
    r"(?:what|who) (?:is|was|are|were) the (?:(?:full|exact|real|official|final|total) )?"
    r"(?:names?|titles?|scores?|winners?|outcome|results?|date|location|venue|stock) of the "
    r"(?P<noun>[a-z-]+(?: [a-z-]+)?)\?(?P<rest>.*)$"
)
_EMPTY_OPENING = re.compile(
    rf"it's |it (?:(?:is|was|has been|will be) )?(?:{_EMPTY_AFTER}|(?:approximately |about )?\d|(?:an? "
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
    if language_of(pair.question) != ENGLISH:
        return None
    question = _INTRODUCED.sub("the ", re.sub(r"^[\"'(]+", "", unify(pair.question)))
    opening = _OPENING.match(question)
    if opening and not _EMPTY_OPENING.match(question):
        return Fault("question_dangling_pronoun", opening[0])
    subject = _SUBJECT.match(question)
    if subject and not _names_somebody(question[: subject.start("pronoun")]):
        free = _FREE_BEFORE.get(subject["pronoun"].lower())
        if not (free and free.match(subject["rest"])) and not _explained_later(subject["rest"]):
            return Fault("question_dangling_pronoun", subject["pronoun"])
    for found in filter(None, (_COMPLEMENT.match(question), _OBJECT.match(question))):
        if not _names_somebody(question[: found.start("pronoun")]) and not re.search(r"\b(?:an?|each|every|any) ", found[0]):
            return Fault("question_dangling_pronoun", found["pronoun"])
    unnamed = _UNNAMED.search(question)
    if unnamed and not _in_general(question, unnamed) and not _names_anything(question) and not _said_of(question, unnamed):
        return Fault("question_dangling_pronoun", unnamed[0])
    nameless = _NAME_OF_THE.match(question[:1].lower() + question[1:])
    if nameless and f" the {nameless['noun']} " not in nameless["rest"].lower():  # "The drink is chilled and sweet."
        return Fault("question_dangling_pronoun", f"the {nameless['noun']}")
    for pointing in _POINTING.finditer(question):
        before = question[: pointing.start()]
        noun = pointing["noun"].lower()
        if not _CLAUSE.search(before) and noun.rstrip("s") not in before.lower() and "?" not in before:
            return Fault("question_dangling_pronoun", pointing[0])
    return None


_CONDITION = re.compile(r"(?:when|whenever|if|where|wherever|once|while|unless|as soon as)\b[^,?]*,", re.I)
_PAST = re.compile(r"\s+(?:was|were|had|did|[a-z]+ed|won|lost|made|sold|bought|left|began|built|became)\b", re.I)


def _in_general(question: str, found: re.Match[str]) -> bool:
    """Whether a clause in front speaks of any such thing: "When the film is exposed to light, ...", but not "was shown"."""
    clause = _CONDITION.match(question)
    return bool(clause and found.end() <= clause.end() and not _PAST.match(question, found.end()))


def _names_anything(question: str) -> bool:
    """Whether a name, a number, a quotation or a formula stands anywhere but at the start, or a story is told first."""
    rest = question.split(maxsplit=1)[-1]
    return bool(re.search(r"[A-Z0-9\"$_=]|'[a-z]+'|[.;:] ", rest))


def _said_of(question: str, found: re.Match[str]) -> bool:
    """Whether the thing was brought up before: "When a company buys another, what must the company publish?" """
    noun = re.escape(found[0].split()[-1].lower())
    brought_up = rf"\b(?:an?|any|each|every|which|what|whose|one|some|two|if|of) (?:[\w-]+ )?{noun}"
    return bool(re.search(brought_up, question[: found.start()].lower()))


def _explained_later(rest: str) -> bool:
    """A pronoun may come first and be explained: "When he landed in 1492, ..." has a comma and a name after it."""
    return bool(re.search(r", (?:did|does|was|is|were|what|who|which|how|[A-Z])", rest))


_DEICTIC = re.compile(
    r"\b(?:(?<!\bis )(?<!\bare )(?<!known as )(?<!called )(?<!known )(?<!named )today(?!'s\b)|tonight|yesterday|tomorrow"
    r"|nowadays|currently|recently|presently|right now|these days|so far this|at present|at the moment|(?<!the )(?:this|last|"
    r"next|past) (?:year|month|week|decade|century|season|summer|winter|spring|autumn|fall|quarter|morning|evening|monday|"
    r"tuesday|wednesday|thursday|friday|saturday|sunday)|in recent (?:years|months|weeks|decades|times)|"
    r"(?:over|in|during|for) the (?:last|past) (?:few |several |couple of |two |three |five |ten |\d+ )?(?:years?|months?|"
    r"weeks?|decades?|days)(?! (?:of|before))|(?:a |\d+ |few |two |three |five |ten |several )(?:years?|months?|weeks?|"
    r"days?) ago|who (?:is|are) now|the (?:current|latest|newest|reigning) (?:[\w-]+ ){0,3}?(?:version|edition|release|model|"
    r"president|prime minister|ceo|king|queen|mayor|champion|record|population|price|government|chancellor|governor|chair|"
    r"chairman|director|head|owner|generation|estimate|figures?|data|stock|status|rate|number|level|value|state|holder))\b"
    r"|\bnow\?$",
    re.IGNORECASE,
)
ANCHOR = re.compile(
    r"\b(?:as of|in|by|since|during|of|from)\s+(?:the year |early |late |mid-?|[A-Z][a-z]+ )?(?:1[0-9]|20)\d\d\b|"
    r"\b(?:1[0-9]|20)\d\d\b"
    # a standard or a version: the latest of "HTTP in RFC 9114" stays what it is
    r"|\b(?:RFC|ISO|IEC|IEEE|DIN|ANSI|ECMA|PEP|EN)(?:[ /-][A-Z]+)*[ -]?\d|\b\d+\.\d+\b"
)
# A problem that tells its own story ("Ann has 9 eggs today. ...", "If today is Monday, ...") keeps its own time.
_STORY = re.compile(r"^(?:if|suppose|assume|assuming|imagine|given)\b|[.?!][\"')]? +[\"'(]?[A-Z]", re.I)
_NAMED_TODAY = re.compile(r"\b[A-Z]\w+ (?:Today|Tonight|Tomorrow|Yesterday)\b|\b(?:Today|Tonight|Tomorrow|Yesterday) [A-Z]")


def question_has_a_deictic_date(pair: QAPair) -> Fault | None:
    """Words of time that mean another day to every reader, unless the question says a year."""
    question = _NAMED_TODAY.sub("", unify(pair.question))
    found = _DEICTIC.search(question)
    if not found or language_of(pair.question) != ENGLISH or ANCHOR.search(question) or _STORY.search(question):
        return None
    return Fault("question_deictic_date", found[0])
