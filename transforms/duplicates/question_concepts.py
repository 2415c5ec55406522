"""The words of questions: what carries no meaning, what is one thing in other words, and words without inflection.

English is what these lists know; a word of another language stays as it is written.
"""

import re

from transforms.english.function_words import GRAMMAR, MODALS
from transforms.english.number_words import ORDINALS, SMALL_NUMBERS
from transforms.english.stems import stem

# Carry no meaning that tells questions apart: grammar, question words, and what a question calls the
# kind of its answer, which the answer itself settles.
_LIGHT = GRAMMAR.union(
    MODALS,
    "there them we you your i as within and or if then so such being am done doing also just only very own call name known "
    "term word phrase title give given gave take taken took used use using usage able according text passage document "
    "specific specifically particular exact precise kind type sort form following respectively responsible stand year date "
    "day days month week time city town country nation place locate situated lie people man woman thing number amount "
    "quantity total value figure percentage percent proportion share fraction many much identify state specify tell describe "
    "mention per se s t d ca wo sha ll re ve regular standard actual against typically usually generally commonly normally "
    "considered".split(),
) - {"over"}

NEGATIONS = frozenset("not no never without none neither nor cannot except excluding unlike lack lacks lacking".split())
# What follows these words must not change places with what goes before them.
ORDERING = frozenset("than from minus divided into".split())
# Make another quantity of the one they stand with.
STRICT = frozenset("density rate ratio difference change per-capita square cube root squared cubed half double twice".split())

# Concepts, with a semicolon between two. Words of one may replace each other; words of two are known to differ. A concept
# may be broader than in a thesaurus, as what a verb is used with tells the rest: nobody founds a telephone.
# Nor is there a need to list what `stem` makes the same: "builder" is "build".
_CONCEPTS = """
begin start commence launch onset establish founder foundation create invent devise conceive originate institute introduce
introduction initiate setup; open inaugurate; close shut closure; end stop cease terminate conclude; complete finish; build
construct erect; destroy demolish demolition destruction ruin; design architect; write author writer penned; compose; paint;
sculpt; sing singer; discover discovery find; direct; produce make manufacture generate production; consist comprise contain
constitute composed include; sell sale seller; buy purchase acquire buyer acquisition; cost pay price spend charge; own owner
possess belong ownership; owe; lead leader head chair; govern rule ruler; conduct; manage; win winner victory; lose loss loser;
beat defeat; attack; defend; born birth birthplace; die death died; kill assassinate murder; bury burial; marry spouse marriage;
father; mother; son; daughter; brother; sister; husband; wife; live reside dwell inhabit residence; need require; allow permit
enable let; cause result trigger; prevent; protect; increase grow growth gain rose; decrease fall decline drop shrink reduce
reduction; improve; worsen deteriorate; strengthen; weaken; export; import; send; receive get obtain; bring carry transport;
arrive arrival; depart leave departure; enter entry; exit; before prior precede predecessor; after succeed successor; during;
since; until; north northern northernmost; south southern southernmost; east eastern easternmost; west western westernmost;
left; right; upper top; lower bottom; inside interior inner; outside exterior outer; above; below under beneath; large big great
largest biggest larger bigger greatest; small little tiny smallest; long length longer longest; short shortest; wide width broad
wider widest breadth; tall high height higher highest taller tallest altitude elevation; low lowest; deep depth deeper deepest;
shallow shallowest; weigh weight heavy heaviest mass; light lightest; old age older oldest aged; young youngest; new newer
newest; far distance farther farthest further furthest; near nearer nearest closest; fast speed velocity quick rapid faster
fastest quickest; slow slower slowest; hot temperature warm hotter hottest warmer warmest; cold cool colder coldest cooler
coolest; area; volume; size; span; diameter; radius; perimeter circumference; count; howmuch; more most mainly chiefly primarily
principally; less least few fewer fewest; maximum max maximal; minimum min minimal; average; median; first earliest; last final
latest; next; previous; best; worst; better; worse; same; different; positive; negative; male; female; odd; even; release emit;
absorb; hunt prey; intended meant; eat feed consume diet food; drink; teach; learn study educate; work employ job occupation
profession; happen occur occurrence takeplace; join; travel traveller journey visit explorer; fly flight; swim; run runner
cover; attend; vote elect; appoint; resign resignation; publish publication; translate; perform performance; record; broadcast;
headquarters; operate; measure; calculate compute computation; solve; prove proof; predict; observe observation; test; treat
cure; diagnose diagnosis; infect; cook bake; celebrate; burn; freeze; melt; boil; dissolve dissolution; add; remove delete;
insert; retrieve fetch; multiply product; divide quotient; subtract; sum
"""

# What is one thing in several words, or several words for one thing. Written before words are split.
_PHRASES = {
    r"take[ns]? place|took place|taking place": "takeplace",
    r"set(?:ting)? up": "setup",
    r"(?:made|make|makes|making) up(?: of)?|made (?:out )?of|composed of|made from": "constitute",
    r"united states of america|united states|u\.s\.a\.|u\.s\.|usa|america(?!n)": "USA",
    r"united kingdom|great britain|u\.k\.|uk|britain": "UK",
    r"united nations|u\.n\.": "UN",
    r"european union|e\.u\.": "EU",
    r"world health organi[sz]ation": "WHO",
    r"world war (?:two|ii|2)|second world war|ww2|wwii": "WW2",
    r"world war (?:one|i|1)|first world war|ww1|wwi": "WW1",
    r"boiling (?:point|temperature)s?": "temperature boil",
    r"melting (?:point|temperature)s?": "temperature melt",
    r"freezing (?:point|temperature)s?": "temperature freeze",
    r"each other|one another": "mutual",
    r"(?:giv(?:e|es|en|ing)|gave) (?:off|out)": "emit",
    r"(?:tak(?:e|es|en|ing)|took) (?:in|up)": "absorb",
    r"how many (?:years|months|weeks|days|hours|minutes|seconds)": "how long",
    r"how much": "howmuch",
    r"how many|(?:total |exact )?number of": "count",
    r"as well as": "and",
    r"due to|because of|results? from|resulted from": "cause",
    r"per cent": "percent",
    r"per capita|per person|per head": "per-capita",
    r"at least": "at-least",
    r"at most": "at-most",
    r"more than": "more than",
}
_PHRASE = re.compile(
    "|".join(rf"(?P<p{number}>(?<![\w.])(?:{phrase})(?!\w))" for number, phrase in enumerate(_PHRASES)), re.IGNORECASE
)
_REPLACEMENTS = tuple(_PHRASES.values())

_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)", re.ASCII)


def _build_concepts() -> dict[str, str]:
    concepts: dict[str, str] = {}
    for listed in _CONCEPTS.split(";"):
        head, *others = listed.split()
        for word in (head, *others):
            concepts.setdefault(word, f"={head}")
            concepts.setdefault(stem(word), f"={head}")
    return concepts


_CONCEPT_OF = _build_concepts()
_LIGHT_STEMS = frozenset(map(stem, _LIGHT)) - set(_CONCEPT_OF)


def join_phrases(question: str) -> str:
    """A text with each known phrase written as one word, and several words for one thing as the same."""
    return _PHRASE.sub(lambda found: _REPLACEMENTS[(found.lastindex or 1) - 1], question)


def find_concept(word: str) -> str:
    """The concept or stem of a word; "" for a light word."""
    if word in _CONCEPT_OF:
        return _CONCEPT_OF[word]
    if word in _LIGHT or word in NEGATIONS or word in ORDERING or not word[0].isalnum():
        return ""
    base = stem(word)
    return "" if base in _LIGHT_STEMS else _CONCEPT_OF.get(base, base)


def read_number(word: str) -> str:
    """A number or ordinal in one notation; "" for a word. "one" is mostly a pronoun."""
    if word[0].isdigit():
        ordinal = _ORDINAL.fullmatch(word)
        return f"{ordinal[1]}." if ordinal else word.replace(",", "")
    if word in ORDINALS and word != "first":
        return f"{ORDINALS[word]}."
    return str(SMALL_NUMBERS[word]) if word in SMALL_NUMBERS and word != "one" else ""
