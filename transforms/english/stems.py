"""Words without their inflection. Rules differ in how much they may take for the same, so there are three ways.

`singular` only counts; `stem` takes off what makes a verb a noun as well, for words that are looked up in a list of concepts;
`stem_loosely` is for words that are compared with each other only. `kinship` knows words of one family by their endings.
"""

from functools import lru_cache

_IRREGULAR_PLURALS = {
    plural: one
    for entry in (
        "people person, children child, men man, women woman, mice mouse, teeth tooth, mitochondria mitochondrion, bacteria "
        "bacterium, "
        "criteria criterion, phenomena phenomenon, nuclei nucleus, fungi fungus, larvae larva, vertebrae vertebra, genera genus, "
        "vertices vertex, matrices matrix, hypotheses hypothesis"
    ).split(", ")
    for plural, one in (entry.split(),)
}


def singular(word: str) -> str:
    """Drop an English plural ending, the same way for every word; not a dictionary."""
    if word in _IRREGULAR_PLURALS:
        return _IRREGULAR_PLURALS[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) and not word[-2].isdigit():
        return word[:-1]
    return word


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
BASE_OF = {form: base for entry in _IRREGULAR.split(";") for base, *forms in [entry.split()] for form in forms}
# What derives a word, from words of at least so many letters.
_DERIVING = (("ing", 6), ("ed", 5), ("er", 7), ("or", 7), ("ion", 7), ("ment", 8), ("ly", 6))


def stem(word: str) -> str:
    """A word without its inflection, so that "discovers", "discovered" and "discoverer" are one; no dictionary."""
    word = BASE_OF.get(word, word)
    if not word.isascii() or len(word) < 4:
        return word
    word = singular(word)
    while ending := next((ending for ending, least in _DERIVING if word.endswith(ending) and len(word) >= least), ""):
        word = word[: -len(ending)]
        if word[-1] == word[-2] and word[-1] not in "lsz":
            word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 3 else word[:-1] + "i" if word.endswith("y") else word


_INFLECTING = ("ingly", "edly", "ing", "ied", "ies", "ed", "es", "s", "ly")


@lru_cache(maxsize=1 << 16)
def stem_loosely(word: str) -> str:
    """A word without what inflection adds, roughly: enough to see that two are forms of one."""
    ending = next((ending for ending in _INFLECTING if word.endswith(ending) and len(word) - len(ending) >= 3), "")
    word = word.removesuffix(ending)
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word.rstrip("eiy") if len(word) > 4 else word
