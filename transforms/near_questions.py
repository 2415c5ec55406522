"""Near-duplicate questions: whether two ask for the same thing in other words, without comparing all pairs.

Two questions are one if they have the same answer, the same numbers, names and negations, and share
most of what they are about: "In what year was the Harrow Bridge opened?" and "When did the Harrow
Bridge open?", but not "opened" and "closed", nor two bridges. What a question is about is a set of
words, inflection taken off and each replaced by its concept where it is a common word of questions
("founded" and "established" are one, "length" and "width" known to be two).

Such sets have about five members, too few for the MinHash of `minhash.py`: at the similarity asked
for here it would need 16 band keys and still lose one pair in a hundred. Prefix filtering (Chaudhuri
et al., "A Primitive Operator for Similarity Joins", ICDE 2006) needs three keys and loses none: two
sets of a Jaccard similarity of 1/2 or more share a member among the first half of each, in any
order that is the same for all. Rare words come first in ours, and a key holds the answer and the
numbers too, so few questions meet under it.

English is what the word lists know. In another language the words are compared as they are written,
which finds fewer.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from transforms.answers import SMALL_CHANGE, answers_match, canonical, loose_form
from transforms.quantities import SMALL_NUMBERS, format_number, parse_quantity
from transforms.text import stable_hash, unify
from transforms.units import singular

# Jaccard similarity from which two questions may be one, and the words that one may lack, so that a
# long passage in front of two questions does not make them one: where one merely says more ...
SIMILARITY, MOST_MORE, LEAST_SHARED = 0.5, 4, 2
# ... and where each has a word that the other lacks: "carried up" for "hauled up".
SIMILARITY_REWORDED, MOST_REWORDED = 0.75, 2

_MAX_CHARS = 2000  # a longer question repeats another only if it is the same text
_MAX_ALIASES = 4
_MAX_COMPARED = 200  # with a question for one word in one bucket: bounds what a hostile bucket costs

# --- Words ---------------------------------------------------------------------------------------

# Carry no meaning that tells questions apart: grammar, question words, and what a question calls the
# kind of its answer, which the answer itself settles.
_LIGHT = frozenset(
    "a an the this that these those there here it its he she they them their his her we you your i of in on at to for by "
    "with as into onto about within among between through and or if then so such which what who whom whose when where why "
    "how is are was were be been being am do does did done doing has have had having can could will would shall should may "
    "might must also just only very own called call named name names naming known term termed word phrase title give gives "
    "given giving gave take takes taken took taking used use uses using usage able according text passage document specific "
    "specifically particular particularly exact exactly precise precisely kind type sort form following respectively "
    "responsible stand stands standing year years date day days month months week weeks time city town country nation place "
    "location located locate situated lie lies person people man woman thing number amount quantity total value figure "
    "percentage percent proportion share fraction many much identify state specify tell describe mention mentioned per se s "
    "t d ca wo sha ll re ve regular standard actual actually against typically usually generally commonly normally "
    "considered".split()
)

_NEGATIONS = frozenset("not no never without none neither nor cannot except excluding unlike lack lacks lacking".split())
# Make another quantity of the one they stand with.
_STRICT = frozenset("density rate ratio difference change per-capita square cube root squared cubed half double twice".split())

# One concept a line. Words of one line may replace each other; words of two lines are known to differ. Lines may be
# broader than a thesaurus, as what a verb is used with tells the rest: nobody founds a telephone.
_CONCEPTS = """
begin start commence launch onset establish founded founder founding foundation founders create creator creation invent inventor
  invention devise conceive originate institute introduce introduction initiate setup establishment
open opening inaugurate inauguration
close shut closure
end stop cease terminate conclude
complete finish completion
build construct construction erect builder
destroy demolish demolition destruction ruin
design designer architect
write author writer penned
compose composer
paint painter
sculpt sculptor
sing singer
discover discoverer discovery find
direct director
produce producer make manufacture manufacturer generate production
consist comprise contain constitute composed include
sell sale seller
buy purchase acquire buyer acquisition
cost pay price spend charge
own owner possess belong ownership
owe
lead leader head chair
govern rule ruler
conduct conductor
manage manager
win winner victory
lose loss loser
beat defeat
attack
defend
born birth birthplace
die death died
kill assassinate murder
bury burial
marry spouse marriage
father
mother
son
daughter
brother
sister
husband
wife
live reside dwell inhabit residence
need require requirement
allow permit enable let
cause result trigger
prevent
protect
increase rise grow growth gain rose
decrease fall decline drop shrink reduce reduction
improve improvement
worsen deteriorate
strengthen
weaken
export
import
send
receive get obtain
bring carry transport
arrive arrival
depart leave departure
enter entry
exit
before prior precede predecessor
after succeed successor
during
since
until
north northern northernmost
south southern southernmost
east eastern easternmost
west western westernmost
left
right
upper top
lower bottom
inside interior inner
outside exterior outer
above
below under beneath
large big great largest biggest larger bigger greatest greater
small little tiny smallest smaller
long length longer longest
short shorter shortest
wide width broad wider widest breadth
tall high height higher highest taller tallest altitude elevation
low lowest
deep depth deeper deepest
shallow shallower shallowest
weigh weight heavy heavier heaviest mass
light lighter lightest
old age older oldest aged
young younger youngest
new newer newest
far distance farther farthest further furthest
near nearer nearest closest
fast speed velocity quick rapid faster fastest quickest
slow slower slowest
hot temperature warm hotter hottest warmer warmest
cold cool colder coldest cooler coolest
area
volume
size
span
diameter
radius
perimeter circumference
count
howmuch
more most mostly mainly chiefly primarily principally
less least few fewer fewest
maximum max maximal
minimum min minimal
average
median
first earliest
last final latest
next
previous
best
worst
better
worse
same
different
positive
negative
male
female
odd
even
release emit
absorb
hunt prey
intended meant
eat feed consume diet food
drink
teach teacher
learn study educate education
work employ job occupation profession
happen occur occurrence takeplace
join
travel traveller traveler journey visit explorer
fly flight
swim
run runner cover
attend
vote elect election
appoint appointment
resign resignation
publish publication
translate translator
perform performance performer
record recording
broadcast
headquarters headquarter headquartered
operate operation
measure measurement
calculate compute computation
solve
prove proof
predict prediction
observe observation
test
treat treatment treated cure
diagnose diagnosis
infect infection
cook bake
celebrate celebration
burn
freeze
melt
boil
dissolve dissolution
add
remove delete
insert
retrieve fetch
multiply product
divide quotient
subtract
sum
"""

_IRREGULAR = """
begin began begun; write wrote written; build built; find found; make made; sell sold; buy bought; pay paid; spend
spent; lead led; win won; lose lost; beat beaten; fall fell fallen; rise rose risen; grow grew grown; leave left; send
sent; get got gotten; bring brought; hold held; keep kept; become became; come came; go went gone; know knew; see saw
seen; say said; speak spoke spoken; think thought; teach taught; fight fought; fly flew flown; swim swam swum; run
ran; sing sang sung; drink drank drunk; eat ate eaten; draw drew drawn; drive drove driven; ride rode ridden; sink
sank sunk; shoot shot; sit sat; sleep slept; meet met; choose chose chosen; break broke broken; freeze froze frozen;
steal stole stolen; throw threw thrown; wear wore worn; bear bore; feed fed; feel felt; forget forgot forgotten; hide
hid hidden; lay laid; lend lent; sew sewn; show shown; shrink shrank shrunk; spread spread; spring sprang sprung;
strike struck; swear sworn; sweep swept; tear tore torn; understand understood; wake woke woken; weave wove woven;
wind wound; foot feet; tooth teeth; mouse mice; man men; woman women; child children; half halves; wolf wolves; leaf
leaves; knife knives; wife wives; life lives; analysis analyses
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

_ORDINALS = dict(
    zip(
        "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
        "seventeenth eighteenth nineteenth twentieth".split(),
        range(2, 21),
        strict=True,
    )
)
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)", re.ASCII)


def _base_forms() -> dict[str, str]:
    entries = (entry.split() for entry in _IRREGULAR.replace("\n", " ").split(";"))
    return {form: base for base, *forms in entries for form in forms}


_BASES = _base_forms()


_ENDINGS = (("ing", 6), ("ed", 5), ("er", 7), ("or", 7), ("ion", 7), ("ment", 8), ("ly", 6))  # of words at least so long


def stem(word: str) -> str:
    """A word without its inflection, so that "discovers", "discovered" and "discoverer" are one; no dictionary."""
    word = _BASES.get(word, word)
    if not word.isascii() or len(word) < 4:
        return word
    word = singular(word)
    while ending := next((ending for ending, least in _ENDINGS if word.endswith(ending) and len(word) >= least), ""):
        word = word[: -len(ending)]
        if word[-1] == word[-2] and word[-1] not in "lsz":
            word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 3 else word[:-1] + "i" if word.endswith("y") else word


def _build_concepts() -> dict[str, str]:
    concepts: dict[str, str] = {}
    for line in _CONCEPTS.replace("\n  ", " ").split("\n"):
        for word in line.split():
            head = f"={line.split()[0]}"
            concepts.setdefault(word, head)
            concepts.setdefault(stem(word), head)
    return concepts


_CONCEPT_OF = _build_concepts()
_LIGHT_STEMS = frozenset(map(stem, _LIGHT)) - set(_CONCEPT_OF)

# --- What a question asks ------------------------------------------------------------------------

_TOKEN = re.compile(
    r"[A-Za-z]\+\+|[A-Z]#"
    r"|\d+(?:[.,]\d+)*(?:[^\W\d_]+)?"  # 1,000.5  19th  2x
    r"|[^\W_]+(?:(?:_+|\.(?=\w)|')[^\W_]+)*|_+\w+"  # words, list.append, O'Neil, snake_case
    r"|[=+*^<>\u00d7\u00f7\u221a\\{}\[\]|()]|(?<=\s)[-/](?=\s)"
)
_OPERATORS = frozenset("= + * ^ < > \u00d7 \u00f7 \u221a \\ { } [ ] | - /".split())
_FORMULA_ATOM = re.compile(r"\d[\d.,]*[A-Za-z]?|[A-Za-z]")
_CODE = re.compile(r"[a-z][A-Z]|_|\w\.\w|[^\W\d]\d")
_POSSESSIVE = re.compile(r"(?<=\w)'s(?!\w)|(?<=s)'(?!\w)")
_CONTRACTED = re.compile(r"\b([a-z]+)n't\b", re.IGNORECASE)
# What follows these words must not change places with what goes before them.
_AFTER = frozenset("than from minus divided into".split())
_TURNED = frozenset("convert converts converted converting conversion translate translated turn turns turned transform".split())
_PREPOSITIONS = frozenset("in on at for from to of with under during through into until since".split())
_AUXILIARIES = frozenset("is are was were be been being has have had can could will would shall should may might must".split())
_BY_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|being|be) (?:[a-z]+ly |also |first |not )?[a-z]+ (?:(?:on|in|up|down|out|off) )?by\b"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks, as far as it tells questions apart.

    Attributes:
        about: concepts ("=open") and stems ("harrow").
        names: those of `about` that are written as names or code.
        strict: numbers, formulas, negations: what must be the same in two questions.
        role: whether a who, which or what does what is told ("does") or suffers it ("suffers"), where that is plain.
        after: what follows "than", "from", "minus" and "divided by", by these words.
    """

    about: frozenset[str]
    names: frozenset[str]
    strict: frozenset[str]
    role: str = ""
    after: tuple[tuple[str, frozenset[str]], ...] = ()


@lru_cache(maxsize=8192)
def read_question(question: str) -> Asked:
    """Take from a question what tells it from others. Never raises."""
    if len(question) > _MAX_CHARS:
        return Asked(frozenset([stable_hash(question)]), frozenset(), frozenset())
    tokens = _split(question)
    about, names, strict = set(), set(), _formulas(tokens)
    after: dict[str, set[str]] = {}
    marker, turned = "", False
    for index, token in enumerate(tokens):
        word = token.lower()
        turned = turned or word in _TURNED
        if word in ("to", "(", ")"):
            marker = "into" if turned and word == "to" else ""
        elif word in _AFTER:
            marker = word
        number = _number(word)
        concept = "" if number else _concept(word)
        if number:
            strict.add(number)
        elif word in _NEGATIONS:
            strict.add("not")
        elif word in _STRICT:
            strict.add(stem(word))
        if concept:
            about.add(concept)
            if (index and token[0].isupper()) or _CODE.search(token) or tokens[index + 1 : index + 2] == ["("]:
                names.add(concept)
        if marker and (number or concept):
            after.setdefault(marker, set()).add(number or concept)
    return Asked(
        frozenset(about),
        frozenset(names),
        frozenset(strict),
        _asked_role([token.lower() for token in tokens]),
        tuple((word, frozenset(what)) for word, what in sorted(after.items())),
    )


def _split(question: str) -> list[str]:
    """The words, numbers and operators of a question, phrases written as one word, without possessives."""
    text = _PHRASE.sub(lambda found: _REPLACEMENTS[(found.lastindex or 1) - 1], unify(question))
    return _TOKEN.findall(_POSSESSIVE.sub("", _CONTRACTED.sub(r"\1 not", text)))


def _concept(word: str) -> str:
    """The concept or stem of a word; "" for a light word."""
    if word in _CONCEPT_OF:
        return _CONCEPT_OF[word]
    if word in _LIGHT or word in _NEGATIONS or word in _AFTER or not word[0].isalnum():
        return ""
    base = stem(word)
    return "" if base in _LIGHT_STEMS else _CONCEPT_OF.get(base, base)


def _number(word: str) -> str:
    """A number or ordinal in one notation; "" for a word. "one" is mostly a pronoun."""
    if word[0].isdigit():
        ordinal = _ORDINAL.fullmatch(word)
        return f"{ordinal[1]}." if ordinal else word.replace(",", "")
    if word in _ORDINALS:
        return f"{_ORDINALS[word]}."
    return str(SMALL_NUMBERS[word]) if word in SMALL_NUMBERS and word != "one" else ""


def _formulas(tokens: list[str]) -> set[str]:
    """Every run of numbers, single letters and operators that has an operator in it, written without spaces."""
    runs, run = set(), []
    for token in [*tokens, "."]:
        if token in _OPERATORS or token in "()" or _FORMULA_ATOM.fullmatch(token):
            run.append(token)
            continue
        if not _OPERATORS.isdisjoint(run):
            runs.add("".join(run).strip("()"))
        run = []
    return runs


def _asked_role(words: list[str]) -> str:
    place = next((index for index, word in enumerate(words) if word in ("who", "whom", "which", "what")), None)
    if place is None:
        return ""
    if (place and words[place - 1] == "by") or words[-1] == "by":
        return "does"
    if place and words[place - 1] in _PREPOSITIONS:
        return ""
    for word in words[place + 1 : place + 8]:
        if word in ("do", "does", "did"):
            return "suffers"
        if word in _AUXILIARIES:
            return "suffers" if _BY_PASSIVE.search(" ".join(words)) else ""
    return "does"


def same_question(one: str, other: str) -> bool:
    """Whether two questions with the same answer ask for the same thing. Reflexive and symmetric."""
    return _agree(read_question(one), read_question(other))


def _agree(one: Asked, other: Asked) -> bool:
    if one.strict != other.strict or (one.role and other.role and one.role != other.role):
        return False
    if one.about == other.about:
        return _same_order(one, other)
    shared = len(one.about & other.about)
    only_one, only_other = one.about - other.about, other.about - one.about
    similarity = shared / (shared + len(only_one) + len(only_other))
    if shared < LEAST_SHARED or similarity < SIMILARITY or not _same_order(one, other):
        return False
    if not only_one or not only_other:
        return len(only_one) + len(only_other) <= MOST_MORE
    if similarity < SIMILARITY_REWORDED or max(len(only_one), len(only_other)) > MOST_REWORDED:
        return False
    other_names = only_one & one.names and only_other & other.names
    return not other_names and not (_has_known(only_one) and _has_known(only_other))


def _has_known(concepts: frozenset[str]) -> bool:
    return any(concept.startswith("=") for concept in concepts)


def _same_order(one: Asked, other: Asked) -> bool:
    """Whether what follows "from", "than" and their like in one question does not stand elsewhere in the other."""
    following = dict(other.after)
    return not any(
        _has_moved(what, following[word], other) or _has_moved(following[word], what, one)
        for word, what in one.after
        if word in following
    )


def _has_moved(what: frozenset[str], there: frozenset[str], other: Asked) -> bool:
    return len((what - there) & (other.about | other.strict)) > len(what & there)


# --- Same answer ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Asking:
    """A question with its answer: all that is needed to know whether another pair repeats it."""

    question: str
    answer: str
    answer_type: str
    aliases: tuple[str, ...] = ()


def repeats(one: Asking, other: Asking) -> bool:
    """Whether two pairs ask for the same thing and have the same answer."""
    return same_question(one.question, other.question) and _same_answer(one, other)


def _same_answer(one: Asking, other: Asking) -> bool:
    kind = one.answer_type if one.answer_type == other.answer_type else None
    return _match(one.answer, other.answer, kind, other.aliases[:_MAX_ALIASES]) or _match(
        other.answer, one.answer, kind, one.aliases[:_MAX_ALIASES]
    )


# The pairs that meet in a bucket have few answers, so the same ones are compared again and again.
_match = lru_cache(maxsize=8192)(answers_match)


@lru_cache(maxsize=8192)
def _answer_keys(answer: str, answer_type: str | None) -> tuple[str, ...]:
    """Keys of which two answers that match have one in common; one for each way in which `answers_match` may find them one."""
    if answer_type == "expression":
        return ("",)  # algebra tells, and no spelling
    written = canonical(answer, answer_type)
    if answer_type in ("code", "list", "yes_no"):
        return (written,)
    quantity = parse_quantity(written, answer_type)
    if quantity:  # one of two may lack its unit, or count coins
        values = (quantity.value, quantity.value / 100) if quantity.base in SMALL_CHANGE else (quantity.value,)
        with_unit = f"{format_number(quantity.value * quantity.factor)} {quantity.base}"
        return (*map(format_number, values), *([with_unit] if quantity.unit else []))
    surname = written.split()[-1:] if answer_type == "name" else []  # "J. Smith" and "John Smith"
    return (written, loose_form(written, answer_type), *surname)


def find_keys(asking: Asking) -> set[bytes]:
    """Where to look for repetitions: two pairs that repeat each other have a key in common, and few others do."""
    asked = read_question(asking.question)
    spellings = (asking.answer, *asking.aliases[:_MAX_ALIASES])
    kinds = (asking.answer_type, None)  # answers of two types are compared without one
    answers = sorted({key for spelling in spellings for kind in kinds for key in _answer_keys(spelling, kind)})
    numbers = "\0".join(sorted(asked.strict))
    keys = set()
    for concept in _prefix(sorted(asked.about, key=_rarity)):
        for answer in answers:
            text = "\n".join((concept, numbers, answer))
            keys.add(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
    return keys


def _rarity(concept: str) -> tuple[bool, int, str]:
    """Sorts what may be rare before what is common: words before concepts of questions, long ones before short ones."""
    return concept.startswith("="), -len(concept), concept


def _prefix(concepts: list[str]) -> list[str]:
    """As many of a question's concepts, in an order that is the same for all, as must hold one of any that repeats it."""
    count = len(concepts)
    lacking = max(0, min(int(count * (1 - SIMILARITY)), MOST_MORE, count - LEAST_SHARED))
    return concepts[: lacking + 1] or [""]


def find_repeated(askings: Iterable[Asking]) -> Iterator[tuple[int, int]]:
    """Which of several pairs, best first, repeat a better one: its place, and the place of the first it repeats.

    Pairs that repeat another are not compared with later ones: with A like B and B like C but A unlike C, C is not
    found here. Compared are only those that share one of a pair's words that are rarest among these pairs.
    """
    kept: list[tuple[int, Asking]] = []
    having: dict[str, list[int]] = {}
    for place, asking in enumerate(askings):
        about = read_question(asking.question).about or {""}
        rarest = _prefix(sorted(about, key=lambda concept: (len(having.get(concept, ())), concept)))
        near = [index for concept in rarest for index in having.get(concept, ())[:_MAX_COMPARED]]
        found = next((index for index in sorted(set(near)) if repeats(kept[index][1], asking)), None)
        if found is not None:
            yield place, kept[found][0]
            continue
        for concept in about:
            having.setdefault(concept, []).append(len(kept))
        kept.append((place, asking))
