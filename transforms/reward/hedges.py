"""Objections: what a sentence says around an answer that takes it back or leaves it open.

"not Paris", "maybe Paris", "more than 5", "north of Paris", "the opposite of inflation", "Paris or Lyon", "Some say Paris" are
no answers; "Paris, not Lyon" is.
"""

import re

from transforms.reward.modifiers import operated
from transforms.reward.rivals import is_known
from transforms.reward.truth import Truth

# Words that leave an answer open, or put it in somebody else's mouth, wherever they stand in its sentence.
HEDGE = re.compile(
    r"\b(?:maybe|perhaps|possibl[ey]|possibilit(?:y|ies)|probably|presumably|supposedly|allegedly|potentially|unlikely|"
    r"might|guess(?:ing|ed)?|unsure|uncertain|not (?:sure|certain)|unclear|unknown|"
    r"do(?: not|n't) know|doubt|hard to say|either|neither|nor|alternatives?|"
    r"alternatively|xor|(?:some|many|most|people|others|students|models|users) (?:people )?(?:often |usually |sometimes |may "
    r")?(?:say|think|believe|claim|credit|write|answer|put|prefer)|"
    r"often (?:said|thought|named|believed|confused)|it is said|whatever|used to be|myth|hoax|fallacy|mistaken(?:ly)?|"
    r"misconception|commonly believed|"
    r"long thought|"
    r"according to (?:some|others|many)|(?:some|other) sources|pretend|suppose|imagine|assum(?:e|ing)|"
    r"you asked|the question|distractor|except|avoid|candidates?|options?|choices|answers|etc|and so on|"
    r"any of|any number|all of|all plausible|cannot (?:answer|say|determine)|can't (?:answer|say|determine)|refuse|"
    r"unable to|as an ai|give or take|plus or minus|say, |kidding|if|unless|whether|one of (?:these|those|them))\b|\be\.g\.|"
    r"\u00b1|\+/-",
    re.IGNORECASE,
)
# Words that do so in its clause alone.
WEAK_HEDGE = re.compile(
    r"\b(?:likely|could|may(?= (?:be|have|not|also)\b)|depend(?:s|ing)|would|one of(?=[^_]*_)|such as|for (?:example|instance)|"
    r"among|including)\b",
    re.IGNORECASE,
)
_OR = re.compile(r"\bor\b", re.IGNORECASE)
ANY_HEDGE = re.compile(f"{HEDGE.pattern}|{WEAK_HEDGE.pattern}|{_OR.pattern}", re.IGNORECASE)
NEGATION = re.compile(
    r"\b(?:not(?! (?:until|only)\b)|never|no(?! (?:later|earlier)\b)|none|nothing|nobody|nowhere|cannot|hardly|scarcely|"
    r"wrong(?:ly)?|incorrect(?:ly)?|false(?:ly)?|erroneously|untrue|(?:rejected|replaced|dismissed|superseded|eliminated|"
    r"ruled out)(?! by)|isnt|arent|wasnt|werent|doesnt|didnt)\b|n't\b|\u2260|\u00ac|!=|<>|\bnon-",
    re.IGNORECASE,
)
# Right before an answer: it is a bound, a landmark, something to tell apart, or belongs to the real answer.
_RULED_OUT = re.compile(
    r"(?:\b(?:lack|absence|loss|end|edge|cent(?:er|re)|opposite|inverse|reverse|fear|speed|theory|study|science|history|instead|"
    r"exclusive|exclusion|ahead|short|(?:north|south)?(?:east|west)|north|south|outside|suburbs?|outskirts|downstream|upstream|"
    r"(?:grand)?(?:son|daughter)|child|children|wife|husband|widow|brother|sister|father|mother|student|pupil|friend|rival|"
    r"successor|predecessor|contemporary|colleague|teacher|critic|assistant|follower|disciple|biographer|nephew|niece|cousin|"
    r"uncle|aunt|mentor|tutor|enemy|employer|employee|boss|mayor|governor|(?:twin|sister) city|neighbou?r|supporter|admirer) of"
    r"|\b(?:rather|other|more|less|fewer|greater|larger|smaller|bigger|higher|lower|longer|shorter|older|younger|earlier|later|"
    r"better) than|\b(?:apart|aside|different|differs?|differed|distinct|far|away) from|\b(?:opposed|contrast|next|close|"
    r"prior|up|adjacent|similar|compared|equivalent|closest|nearest) to|\b(?:confused|along|together) with|\b(?:except|"
    r"save)(?: for)?"
    r"|\b(?:anything|anywhere|everything|everyone|everywhere|all|any|nothing|none|anyone|nobody|no one) but"
    r"|\b(?:unlike|like|besides|excluding|without|near|beyond|outside|versus|vs\.?|before|(?<!named )(?<!called )after|"
    r"between|at least|at most|minimum of|maximum of|not|than|against|beside|replac(?:ed|es|ing)|rejected|dismissed|formerly|"
    r"previously|once))\s{1,3}(?:the |a |an |about |around |year |that of |of ){0,3}$|(?:[<>\u2264\u2265]|\S {0,3}(?:#|"
    r"//))\s{0,3}$",
    re.IGNORECASE,
)
# Before a number or a date alone: "under 5", "over 5".
_BOUND_BEFORE = re.compile(
    r"\b(?:over|under|below|above)\s{1,3}(?:the |a |an |about |around |year |that of |of ){0,3}$", re.IGNORECASE
)
_FROM_BEFORE = re.compile(r"\bfrom\s{1,3}$", re.IGNORECASE)  # "it rose from 42"
# "A student of Albert Einstein" is somebody else; "the city of Paris" is Paris.
_BELONGS_TO = re.compile(r"\b(?:an?|his|her|another|some) (?:[a-z-]{2,20} )?([A-Za-z-]{2,20}) of\s{1,3}(?:the )?$", re.IGNORECASE)
_KINDS_OF = frozenset(
    "city town village state country kingdom republic island province county district region commonwealth municipality "
    "capital port "
    "name person figure case work works art hand hands pen writings research likes author invention discovery idea".split()
)
_BOUND_BEHIND = re.compile(
    r"\s{0,3}(?:[+<>](?!\w)|[<>\u2264\u2265]|or (?:so|more|less|fewer|over|under|higher|lower|thereabouts)|at (?:most|least)|"
    r"and (?:up|over|above|more)|(?:to|through|until|till) (?:about |around )?[\d$]|-ish|ago\b|(?:long|short|high|low|old|"
    r"young|tall|great|large|small|fast|slow|earl|lat|few|heavi|light)i?er\b|(?:more|less) than\b|plus\b|(?:short|shy) of\b)",
    re.IGNORECASE,
)
_RANGE_BEFORE = re.compile(
    r"\b(?:from|between)\s{1,3}\S+\s{1,3}(?:\S+\s{1,3}){0,3}(?:to|and|until|through)\s{1,3}$", re.IGNORECASE
)
_NUMBER_BEFORE = re.compile(
    r"\d\s{0,3}(?:-|to)\s{0,3}$", re.IGNORECASE
)  # "3 to 5", but "awarded in 1901 to Wilhelm R\u00f6ntgen"
_CONCEDED = re.compile(
    r"\b(?:although|though|while|whereas|despite|contrary to|even if|first i|initially|at first|first guess|second guess)\b",
    re.IGNORECASE,
)
_BUT = re.compile(r"\b(?:but|however|yet)\b", re.IGNORECASE)
_QUESTION = re.compile(
    r"\s{0,3}(?:(?:in|on|at|by|to|for|from|of|with) )?(?:what|which|who|whom|whose|when|where|why|how)\b(?![^,]*,)|"
    r"\s{0,3}(?:is|are|was|were|does|do|did|can|could|has|have)\s{1,3}(?:it|the|this|that|there|he|she|they)\b|"
    r"\s{0,3}(?:simplify|solve|find|compute|calculate|name|evaluate|determine)\b(?! it)",
    re.IGNORECASE,
)
# A sentence that takes back what was said.
DISOWNS = re.compile(
    r"\b(?:this|that|it|the (?:box|answer|statement|above)|i)\b[^.!?]{0,40}\b(?:untrue|false|wrong|incorrect|not (?:true|"
    r"right|correct|certain|sure)"
    r"|uncertain|unsure|made (?:that|this|it) up|lied|lying|a lie|joking|kidding|guessing)\b|\bdisregard\b|\bin fact,? "
    r"it(?:'s| is)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:()\u2014\u2013]| - |\b(?:but|however|yet)\b")

# A sentence of its own that offers something else.
OFFERS = re.compile(
    r"^\W*(?:or|maybe|perhaps|possibly|alternatively|otherwise)\b|\b(?:could|might|may) (?:also )?be\b|"
    r"\banother (?:possib|option|candidate|answer|guess|choice)|\balso (?:possible|plausible|likely)\b",
    re.IGNORECASE,
)


def objected(sentence: str, start: int, end: int, truth: Truth) -> bool:
    """Whether what surrounds an answer, named at this place, takes it back or leaves it open."""
    before, after = sentence[:start], sentence[end:]
    rest = f"{before} _ {after}"
    asks = _QUESTION.match(rest)
    if HEDGE.search(rest) or (asks and not asks[0].strip().isupper()) or _offers_other(rest, truth):  # the WHO is no question
        return True
    if truth.is_value and (_BOUND_BEFORE.search(before) or (not truth.dates and _FROM_BEFORE.search(before))):
        return True
    belonging = _BELONGS_TO.search(before) if truth.answer_type in ("name", "place") else None
    if belonging and belonging[1].lower() not in _KINDS_OF:
        return True
    if (
        operated(sentence, start, end)
        or _RULED_OUT.search(before)
        or _BOUND_BEHIND.match(after)
        or _RANGE_BEFORE.search(before)
        or (truth.is_value and _NUMBER_BEFORE.search(before))
    ):
        return True
    begins = max((found.end() for found in _CLAUSE.finditer(before)), default=0)
    ends = _CLAUSE.search(after)
    clause = f"{before[begins:]} _ {after[: ends.start()] if ends else after}"
    if NEGATION.search(clause) or WEAK_HEDGE.search(clause) or _CONCEDED.search(before[begins:]):
        return True
    # "Many name Paris, but it is Lyon": what comes before a "but" is not the last word.
    return bool(_BUT.search(after)) and not _BUT.search(before)


def _offers_other(rest: str, truth: Truth) -> bool:
    """Whether an "or" of the sentence puts something beside the answer, that is neither a spelling of it nor of another kind."""
    for found in _OR.finditer(rest):
        other = _CLAUSE.split(rest[found.end() :], maxsplit=1)[0].strip()
        if not is_known(other, truth) and not (
            other[:1].islower() and truth.is_proper and "_" not in other and rest[found.start() - 2 : found.start()] != "_ "
        ):
            return True
    return False
