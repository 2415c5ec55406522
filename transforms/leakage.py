"""Leakage: whether a question gives its own answer away, and how.

A question leaks if a reader who knows nothing of the subject can copy the answer out of it: whole,
inflected, in another notation, as an abbreviation or spelled out, or by the telling part of a
name. It does not leak because a letter or a small number of the answer also stands in it in
another role, nor by naming the choices it offers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, takewhile

from transforms.answers import (
    SMALL_NUMBERS,
    Quantity,
    canonical,
    list_items,
    parse_date,
    parse_quantity,
    parse_unit,
    quantities_in,
    singular,
    unify_lines,
)
from transforms.dates import MONTH_NUMBERS
from transforms.grounding import find_in_text
from transforms.regions import is_region
from transforms.text import normalise, unify

LEAKS = (
    "verbatim",  # the answer itself, spelling, case and accents aside
    "inflected",  # another form of its words: plural, possessive, derived word, the people of a country
    "number_word",  # "twelve" for 12
    "unit_variant",  # the same quantity with its unit written or scaled otherwise
    "date_variant",  # the same date in another form
    "abbreviation",  # the initials of the answer, or its short form by the document
    "expansion",  # the words that the answer abbreviates
    "alias",  # an accepted other spelling of the answer
    "spelled_out_in_parentheses",  # any of these inside brackets
    "part_of_answer",  # a surname, the telling word of a proper name, half the items of a list
)

_MAX_QUESTION_CHARS = 4000
_MAX_DOCUMENT_CHARS = 200_000

# Words that carry no answer: an answer made of these alone leaks nowhere.
STOP_WORDS = frozenset(
    "a an the this that these those he she it they we you i him her them us me his hers its their theirs our "
    "ours your yours my mine who whom whose which what when where why how is are was were be been being am do "
    "does did done has have had having can could will would shall should may might must of in on at to for from "
    "by with without about into onto over under between among through during before after above below up down "
    "out off than then as so if or and but nor not no yes any all some none both either neither each every other "
    "others another such same own more most less least much many few several very too also only just even still "
    "yet again ever never always often there here now while because until since against per via s t".split()
)
# Lower-case words that are also spelled like a name, a month or an acronym.
_HOMOGRAPHS = frozenset(
    "may march august will mark bill rose grant may us it who aids turkey china polish reading nice bath cork go "
    "swift rust java ruby python shell apple amazon windows target gap orange hope young brown king bush rice "
    "stone page jobs gates ford wells cook potter fisher miller smith church west north south east frank jack "
    "bob art dean earl duke joy faith grace iris ivy lily daisy olive pearl dawn eve april june summer autumn "
    "mercury mars venus saturn jupiter pluto can led sad sat cat pet ram rom rose iron guinea chad jordan "
    "georgia mobile champagne cologne sandwich buffalo phoenix dash rails express react spring scratch basic "
    "cobol pascal ada c r d word excel access outlook teams zoom slack meta alphabet visa discover chase newton "
    "kelvin pascal joule watt volt ohm ampere hertz curie tesla farad henry weber gauss bell light black white "
    "green gray grey short long wood field hill lake pope bishop abbot cardinal prince baker carter cooper mason "
    "taylor turner walker weaver shepherd hunter gardener forest marsh moon sun earth universe internet web "
    "republic congress senate crown church bible sure maria golf polo tempo focus fiesta who was as or and not "
    "all oil ace act aim arc bar bat cap cop dot ear eat fat fit gas hat hot ion ten top tip era mad who".split()
)
_MATHS_AROUND = re.compile(r"[+*/=^<>|\\\u00d7\u00f7\u2212()\[\]{}]")
# Nouns that a number names, and does not count, even where they have no capital.
_LABELS = frozenset(
    "type figure fig table chapter section part number no version level grade class stage phase step act scene article volume "
    "vol "
    "book verse rule line page unit question exercise problem example theorem equation eq group period route highway amendment "
    "psalm sonnet symphony opus room gate platform channel model series mark formula vitamin omega division".split()
)
_COMPUTING = re.compile(
    r"\b(?:sum|product|difference|quotient|remainder|divided|divisible|multiplied|times|plus|minus|gcd|lcm|greatest common|least "
    r"common|average|mean|median|mode|probability|solve|evaluate|calculate|compute|value of|derivative|integral|root|area|volume|"
    r"perimeter|ratio|simplify|modulo|mod|power|factorial|eigenvalues?|determinant|equation|sequence|expression|if|given)\b",
    re.IGNORECASE,
)
_SUFFIXES = frozenset(
    "s es ed d ing er ers or ors r rs ate ated ates ating nic nian nist ion ions ation ations ment ments ly al "
    "ally ic ical ically ity ities ness ism isms ist ists ian ians an ans n ns ence ance ent ant ency able ible "
    "ive ize ise ized ised izes ises izing ising ization isation ous y ies ied ean eans esque ful less like dom "
    "ship wide ward ese i ish 's s'".split()
)
_SHORT_WORD_SUFFIXES = frozenset("s es ed ing d er ian ians ism ist ean".split())
# Ends of two words of one family, neither of which is the bare word.
_PAIRED = tuple(
    frozenset(pair.split())
    for pair in (
        "ce t ces ts", "cy t ce", "sis tic tically size sise ses sizing sised sized tics", "sm st sts stic",
        "y ic ical ically ist ists ies", "ion ive or ors e ed es ing", "er ing ed ers ment",
        "e ing ed es er ers ion ions able ation ations", "ing ed s er ers ation ations able ment", "is e es ed ing",
        "as ean eans", "es logy logist logical logists", "al als ology ologist", "s e es", "ity ous", "us i", "um a",
        "ia ic ics iac", "m tic tical", "a an ans ese", "y ian ians", "ne nian nians", "al ism ist ists ize ise",
        "on onic ons", "ed ing s er ion",
    )
)  # fmt: skip
# Stems that unrelated words share.
_FALSE_KIN = frozenset(
    "univers organ import author gener execut secret communis commun experiment capit colon nation minist paris "
    "apart depart compart contin count court custom depress detect direct domin effect emerg express human "
    "inform instruct interest invent matern mission negat object offic operat oper passion pastor patent person "
    "port posit press princip product program project proper prot compass public relat repress resid rest reserv "
    "sever sign spirit stat station subject success term tract tradit univ victor planet plant poll past comb "
    "mark cell corn cart form mass mort numb".split()
)
# Country: its people and what is theirs.
_PEOPLES = dict(
    entry.split(": ")
    for entry in (
        "france: french frenchman frenchwoman; england: english englishman; britain: british briton britons; "
        "spain: spanish spaniard spaniards; germany: german germans; greece: greek greeks; netherlands: dutch; "
        "holland: dutch; denmark: danish dane danes; sweden: swedish swede swedes; finland: finnish finn finns; "
        "poland: polish pole poles; turkey: turkish turk turks; switzerland: swiss; portugal: portuguese; "
        "ireland: irish; scotland: scottish scots scot; wales: welsh; iceland: icelandic icelander; norway: "
        "norwegian norwegians; china: chinese; japan: japanese; thailand: thai thais; philippines: filipino "
        "filipinos philippine; mexico: mexican mexicans; peru: peruvian peruvians; chile: chilean; belgium: "
        "belgian belgians; hungary: hungarian; italy: italian italians; russia: russian russians; egypt: "
        "egyptian egyptians; brazil: brazilian; india: indian; iraq: iraqi; israel: israeli; czechia: czech; "
        "cyprus: cypriot; lebanon: lebanese; vietnam: vietnamese"
    ).split("; ")
)
# Parts of proper names that tell nothing by themselves.
_GENERIC = (
    frozenset(
        "city river mount mountain mountains lake sea ocean bay gulf island islands isle peninsula cape street avenue "
        "road square bridge tower castle palace park university college school institute academy museum library church "
        "cathedral abbey temple hospital company corporation bank group party union league association society "
        "organization organisation federation committee commission council court department ministry agency act law bill "
        "treaty convention agreement declaration constitution republic kingdom empire state states county province "
        "district region north south east west northern southern eastern western central new old great little upper lower "
        "san santa saint st los las el la le les de del della der den van von di da al bin ibn mac theory theorem "
        "principle algorithm lemma conjecture paradox curve ratio problem experiment effect equation formula constant "
        "number method test rule scale index model process cycle reaction system disease syndrome disorder war battle "
        "revolution siege prize award medal festival cup championship game games book books song film play opera symphony "
        "king queen prince princess emperor pope president sir lord lady duke earl first second third world international "
        "national royal united american british french german italian spanish russian chinese japanese indian european "
        "african asian english greek roman dutch irish scottish america australia antarctica britain earth sun moon jr sr "
        "ii iii iv time times house hall center centre building station airport port harbor harbour fort valley desert "
        "forest canyon falls beach hill hills point rock white black red green blue big long high grand holy sacred "
        "general major colonel captain dr mr mrs ms prof professor doctor inc ltd co corp plc gmbh".split()
    )
    | MONTH_NUMBERS.keys()
    | frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the question: as written, folded, and where."""

    written: str
    folded: str
    start: int
    end: int


_WORD = re.compile(r"[^\W_]+(?:['][^\W_]+)*|[^\W_]+")


def _words_of(text: str) -> list[_Word]:
    return [_Word(found[0], _bare(found[0]), found.start(), found.end()) for found in _WORD.finditer(text)]


def _bare(word: str) -> str:
    """A word for comparison: folded, without accents and possessive."""
    folded = canonical(word, "place") if not word.isascii() else word.lower()
    return folded.removesuffix("'s").removesuffix("'").replace("'", "")


def find_leak(
    question: str, answer: str, aliases: tuple[str, ...] | list[str] = (), document: str = "", answer_type: str | None = None
) -> str | None:
    """How a question gives its answer away (one of `LEAKS`), or None if it does not.

    `document` settles abbreviations ("World Health Organization (WHO)") and what is a name.
    Judgements: a decade does not leak a year, nor a year a full date (the reverse does); a number
    leaks only in the role that is asked for ("5 km" says nothing of five laps); an answer that is
    one of at least two choices offered is no leak; yes and no never are; code leaks only as it is
    written, because `'hello'.upper()` does not say HELLO.
    """
    if answer_type == "yes_no":
        return None
    question = unify(question[:_MAX_QUESTION_CHARS])
    found = _leak_of(question, answer, document, answer_type)
    if found:
        return found
    for alias in aliases:
        if _leak_of(question, alias, document, answer_type):
            return "alias"
    return None


def _leak_of(question: str, answer: str, document: str, answer_type: str | None) -> str | None:
    answer = unify_lines(answer).strip(" .,;:!?\"'")
    if not answer or not question or len(answer) > 500 or canonical(answer) in ("yes", "no"):
        return None
    if answer_type == "code":
        place = find_in_text(answer, _without_choices(question, answer), "code")
        return place and ("spelled_out_in_parentheses" if _in_parentheses(question, place) else "verbatim")
    folded_words = [word.folded for word in _words_of(answer)]
    if folded_words and all(word in STOP_WORDS for word in folded_words) and not _may_be_a_name(answer):
        return None
    question = _without_choices(question, answer)
    if parse_date(answer) and parse_quantity(answer) is None:
        return _date_leak(question, answer)
    quantity = parse_quantity(answer) or parse_quantity(answer, "number")
    if quantity:
        return _quantity_leak(question, answer, quantity)
    for kind, place in _text_leaks(question, answer, document):
        return "spelled_out_in_parentheses" if _in_parentheses(question, place) else kind
    return None


def _may_be_a_name(answer: str) -> bool:
    """ "WHO", "IT" or "Will" may be an answer though "who", "it" and "will" are not; "A" may too."""
    return answer.isupper() or (answer[:1].isupper() and answer.lower() in _HOMOGRAPHS)


def _in_parentheses(question: str, place: tuple[int, int]) -> bool:
    opened = question.rfind("(", 0, place[0])
    return opened >= 0 and question.find(")", opened, place[0]) < 0 and question.find(")", place[1] - 1) >= 0


# --- Choices -------------------------------------------------------------------------------------

_CHOICE_QUESTION = re.compile(
    r"\b(?:which|whether|choose|select|is|are|was|were|do|does|did|can|could|has|have|had|will|would|should)\b|:|"
    r"\b(?:between|of the two|true or false)\b",
    re.IGNORECASE,
)
_SYNONYM_OR = re.compile(r"\b(?:called|known as|named|also|another (?:name|term|word) for|synonym|abbreviated)\b", re.IGNORECASE)
_MARKED = re.compile(r"(?:^|[\s,;:])\(?[A-Ha-h1-8][).] ")
_CLAUSE = re.compile(r"[?;:.](?=\s|$)|$")


_LAST_CHOICE = re.compile(r" or ([^?,;:]{1,80})\?\W*$")
_MAX_CHOICE_WORDS = 6
_PREDICATE = re.compile(
    r"\b(?:who|whom|whose|which|what|when|where|why|how|is|are|was|were|do|does|did|can|could|has|have|had|will|would|called|as)\b"
)


def _closing_choices(lower: str) -> int:
    """Where the choices begin that close a question ("Who won the final, Brazil or France?"); -1 if none do."""
    last = _LAST_CHOICE.search(lower)
    if not last or len(last[1].split()) > _MAX_CHOICE_WORDS:
        return -1
    start = last.start()
    while (comma := lower.rfind(",", 0, start)) >= 0:
        choice = lower[comma + 1 : start]
        if not 0 < len(choice.split()) <= _MAX_CHOICE_WORDS or _PREDICATE.search(choice):
            break
        start = comma
    return start if start < last.start() else -1


def _without_choices(question: str, answer: str) -> str:
    """Blank out the answer where the question merely offers it among its choices."""
    if not re.search(r"\bor\b|\band\b|\(?[A-Da-d][).] |/", question):
        return question
    pattern = re.compile(rf"(?<!\w)(?:the |an? )?{re.escape(answer.lower())}(?!\w)")
    lower = question.lower()
    if len(lower) != len(question):
        return question
    marked = len(_MARKED.findall(question)) >= 2
    closing = _closing_choices(lower)
    for found in pattern.finditer(lower):
        start = max(lower.rfind(mark, 0, found.start()) for mark in ":;?.(")
        clause_end = _CLAUSE.search(lower, found.end())
        before, after = lower[start + 1 : found.start()], lower[found.end() : clause_end.start() if clause_end else len(lower)]
        if marked or 0 <= closing < found.start() or _is_choice(question, before, after, start >= 0 and lower[start] == ":"):
            question = question[: found.start()] + "\u25a1" * (found.end() - found.start()) + question[found.end() :]
    return question


def _is_choice(question: str, before: str, after: str, listed: bool) -> bool:
    """Whether what stands before and after says "this or that" and the question is one that lets choose."""
    next_to = re.search(r"(?:\bor(?: (?:is it|in|on|at|by|to|with|for|from|of|one of|that of))?|,)\s*$", before) or re.match(
        r"\s*(?:,|\bor\b|/)", after
    )
    has_or = re.search(r"\bor\b", before[-80:]) or re.search(r"\bor\b", after[:120])
    of_two = re.search(r"\b(?:of|between|among|from|than)\b", before[-80:]) and re.search(
        r"\band\b", before[-60:] + " " + after[:60]
    )
    if of_two and re.match(r"which\b|what\b", (after.lstrip(" ,") + " ").split(" and ")[-1].split(", ")[-1]):
        return True
    if (
        of_two
        and re.match(r"(?:of|between|among)\b", question.lower())
        and re.search(r",\s*(?:which|what|who)\b", question.lower())
    ):
        return True
    if not has_or or _SYNONYM_OR.search(before[-30:]):
        return False
    if re.search(r"^[^,]*,\s*or\s*$", before) and after.lstrip().startswith(","):
        return False  # "sodium chloride, or table salt, ...": the same thing again
    head_or = re.search(r"\bor (?:[\w'-]+ ){1,4}$", before) or re.match(
        r"(?: [\w'-]+){1,4} or\b", after
    )  # "shorter legs or arms"
    return bool((next_to or head_or or listed) and _CHOICE_QUESTION.search(question))


# --- Numbers and dates ---------------------------------------------------------------------------


def _date_leak(question: str, answer: str) -> str | None:
    place = find_in_text(answer, question, "date")
    if place is None:
        return None
    kind = "verbatim" if normalise(answer) in normalise(question) else "date_variant"
    return "spelled_out_in_parentheses" if _in_parentheses(question, place) else kind


def _quantity_leak(question: str, answer: str, quantity: Quantity) -> str | None:
    said = list(quantities_in(question))
    for start, end, other in said:
        if other.value * other.factor != quantity.value * quantity.factor and other.value != quantity.value:
            continue
        written = question[start:end]
        if _is_formula(question, start, end) or (len(said) > 2 and _COMPUTING.search(question)):
            continue
        if not _same_role(question, end, other, quantity, start):
            continue
        if _in_parentheses(question, (start, end)):
            return "spelled_out_in_parentheses"
        if normalise(written).strip(" -") == normalise(answer) or (not quantity.unit and re.sub("[, ]", "", written) == answer):
            return "verbatim"
        digits = [any(char.isdigit() for char in text) for text in (written, answer)]
        if digits[0] != digits[1]:
            return "number_word"
        return "unit_variant" if quantity.unit or other.unit else "verbatim"
    share = _share_place(question, quantity)
    if share:
        return "spelled_out_in_parentheses" if _in_parentheses(question, share) else "number_word"
    return None


_PARTS = dict(half=2, third=3, quarter=4, fourth=4, fifth=5, sixth=6, seventh=7, eighth=8, ninth=9, tenth=10)
_FRACTION = re.compile(
    r"(?<![\w/.])(?:(?P<top>\d{1,3})/(?P<bottom>\d{1,3})|(?:(?P<count>an?|one|two|three|four|five|six|seven|eight|nine) )?"
    r"(?P<part>half|halves|(?:third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth)s?)|(?P<percent>\d+(?:\.\d+)?) ?"
    r"(?:%|per ?cent))(?P<of> of)?(?: (?:the|all|its|his|her|their|our|these|those|this|that))*(?P<rest>(?: [\w'-]+){1,3})",
    re.IGNORECASE,
)
_SHARE_ASKED = re.compile(
    r"\b(?:percentage|per ?cent|share|proportion|fraction|part|portion|much) of"
    r"(?: (?:the|all|its|his|her|their|our|these|those))*"
    r"((?: [\w'/-]+){1,3})",
    re.IGNORECASE,
)


def _share_place(question: str, quantity: Quantity) -> tuple[int, int] | None:
    """Where a question tells the share that it asks for in another notation: "half of the sample" for 50%."""
    wanted = quantity.value if quantity.unit == "%" else quantity.value * 100
    if quantity.unit not in ("", "%") or not 0 < wanted < 100:
        return None
    asked = {noun for found in _SHARE_ASKED.finditer(question) for noun in _leading_nouns(found[1])}
    for found in _FRACTION.finditer(question):
        value = _percent(found)
        if value is None or (found["percent"] and quantity.unit) or abs(value - wanted) > (0 if value.denominator == 1 else 0.5):
            continue
        pronoun = found["of"] and re.match(r" (?:it|them|these|those|that|this)\b", found["rest"].lower())
        if pronoun or any(_kin(word, noun) for word in _leading_nouns(found["rest"]) for noun in asked):
            return found.start(), found.end("of") if found["of"] else found.start("rest")
    return None


def _leading_nouns(phrase: str) -> list[str]:
    """The words of a phrase up to the first small one: "workers" of "workers lived in"."""
    return list(takewhile(lambda word: word not in STOP_WORDS, map(_bare, phrase.split())))


def _percent(found: re.Match[str]) -> Fraction | None:
    """What a `_FRACTION` comes to in percent; None for an ordinal ("the third quarter", "the second half")."""
    if found["percent"]:
        return Fraction(found["percent"])
    if found["top"]:
        return 100 * Fraction(int(found["top"]), int(found["bottom"])) if int(found["bottom"]) else None
    part = found["part"].lower().replace("halves", "half").removesuffix("s")
    count = (found["count"] or "").lower()
    if not count and part != "half":
        return None
    return Fraction(100 * SMALL_NUMBERS.get(count, 1), _PARTS[part])


def _is_formula(question: str, start: int, end: int) -> bool:
    before, after = question[max(0, start - 2) : start].strip(), question[end : end + 2].strip()
    inside_brackets = before.endswith("(") and start > 1 and question[start - 2].isalnum()
    return bool(
        (before and _MATHS_AROUND.match(before[-1]) and not before.endswith("("))
        or inside_brackets
        or (after and _MATHS_AROUND.match(after[0]) and not after.startswith(")"))
        or (before[-1:] in "-." and before[-1:] and start and not question[start - 1].isspace())
    )


_ASKED = re.compile(
    r"\b(?:how many|number of|how much|count of|what fraction of)\s+((?:[\w.'-]+\s*){1,5})|\bhow (long|old|far|tall|high|"
    r"deep|wide|heavy|fast)\b",
    re.IGNORECASE,
)


def _same_role(question: str, end: int, other: Quantity, quantity: Quantity, start: int) -> bool:
    """Whether a number of the question stands for what is asked, not for something else that is counted."""
    asked = _ASKED.search(question)
    asked_words = {singular(_bare(word)) for word in (asked[1] or "").split()} - STOP_WORDS if asked else set()
    if quantity.unit and other.unit:
        return other.same(quantity)
    if other.unit:  # "12 months" asked for as a bare 12
        return bool({singular(other.unit), other.unit} & asked_words) or _unit_word(other.unit) in {
            _unit_word(w) for w in asked_words
        }
    following = re.match(r"[ -]?([^\W\d_]+)", question[end:])
    noun = _bare(following[1]) if following and question[end : end + 1] in " -" else ""
    counted = noun and noun not in STOP_WORDS
    if quantity.unit:  # a bare number beside a unit named elsewhere
        known = parse_unit(noun) if counted else None
        if counted and _kin(noun, quantity.unit.split()[-1]):
            return True
        if known or counted or other.value != quantity.value:
            return False
        if parse_unit(quantity.unit) is None:  # "30 committees" for "30"
            return _unit_word(quantity.unit) in {_unit_word(word) for word in asked_words} and abs(quantity.value) > 12
        return abs(quantity.value) > 12 and any(_unit_word(w.folded) == quantity.unit for w in _words_of(question))
    if 1000 <= quantity.value < 2100 and re.search(r"\byears?\b|\bwhen\b", question.lower()):
        return True
    if _is_label(question, start):
        return False
    small = abs(quantity.value) <= 12
    written = question[start:end].lower()
    if written in ("one", "a", "half", "second") or (
        small and re.search(r"\b(?:which|these|those|the first|the last)\s$", question[:start].lower())
    ):
        return False
    if not counted:
        return not small or not re.search(r"\b(?:one|first|last|next) $", question[:start].lower())
    if any(_kin(noun, word) for word in asked_words) or (asked and _next_words_kin(question[end:], asked_words)):
        return True
    return not small and not asked_words and not re.search(r"\b(?:after|over|for|of|in|with|the)\s$", question[:start].lower())


def _next_words_kin(rest: str, asked: set[str]) -> bool:
    """ "eight large planets" counts planets as "eight planets" does."""
    return any(_kin(_bare(word), wanted) for word in rest.replace("-", " ").split()[:3] for wanted in asked if len(wanted) > 3)


def _unit_word(word: str) -> str:
    unit = parse_unit(word)
    return unit.symbol if unit else word


def _is_label(question: str, start: int) -> bool:
    """ "Figure 5", "Apollo 11", "type 1": a name, not a count."""
    before = re.search(r"([^\W\d_]+)[ -]$", question[:start])
    if not before:
        return False
    word = before[1]
    return word.lower() in _LABELS or (word[0].isupper() and before.start() > 0 and word.lower() not in STOP_WORDS)


# --- Words ---------------------------------------------------------------------------------------


def _text_leaks(question: str, answer: str, document: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Every way in which a question says an answer made of words; the plainest first."""
    for place in _verbatim_places(question, answer, document):
        kind = "verbatim" if not re.search(r"['\u2019]s$", question[slice(*place)]) else "inflected"
        yield kind, place
    words, wanted = _words_of(question), _words_of(answer)
    if not wanted:
        return
    yield from _inflected_places(words, wanted, answer, document)
    yield from _short_and_long_forms(question, words, answer, wanted, document)
    yield from _number_words(question, answer)
    yield from _telling_parts(question, words, answer, wanted)


def _verbatim_places(question: str, answer: str, document: str) -> Iterator[tuple[int, int]]:
    """Where the words of the answer stand in the question, with what only looks like them left out."""
    letters = re.sub(r"[\W_]", "", answer)
    if len(letters) <= 1:
        yield from _single_letter_places(question, answer)
        return
    if len(answer) < 3 and not letters.isupper():
        return
    if _is_formula_answer(answer):
        place = find_in_text(answer, question, "expression") if len(letters) > 2 else None
        if place and not _is_part_of_formula(question, place):
            yield place
        return
    wanted = [word.folded for word in _words_of(answer) if word.folded not in ("the", "a", "an")]
    words = _words_of(question)
    for index in range(len(words) - len(wanted) + 1):
        here = words[index : index + len(wanted)]
        if not wanted or [word.folded for word in here] != wanted or not _close_up(question, here):
            continue
        if not _only_looks_alike(question, here, answer, document) and not _splits_symbols(question, here, answer):
            yield here[0].start, here[-1].end
    squeezed = "".join(wanted)
    if len(squeezed) >= 7:
        for place in _squeezed_places(question, words, squeezed):
            yield place


def _close_up(question: str, here: list[_Word]) -> bool:
    """Words of one phrase are divided by spaces, hyphens and light punctuation."""
    return all(re.fullmatch(r"[\s\-,.'\"&/()]{0,4}", question[a.end : b.start]) for a, b in pairwise(here))


def _splits_symbols(question: str, here: list[_Word], answer: str) -> bool:
    """ "C" is not "C++", "A" is not "A-", and the other way round."""
    tail = re.search(r"[+#]+$", answer)
    following = re.match(r"[+#]+", question[here[-1].end :])
    return (tail[0] if tail else "") != (following[0] if following else "")


def _squeezed_places(question: str, words: list[_Word], squeezed: str) -> Iterator[tuple[int, int]]:
    """ "seat belt" is "seatbelt", "e-mail" is "email"."""
    for index, word in enumerate(words):
        joined = word.folded
        for follower in words[index + 1 : index + 4]:
            if not squeezed.startswith(joined) or not _close_up(question, [word, follower]):
                break
            joined += follower.folded
            if joined == squeezed:
                yield word.start, follower.end
        if word.folded == squeezed:
            yield word.start, word.end


def _only_looks_alike(question: str, here: list[_Word], answer: str, document: str) -> bool:
    """Whether a single word is a common word where the answer is a name, a month or an acronym."""
    if len(here) > 1:
        return False
    word = here[0].written.removesuffix("'s")
    opens = here[0].start == 0 or bool(re.search(r"[.?!:]\s+[\"'(]?$", question[: here[0].start]))
    if answer.isupper() and len(answer) > 1:
        return not word.isupper() and (len(answer) <= 5) and (word.lower() in _HOMOGRAPHS or word.lower() in STOP_WORDS)
    if not answer[:1].isupper():
        return False
    lower = word.lower()
    if word.isupper() and len(word) > 1 and not answer.isupper():
        return lower in _HOMOGRAPHS or lower in STOP_WORDS
    if opens and lower in ("may", "will", "can", "march", "mark", "bill", "grant"):
        return True
    if not word.islower():
        return False
    if lower in _HOMOGRAPHS:
        month = lower in ("may", "march", "august") and re.search(
            r"\b(?:in|of|since|by|until|early|late|mid|last|next|every)[ -]$", question[: here[0].start]
        )
        return not month
    return _is_only_a_name(lower, document)


def _is_only_a_name(lower: str, document: str) -> bool:
    """Whether a document writes a word with a capital inside its sentences, and never without."""
    document = document[:_MAX_DOCUMENT_CHARS]
    if re.search(rf"\b{re.escape(lower)}\b", document):
        return False
    return bool(re.search(rf"[a-z,] {re.escape(lower.capitalize())}\b", document))


def _single_letter_places(question: str, answer: str) -> Iterator[tuple[int, int]]:
    """A letter leaks only as itself: a capital on its own, not an article, an initial or a variable."""
    if not re.fullmatch(r"[A-Z][+#*-]{0,2}", answer):
        return
    if re.search(r"\b[A-Z](?:,| and| or) [A-Z]\b", question):
        return  # "Let A and B be sets"
    for found in re.finditer(rf"(?<![\w.'+\-*/=^(]){re.escape(answer)}(?![\w'+#\-*/=^.)])(?! [+*/=<>-] )", question):
        before, after = question[: found.start()], question[found.end() :]
        if answer in ("A", "I") and (not before.strip() or re.search(r"[.?!:\"]\s*$", before)):
            continue
        if re.search(r"(?:,| and| or|[Ll]et|[Pp]oints?|[Ss]ets?|[Ee]vents?|[Vv]ertex|[Vv]ertices) $", before) or re.match(
            r"(?:,| and| or) [A-Z]\b", after
        ):
            continue
        yield found.span()


def _is_formula_answer(answer: str) -> bool:
    return bool(re.search(r"[=^\\(){}\[\]]|\d[a-z]|[a-z]\d|\w\s*[+*/<>]\s*\w", answer)) and not re.fullmatch(
        r"[\w\-]*[A-Za-z]{3,}[\w\-. ]*(?:\(\w*\))?", answer
    )


def _is_part_of_formula(question: str, place: tuple[int, int]) -> bool:
    before, after = question[: place[0]].rstrip()[-1:], question[place[1] :].lstrip()[:1]
    return bool((before and before in "+-*/^=([{<>|") or (after and after in "+-*/^=)]}<>|(["))


def _inflected_places(
    words: list[_Word], wanted: list[_Word], answer: str, document: str
) -> Iterator[tuple[str, tuple[int, int]]]:
    """The words of the answer in other forms, in order."""
    wanted = [word for word in wanted if word.folded not in ("the", "a", "an")]
    if not wanted or len(re.sub(r"\W", "", answer)) < 3:
        return
    name = answer[:1].isupper() and len(wanted) == 1
    for index in range(len(words) - len(wanted) + 1):
        here = words[index : index + len(wanted)]
        if not all(_kin(word.folded, want.folded) for word, want in zip(here, wanted, strict=True)):
            continue
        if len(here) == 1 and (here[0].folded == wanted[0].folded or here[0].folded in STOP_WORDS):
            continue
        if name and here[0].written.islower() and (wanted[0].folded in _HOMOGRAPHS or _is_only_a_name(here[0].folded, document)):
            continue
        yield "inflected", (here[0].start, here[-1].end)
    if len(wanted) == 1:
        people = _PEOPLES.get(wanted[0].folded, "").split()
        for word in words:
            if word.folded in people and word.written[0].isupper():
                yield "inflected", (word.start, word.end)


def _kin(one: str, other: str) -> bool:
    """Whether two folded words are forms of one word: plural, verb form, derived noun or adjective."""
    if one == other:
        return True
    if len(one) < 3 or len(other) < 3 or any(char.isdigit() for char in one + other):
        return False
    one, other = one.replace("iz", "is"), other.replace("iz", "is")
    if singular(one) == singular(other):
        return True
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    short, long = sorted((one, other), key=len)
    if one[:shared] in _FALSE_KIN or short in _FALSE_KIN or short.rstrip("e") in _FALSE_KIN:
        return False
    if shared < 4:
        return shared >= 3 and _is_act_of(one, other)
    rest_short, rest_long = short[shared:], long[shared:]
    if short.endswith("sis") and rest_long == "e":
        return True  # "synthesis", "synthesise"
    if rest_short in ("", "e", "y") and rest_long in _SUFFIXES and (len(short) >= 5 or rest_long in _SHORT_WORD_SUFFIXES):
        return rest_short != "" or len(short) >= 5 or not short.endswith(("e", "o"))
    if not rest_short and len(rest_long) > 3 and rest_long[0] == short[-1] and rest_long[1:] in ("ing", "ed", "er", "ers"):
        return True  # "stop", "stopping"
    return (shared >= 5 and any(rest_short in pair and rest_long in pair for pair in _PAIRED)) or _is_act_of(one, other)


# How the stem of a Latin noun of action ends, and that of its verb: "division" of "divide", "absorption" of "absorb".
_ACTS = (
    ("", ""), ("s", "d"), ("s", "t"), ("ss", "t"), ("ss", "d"), ("pt", "b"), ("rs", "rg"), ("ct", "g"), ("at", ""), ("it", ""),
    ("t", ""), ("at", "is"), ("ut", "v"),
)  # fmt: skip


def _is_act_of(one: str, other: str) -> bool:
    """Whether one of two words is what is done ("oxidation", "decisions") where the other is the verb in any form."""
    for noun, verb in ((one, other), (other, one)):
        stem = noun.removesuffix("s").removesuffix("ion")
        if not noun.removesuffix("s").endswith("ion") or len(stem) < 4 or stem in _FALSE_KIN:
            continue
        bases = {verb[: -len(ending)] for ending in ("e", "es", "ed", "ing", "s", "er", "ers") if verb.endswith(ending)}
        bases |= {base[:-1] for base in bases if base[-2:-1] == base[-1:]}  # "permitted"
        if not verb.endswith("s") or verb.endswith("ss"):
            bases.add(verb)
        for told, done in _ACTS:
            base = stem[: len(stem) - len(told)] + done
            if stem.endswith(told) and len(base) >= 3 and base in bases and base not in _FALSE_KIN:
                return True
    return False


def _initials(words: list[_Word]) -> tuple[str, str]:
    """The initials of a phrase, with and without its small words."""
    every = "".join(word.folded[0] for word in words)
    return every, "".join(word.folded[0] for word in words if word.folded not in STOP_WORDS)


def _short_and_long_forms(
    question: str, words: list[_Word], answer: str, wanted: list[_Word], document: str
) -> Iterator[tuple[str, tuple[int, int]]]:
    if len(wanted) > 1:
        initials = set(_initials(wanted))
        shorts = {short for short in initials if len(short) >= 3 or (len(short) == 2 and answer.istitle())}
        given = _short_forms(answer, document)
        shorts |= given
        for word in words:
            letters = word.written.removesuffix("'s").removesuffix("s")
            known = letters.lower() in shorts or word.written.lower() in shorts
            capitals = sum(char.isupper() for char in letters)
            known = known or (letters.isalpha() and letters.isupper() and _abbreviates(letters.lower(), wanted))
            if known and len(letters) > 1 and (capitals > 1 or (capitals and letters.lower() in given)):
                yield "abbreviation", (word.start, word.end)
        for dotted in re.finditer(r"(?<!\w)(?:[A-Za-z][.\-]){2,}[A-Za-z]?", question):
            if re.sub(r"[.\-]", "", dotted[0]).lower() in shorts:
                yield "abbreviation", dotted.span()
        return
    for word in words:  # "TB" for tuberculosis
        letters = word.written.removesuffix("'s").removesuffix("s")
        if (
            letters.isupper()
            and letters.isalpha()
            and _is_compound_of(letters.lower(), wanted, bool(_SHORTENED.search(question)))
        ):
            yield "abbreviation", (word.start, word.end)
    short = re.sub(r"[.\s\-]", "", answer)
    for letters in {short, short.removesuffix("s")}:
        if 2 <= len(letters) <= 8 and sum(char.isupper() for char in letters) >= 2 and letters.isalpha():
            yield from _expansions(words, letters.lower())
            yield from _compounds(words, letters.lower(), bool(_SHORTENED.search(question)))
    for long in _long_forms(answer, document):
        place = find_in_text(long, question)
        if place:
            yield "expansion", place
    symbol = parse_unit(answer) if len(answer) > 3 and answer.islower() else None
    if symbol:
        for word in words:
            if (
                word.written != answer
                and len(word.written) > 0
                and parse_unit(word.written) == symbol
                and (len(word.written) > 1)
            ):
                yield "unit_variant", (word.start, word.end)


_LONG_RUN = 18  # letters of three words that are no accident: "liquefied petroleum gas"


def _abbreviates(short: str, wanted: list[_Word]) -> bool:
    """Whether capitals are letters of a phrase that begin each of its words: "DNA" for deoxyribonucleic acid."""
    if not 3 <= len(short) <= 6 or not wanted or len(wanted) > len(short):
        return False
    phrase = [word.folded for word in wanted if word.folded not in STOP_WORDS]
    return _subsequence("".join(word[0] for word in phrase), short) and _made_of_words(short, phrase)


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


def _expansions(words: list[_Word], short: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Runs of words that begin with the letters of the answer; two letters need capitals."""
    for index in range(len(words)):
        run = words[index : index + len(short) - 1]
        for size in range(2, len(run) + 1):  # "Hypertext Markup Language" for HTML: fewer words than letters
            part = run[:size]
            if all(word.written[0].isupper() for word in part) and _made_of_words(short, [word.folded for word in part]):
                yield "expansion", (part[0].start, part[-1].end)
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
                yield "expansion", (run[0].start, run[-1].end)


_SHORTENED = re.compile(
    r"\babbreviat|\bacronym|\bshort (?:name|form|for)\b|\bin short\b|\binitials\b|\bletters\b|\bmeant by\b|\bstands? for\b",
    re.IGNORECASE,
)
# A part of a compound begins here: "tri-nitro-toluene", "electro-cardio-gram", "di-phenyl-tri".
_JOINT = re.compile(r"(?<=[aeiouy])(?=[b-df-hj-np-tv-z])|(?<=yl)(?=[a-z])")
_PART_CHARS = 4  # that a part of a compound has on the average


def _compounds(words: list[_Word], short: str, asked: bool) -> Iterator[tuple[str, tuple[int, int]]]:
    """Words without capitals whose parts begin with the letters of the answer: "deoxyribonucleic acid" for DNA."""
    for index in range(len(words)):
        for size in range(1, len(short)):
            part = words[index : index + size]
            if len(part) == size and _is_compound_of(short, part, asked):
                yield "expansion", (part[0].start, part[-1].end)


def _is_compound_of(short: str, words: list[_Word], asked: bool) -> bool:
    """Whether each letter begins a word, or a part of one; two letters prove that only where an abbreviation is asked for."""
    if not words or len(short) <= len(words) or len(short) < (2 if asked else 3) or words[0].folded[:1] != short[0]:
        return False
    if any(word.folded in STOP_WORDS for word in words) or sum(len(word.folded) for word in words) < _PART_CHARS * len(short):
        return False
    ends = {0}  # how many letters the words so far may have used
    for word in words:
        inner = [word.folded[found.start()] for found in _JOINT.finditer(word.folded[:40])]
        reached = set()
        for start in ends:
            if start < len(short) and word.folded[0] == short[start]:
                used = start + 1
                reached.add(used)
                for letter in inner:
                    if used < len(short) and letter == short[used]:
                        used += 1
                        reached.add(used)
        ends = reached
    return len(short) in ends


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
            for size in range(1, min(len(words), len(answer) + 2) + 1):
                phrase = " ".join(words[-size:])
                if (
                    phrase[0].lower() == answer[0].lower()
                    and _subsequence(answer.lower(), phrase.lower())
                    and len(phrase) > len(answer) + 2
                ):
                    found.add(phrase)
                    break
    return found


def _subsequence(short: str, long: str) -> bool:
    position = 0
    for char in short:
        if not char.isalnum():
            continue
        position = long.find(char, position) + 1
        if not position:
            return False
    return True


def _mentions(answer: str, document: str) -> Iterator[tuple[str, str]]:
    """What stands before and after the first mentions of an answer."""
    document = document[:_MAX_DOCUMENT_CHARS]
    flags = 0 if answer.isupper() else re.IGNORECASE
    for count, found in enumerate(re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", document, flags)):
        if count >= 20:
            return
        yield document[max(0, found.start() - 120) : found.start()], document[found.end() : found.end() + 100]


def _number_words(question: str, answer: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """ "World War Two" for "World War 2": numbers inside a phrase."""
    swaps = {word: str(value) for word, value in SMALL_NUMBERS.items() if word != "fourty"}
    swaps |= {value: word for word, value in swaps.items()} | {"ii": "2", "iii": "3", "iv": "4"}
    pieces = answer.split()
    if len(pieces) < 2 or not any(piece.lower() in swaps for piece in pieces):
        return
    other = " ".join(swaps.get(piece.lower(), piece) for piece in pieces)
    place = find_in_text(other, question, "term")
    if place:
        yield "number_word", place


def _telling_parts(question: str, words: list[_Word], answer: str, wanted: list[_Word]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Half the items of a list, all the words of a phrase, or the telling word of a proper name."""
    items = list_items(answer)
    if len(items) > 1 and (re.search(r",|;| and | & ", answer)):
        said = [
            place
            for item in items
            if not parse_quantity(item) and len(item) > 2
            for place in list(_verbatim_places(question, item, ""))[:1]
        ]
        if said and 2 * len(said) >= len(items) and not (len(wanted) <= 3 and _lower_compound(answer)):
            yield "part_of_answer", said[0]
        return
    if _is_formula_answer(answer):
        return
    every = [word for word in wanted if word.folded not in STOP_WORDS or word.written.isupper()]
    content = [word for word in every if len(word.folded) > 1 or word.folded.isdigit()]
    if len(content) < 2:
        return
    generic = {word.folded for word in content if word.folded in _GENERIC or _is_where(answer, word)}
    spread = [next((word for word in words if _kin(word.folded, want.folded)), None) for want in every]
    found = [word for word in spread if word]
    if len(found) == len(every) and any(word.folded not in generic and len(word.folded) > 2 for word in content):
        yield "part_of_answer", (found[0].start, found[0].end)
        return
    if not all(word.written[0].isupper() or word.folded in generic for word in content):
        return
    telling = [word for word in content if word.folded not in generic and len(word.folded) > 3]
    person = len(telling) == len(content) and 2 <= len(content) <= 4
    for want in telling[-1:] if person and telling[-1:] == content[-1:] else telling:
        for index, word in enumerate(words):
            if word.written[0].isupper() and _kin(word.folded, want.folded) and not _other_name(question, words, index, content):
                yield "part_of_answer", (word.start, word.end)


def _is_where(answer: str, word: _Word) -> bool:
    """Whether a part of a name only says where it is: "Bank of Kenya", "Norway Airlines", but not "Michael Jordan"."""
    placed = bool(re.search(r"(?:\b(?:of|in|the)|,) $", answer[: word.start])) or bool(re.search(r"\w", answer[word.end :]))
    return placed and is_region(word.folded)


def _lower_compound(answer: str) -> bool:
    return "," not in answer and ";" not in answer and answer[:1].isupper()


def _other_name(question: str, words: list[_Word], index: int, content: list[_Word]) -> bool:
    """ "Pierre Curie" is not Marie: a capital before the shared word that is no part of the answer."""
    own = {word.folded for word in content}
    while index:
        before = words[index - 1]
        between = question[before.end : words[index].start]
        opening = before.start == 0 or before.folded in STOP_WORDS
        if between not in (" ", "-", ". ") or not before.written[0].isupper() or opening:
            return False
        if before.folded not in own | _GENERIC:
            return True
        index -= 1
    return False
