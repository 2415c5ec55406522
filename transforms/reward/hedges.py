"""Objections: what a sentence says beside an answer that takes it back, leaves it open or puts another next to it.

"not Paris", "maybe Paris", "more than 5", "north of Paris", "the opposite of inflation", "Paris or Lyon",
"Paris, Lyon", "Paris (or Lyon)", "Some say Paris" are no answers; "Paris, the capital", "Paris (France)",
"5 km (3.1 miles)" and "Paris, not Lyon" are.
"""

import re
from fractions import Fraction

from transforms.answers.places import is_elsewhere, is_region
from transforms.answers.quantities import parse_quantity
from transforms.english.abbreviations import is_short_for
from transforms.english.function_words import ARTICLES, BE, HAVE, POINTING, RELATIVES, SHORT_PREPOSITIONS, THIRD_PERSON
from transforms.english.verbs import is_verb
from transforms.reward.echo import MASK
from transforms.reward.mentions import FUNCTION_WORDS, text_mentions, words_of
from transforms.reward.modifiers import operated
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
        if not _is_known(other, truth) and not (
            other[:1].islower() and truth.is_proper and "_" not in other and rest[found.start() - 2 : found.start()] != "_ "
        ):
            return True
    return False


def _last_name(before: str) -> str:
    """The name, or else the piece, that a text ends in."""
    piece = _NEXT.split(before.strip(" ,"))[-1]
    words = piece.split()
    first = next((index for index in range(len(words), 0, -1) if not words[index - 1][:1].isupper()), 0)
    return " ".join(words[first:]) or piece


def _is_known(piece: str, truth: Truth) -> bool:
    """Whether a piece of a sentence names a spelling of the answer and nothing else that is much longer."""
    named = words_of(piece)
    return any(len(named) - (end - start) <= 5 for start, end in text_mentions(named, truth))


# --- Beside the answer ---------------------------------------------------------------------------

# Words that begin an explanation and no other answer.
GLOSSES = (ARTICLES | THIRD_PERSON | RELATIVES | SHORT_PREPOSITIONS).union(
    "because since as that after before located also i.e. ie known called denoted published written built born founded formerly "
    "namely meaning and so this is was are were during near under inside between not unlike rather instead but though although "
    "while per via around about dated into until using given capital one now today again alone itself himself herself".split()
)
_LEADS = GLOSSES | frozenset("yes no so thus therefore hence well sure our their my your".split())
_AND_GOES_ON = (THIRD_PERSON | POINTING | BE | HAVE).union("not later now so can will does did".split())
_AND_BEHIND = re.compile(
    r"(?:,?\s{0,3}(?:and|&|/|\||as well as|plus|along with|together with)(?:\s|$)|[/|&\u2192~+=]|->|=>)", re.IGNORECASE
)
_ADDS = re.compile(
    rf"(?!respectively|followed|joined|accompanied)[a-z]{{2,30}}(?:ed|ing|ly),?|{MASK}.*"
)  # "beginning June 5", "particularly in ...", "played by ..."
_PAST = re.compile(r"[a-z]{3,30}ed")
_ONE_OF_TWO = re.compile(r"to (?:the |a |an )?(?-i:[A-Z\d])|to (\w+)[\w ]*\W*$", re.IGNORECASE)  # "Madrid to Barcelona"
_AND_FIRST = re.compile(r"(?:and|&)\s{1,3}", re.IGNORECASE)
_NEXT = re.compile(r"[,;:()]|\b(?:and|&|as well as|along with)\b", re.IGNORECASE)
_AND_BEFORE = re.compile(r"(?:(?:\band|&|/|\||\u2192|->|=>|\+|~)(?: (?:the|a|an))?|\bplus)$", re.IGNORECASE)
_PIECE_BEHIND = re.compile(
    r"[\"'\])}>*`]{0,8}\s{0,3}([,;:(\[{<\"'#@\u2022\u2014\u2013\u2026]|\.\.+|-(?=\s)|"
    r"\.(?=\s))[\s\"'\[({]*((?:[^,;:()\[\]{}<>\"\u2014\u2013]|(?<=\d),(?=\d))*)"
)
_PIECE_BEFORE = re.compile(
    r"([^,;:()\[\]{}\"\u2014\u2013]{0,120})[\"'\])}]{0,8}\s{0,3}([,;([{\u2014\u2013]|-(?=$)|\"(?=$))(?:\s{0,3}(?:the|a|an))?$"
)
_DOUBTED = re.compile(
    r"(?:\w{1,12} )?(?:un\w{2,14}ed|disputed|estimated|alleged|contested|debated|claimed|rumou?red|presumed|assumed|approximated)"
)
_CAPITALS_FIRST = re.compile(r"[A-Z][\w.]*(?: [A-Z][\w.]*){0,3}")
_ABBREVIATION = re.compile(r"[A-Z][A-Za-z0-9.&-]{0,9}")
_NUMBERS = re.compile(r"(?:born |c\. ?|ca\. ?)?[\d\s.,/\u2013\u2014bcead-]+(?:AD|BC|BCE|CE)?", re.IGNORECASE)


def uncontested(sentence: str, start: int, end: int, truth: Truth) -> bool:
    """Whether nothing that stands beside an answer competes with it."""
    before, after = sentence[:start].rstrip(), sentence[end:].lstrip()
    spoken = any(word.lower() in BE or is_verb(word) or _PAST.fullmatch(word) for word in re.findall(r"[A-Za-z]+", sentence))
    # Whom the question names is no rival, in a sentence; but "A or B?" names two.
    named = truth.asked if spoken and not truth.asks_which else frozenset()

    def is_no_rival(piece: str) -> bool:
        return _is_known(piece, truth) or (bool(words := words_of(piece)) and all(word.lower in named for word in words))

    joined = _AND_BEHIND.match(after)
    if joined and not is_no_rival(_NEXT.split(after[joined.end() :].strip(), maxsplit=1)[0]):
        following = re.match(r"(?:,\s{0,3})?and\s{1,3}([\w']+)", after)
        if not following or not (following[1].lower() in _AND_GOES_ON or is_verb(following[1]) or _PAST.fullmatch(following[1])):
            return False
    if _lies_elsewhere(after, truth):
        return False
    other = _ONE_OF_TWO.match(after)
    joined = _AND_BEFORE.search(before)
    if joined and not is_no_rival(_last_name(before[: joined.start()])):
        return False
    if other and not is_verb(other[1] or ""):
        return False
    behind = _PIECE_BEHIND.match(after)
    if behind and not _explains(behind[2].strip(" .!\"'*"), behind[1], truth):
        return False
    lead = _PIECE_BEFORE.search(before)
    return lead is None or _leads_in(lead[1].strip(" \"'"), truth)


_IN_REGION = re.compile(
    r"[,(]?\s{0,3}(?:(?:in|of)\s{1,3})?(?:the )?((?-i:[A-Z])[\w.]*(?: (?-i:[A-Z])[\w.]*){0,3})", re.IGNORECASE
)


def _lies_elsewhere(after: str, truth: Truth) -> bool:
    """Whether a place is said to lie where the right one does not: "Paris, Texas"."""
    region = _IN_REGION.match(after) if truth.answer_type in ("place", None) else None
    return region is not None and is_region(region[1]) and is_elsewhere(truth.answer, region[1])


def _explains(piece: str, mark: str, truth: Truth) -> bool:
    """Whether a piece behind an answer, set off by a mark, explains it and is no other answer."""
    if mark == "(" and _DOUBTED.fullmatch(piece):
        return False
    piece = _AND_FIRST.sub("", piece)
    if not re.search(r"\w", piece) or truth.said_by(piece) or _is_known(piece, truth):
        return True
    words = piece.split()
    if words[0].lower() in GLOSSES or len(words) > 6 or any(map(is_verb, words)) or _ADDS.fullmatch(words[0]):
        return True
    if mark == "(" and len(words) > 2 and FUNCTION_WORDS.intersection(words[1:]):  # "osmosis (the flow of water)"
        return True
    if mark in ("(", ",") and _NUMBERS.fullmatch(piece) and not truth.quantities:
        return True
    if mark == "(" and any(is_short_for(piece, known) or is_short_for(known, piece) for known in truth.spellings):
        return True
    if mark == "(" and (_ABBREVIATION.fullmatch(piece) or converts(piece, truth)):
        return truth.is_value or is_region(piece) or (truth.answer_type != "place" and piece.isupper())
    region = _CAPITALS_FIRST.match(piece)
    around = bool(region and is_region(region[0]) and (region[0] == piece or piece[region.end() :].split()[0].lower() in GLOSSES))
    return around and (truth.answer_type in ("place", None) or mark == "(")


def _leads_in(piece: str, truth: Truth) -> bool:
    """Whether what stands before an answer and a mark is no other answer: "In 1990, ", "Its highest peak, "."""
    words = piece.split()
    if not words or truth.said_by(piece) or words[0].lower() in _LEADS or _is_known(piece, truth):
        return True
    if any(is_short_for(piece, known) or is_short_for(known, piece) for known in truth.spellings):
        return True
    if truth.is_proper:
        return len(words) > 2 and any(word.islower() for word in words)
    return len(words) > 3


_CELSIUS_OF = {
    "\xb0C": lambda value: value,
    "\xb0F": lambda value: (value - 32) * 5 / 9,
    "K": lambda value: value - Fraction("273.15"),
}


def converts(piece: str, truth: Truth) -> bool:
    """Whether a piece is the right quantity in another unit, give or take its last digit: "3.1 miles" for 5 km."""
    other = parse_quantity(piece, truth.answer_type)
    if other is None:
        return False
    if other.unit in _CELSIUS_OF:
        degrees = _CELSIUS_OF[other.unit](other.value)
        known_degrees = [_CELSIUS_OF[known.unit](known.value) for known in truth.quantities if known.unit in _CELSIUS_OF]
        return any(abs(degrees - known) <= max(1, abs(known) / 50) for known in known_degrees)
    said = other.value * other.factor
    known = (known for known in truth.quantities if known.unit not in ("", other.unit) and known.base == other.base)
    return any(abs(said - right.value * right.factor) * 20 <= abs(right.value * right.factor) for right in known)
