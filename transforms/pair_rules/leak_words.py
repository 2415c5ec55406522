"""Words of questions and answers, as leakage compares them: which tell nothing by themselves, and which are forms of one."""

import re
from dataclasses import dataclass

from transforms.answers.canonical import canonical
from transforms.answers.dates import MONTH_NUMBERS
from transforms.answers.units import singular

MAX_DOCUMENT_CHARS = 200_000  # of a document that is looked through for names and abbreviations

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
HOMOGRAPHS = frozenset(
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

# Country: its people and what is theirs.
PEOPLES = dict(
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
GENERIC = (
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
class Word:
    """A word of the question: as written, folded, and where."""

    written: str
    folded: str
    start: int
    end: int


_WORD = re.compile(r"[^\W_]+(?:['][^\W_]+)*|[^\W_]+")


def words_of(text: str) -> list[Word]:
    return [Word(found[0], bare(found[0]), found.start(), found.end()) for found in _WORD.finditer(text)]


def bare(word: str) -> str:
    """A word for comparison: folded, without accents and possessive."""
    folded = canonical(word, "place") if not word.isascii() else word.lower()
    return folded.removesuffix("'s").removesuffix("'").replace("'", "")


def in_parentheses(question: str, place: tuple[int, int]) -> bool:
    opened = question.rfind("(", 0, place[0])
    return opened >= 0 and question.find(")", opened, place[0]) < 0 and question.find(")", place[1] - 1) >= 0


# --- Forms of one word

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


def are_kin(one: str, other: str) -> bool:
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
