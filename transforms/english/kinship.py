"""Words of one family: plural, verb forms, derived nouns and adjectives."""

from transforms.english.stems import BASE_OF, singular

_SUFFIXES = frozenset(
    "s es ed d ing er ers or ors r rs ate ated ates ating nic nian nist ion ions ation ations ment ments ly al ally ic ical "
    "ically ity ities ness ism isms ist ists ian ians an ans n ns ence ance ent ant ency able ible ive ize ise ized ised izes "
    "ises izing ising ization isation ous y ies ied ean eans esque ful less like dom ship wide ward ese i ish ery ry ary "
    "'s s'".split()
)
_SHORT_WORD_SUFFIXES = frozenset("s es ed ing d er ers ian ians ism ist ean".split())
# Ends of two words of one family, neither of which is the bare word.
_PAIRED = tuple(
    frozenset(pair.split())
    for pair in (
        "ce t ces ts", "cy t ce", "sis tic tically size sise ses sizing sised sized tics", "sm st sts stic",
        "y ic ical ically ist ists ies", "ion ive or ors e ed es ing", "er ing ed ers ment",
        "e ing ed es er ers ion ions able ation ations", "ing ed s er ers ation ations able ment", "is e es ed ing",
        "as ean eans", "es logy logist logical logists", "al als ology ologist", "s e es", "ity ous", "us i", "um a",
        "ia ic ics iac", "m tic tical", "a an ans ese ian ians", "a ism ist ists ic", "ic o oes os", "er ers ing ed es s",
        "y ian ians", "ne nian nians", "al ism ist ists ize ise",
        "on onic ons", "ed ing s er ion", "us sity", "ous osity", "ve on ves ons vely", "es ic ics ical", "al ality", "ate acy",
    )
)  # fmt: skip
# Families whose words change more than their ends.
_FAMILIES = (
    "strong strength strengthen strengthens, wide width widen, deep depth deepen, long length lengthen, broad breadth, "
    "high height, "
    "hot heat heated, warm warmth, young youth, true truth, wise wisdom, free freedom, king kingdom, bore boredom, poor poverty, "
    "dead death die dies died dying, born birth, live lives lived life alive, lose loses lost loss, prove proves proved "
    "proven proof, "
    "believe believes believed belief beliefs believer believers, relieve relieves relief, speak speaks spoke spoken "
    "speech speeches "
    "speaker speakers, advise advises advised advice advisor adviser, devise device, practise practises practice, sing "
    "sings sang sung "
    "song songs singer singers singing, choose chooses chose chosen choice choices, give gives gave given gift, grow grows "
    "grew growth "
    "growing grown, heal heals health healthy healer, weigh weighs weighed weight, see sees saw seen sight, think thinks thought "
    "thoughts thinker, thief thieves theft thieve, fly flies flew flown flight flights flying, sell sells sold sale sales "
    "seller, "
    "bleed bleeds bled blood, feed feeds fed food, breathe breathes breath breathing, bathe bath, clothe clothes cloth clothing, "
    "destroy destroys destroyed destruction, receive receives reception receipt, perceive perceives perception, deceive deceives "
    "deception deceit, conceive conception, describe describes described description, prescribe prescribes prescribed "
    "prescription, "
    "subscribe subscription, produce produces produced production, reduce reduces reduced reduction, deduce deduction, induce "
    "induction, explain explains explained explanation, pronounce pronunciation, maintain maintains maintenance, retain "
    "retention, "
    "assume assumes assumption, consume consumes consumed consumption consumer, resume resumption, obey obeys obedience "
    "obedient, "
    "behave behaves behaviour behavior, serve serves served service servant, succeed succeeds succeeded, exceed exceeds excess, "
    "compel compulsion, repel repulsion, expel expulsion, solve solves solved solution, revolve revolution, resolve resolution, "
    "dissolve dissolves dissolved dissolution, apply applies applied application, multiply multiplies multiplication, deny "
    "denial, "
    "try trial, judge judgment judgement, marry marries married marriage, bury buries burial buried, arrive arrival, "
    "refuse refusal, "
    "approve approval, hungry hunger, thirsty thirst, angry anger, proud pride, able ability, noble nobility, cruel "
    "cruelty, loyal "
    "loyalty, royal royalty, hate hatred, fail failure, press pressure, close closure, depart departure, mix mixture, "
    "moist moisture, "
    "sculpt sculptor sculptors sculpture sculptures, paint painter painting, teach teaches taught teacher teachers, write "
    "writes wrote "
    "written writer, build builder building built, rule ruler, win wins won winner, run runs ran runner, swim swam "
    "swimmer, drive "
    "driver drove driven, ride rider rode, bake baker bakery, brew brewer brewery, bribe bribery, rob robber robbery, "
    "slave slavery, "
    "brave bravery, discover discovery, deliver delivery, recover recovery, inherit heir heirs inheritance, vary variety "
    "variable, "
    "anxious anxiety, criminal criminals crime crimes, wine winery wines, piano pianist pianists pianos, happy happiness, "
    "physics physicist physicists physical, pious piety, sober sobriety, four fourth, five fifth, nine ninth, twelve "
    "twelfth, wolf wolves, leaf leaves"
)
_FAMILIES_OF: dict[str, set[int]] = {}
for _number, _family in enumerate(_FAMILIES.split(", ")):
    for _member in _family.split():
        _FAMILIES_OF.setdefault(_member.replace("iz", "is"), set()).add(_number)
_NO_FAMILY: set[int] = set()
# Stems that unrelated words share.
_FALSE_KIN = frozenset(
    "univers organ import author gener execut secret communis commun experiment capit colon nation minist paris apart depart "
    "compart contin count court custom depress detect direct domin effect emerg express human inform instruct interest invent "
    "matern mission negat object offic operat oper passion pastor patent person port posit press princip product program project "
    "proper prot compass experi public relat repress resid rest reserv sever sign spirit stat station subject success term "
    "tract tradit "
    "univ victor planet plant poll past comb mark cell corn cart form mass mort numb".split()
)


# What words are derived with, the longest first; the sure ones need fewer letters before them.
_DERIVING = sorted(
    "ness ity ism ist ize izer ised ise ization isation er or ic ical al ial inal ary ous ion ation ive able ible ful less "
    "ly y i ed "
    "ing e o ics ist icist ery ry ship hood dom ment ance ence ant ent ate ator stan istan iac".split(),
    key=len,
    reverse=True,
)
_SURE = frozenset("ness ism ist hood ry ery stan istan".split())
_LEAST_ROOT, _LEAST_SURE_ROOT = 5, 4


def _roots(word: str) -> set[str]:
    """A word without what may derive it."""
    word = word.removesuffix("s") if not word.endswith("ss") else word
    least = {ending: _LEAST_SURE_ROOT if ending in _SURE else _LEAST_ROOT for ending in _DERIVING if word.endswith(ending)}
    return {word} | {root for ending, size in least.items() if len(root := word[: -len(ending)]) >= size}


def _share_a_root(one: str, other: str) -> bool:
    ones, others = ({root[:-1] + "i" if root.endswith("y") else root for root in _roots(word)} for word in (one, other))
    return any(root not in _FALSE_KIN and root.rstrip("e") not in _FALSE_KIN for root in ones & others)


def are_kin(one: str, other: str) -> bool:
    """Whether two folded words are forms of one word: plural, verb form, derived noun or adjective."""
    if one == other:
        return True
    if len(one) < 3 or len(other) < 3 or any(char.isdigit() for char in one + other):
        return False
    one, other = one.replace("iz", "is"), other.replace("iz", "is")
    if not _FAMILIES_OF.get(one, _NO_FAMILY).isdisjoint(_FAMILIES_OF.get(other, _NO_FAMILY)):
        return True
    if singular(one) == singular(other) or (one.endswith("ves") and BASE_OF.get(one) == other):
        return True
    if other.endswith("ves") and BASE_OF.get(other) == one:
        return True
    shared = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    short, long = sorted((one, other), key=len)
    if long in (short + "ed", short + "ing"):
        return True
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
    if _share_a_root(one, other):
        return True
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
