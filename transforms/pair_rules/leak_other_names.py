"""Other names of what is asked for: in its own language, as addresses and calendars shorten it, as a currency code."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from transforms.answers.places import other_names, state_of
from transforms.pair_rules.leak_words import Found, Word
from transforms.text import without_accents

_OWN_NAMES = {
    name: frozenset(own.split())
    for entry in (
        "munich: munchen; cologne: koln; vienna: wien; nuremberg: nurnberg; brunswick: braunschweig; germany: deutschland; "
        "austria: osterreich; bavaria: bayern; saxony: sachsen; danube: donau duna dunarea; rhine: rhein rhin; rome: roma; "
        "florence: firenze; venice: venezia; naples: napoli; milan: milano; turin: torino; genoa: genova; padua: padova; "
        "mantua: mantova; leghorn: livorno; italy: italia; sicily: sicilia; sardinia: sardegna; tuscany: toscana; tiber: tevere; "
        "spain: espana; seville: sevilla; saragossa: zaragoza; andalusia: andalucia; catalonia: catalunya cataluna; "
        "lisbon: lisboa; brazil: brasil; mexico: mejico; havana: habana; prague: praha; bohemia: cechy; "
        "czechia: cesko; warsaw: warszawa; cracow: krakow; poland: polska; vistula: wisla; hungary: magyarorszag; "
        "moscow: moskva; russia: rossiya; kiev: kyiv; ukraine: ukraina; bucharest: bucuresti; belgrade: beograd; serbia: srbija; "
        "croatia: hrvatska; albania: shqiperia; greece: hellas ellada; athens: athina athinai; turkey: turkiye; finland: suomi; "
        "sweden: sverige; norway: norge; denmark: danmark; copenhagen: kobenhavn; gothenburg: goteborg; "
        "brussels: bruxelles brussel; antwerp: antwerpen anvers; ghent: gent; bruges: brugge; hague: haag; "
        "netherlands: nederland; belgium: belgie belgique; switzerland: schweiz suisse svizzera helvetia; geneva: geneve genf; "
        "lucerne: luzern; basel: bale; estonia: eesti; latvia: latvija; lithuania: lietuva; ireland: eire; wales: cymru; "
        "japan: nippon nihon; china: zhongguo; india: bharat; egypt: misr; cairo: qahira; morocco: maghrib; "
        "armenia: hayastan; georgia: sakartvelo; crete: kriti; corsica: corse; brittany: bretagne; "
        "normandy: normandie; burgundy: bourgogne; "
        "columbus: colon colombo; magellan: magallanes magalhaes; vespucci: vespucio; copernicus: kopernik kopernikus; "
        "confucius: kongzi kongfuzi; aristotle: aristoteles; virgil: vergilius vergil; horace: horatius; ovid: ovidius; "
        "livy: livius; pliny: plinius"
    ).split("; ")
    for name, own in (entry.split(": "),)
}
_LANGUAGES = (
    "italian|german|french|spanish|russian|czech|polish|latin|greek|dutch|portuguese|swedish|danish|norwegian|finnish|hungarian|"
    "romanian|turkish|arabic|hebrew|chinese|japanese|hindi|irish|welsh|its own language|their own language|the local language"
)
_CALLED_SO = re.compile(
    rf"\b(?:in|to the|for the|by (?:the )?|to) ?(?:{_LANGUAGES})s?\b|\b(?:{_LANGUAGES})s? (?:call|name)\b|\bcalls? "
    rf"(?:itself|themselves)\b"
    rf"|\bto (?:its|his|their|her) (?:people|countrymen|own|inhabitants)\b|\b(?:locally|natively) (?:called|known|named)\b|"
    rf"\bby (?:its|their|his|the) (?:people|inhabitants|citizens|locals|natives)\b",
    re.I,
)
_ASKS_THE_NAME = re.compile(
    r"\b(?:name|names|word|term|translation|equivalent|spelling) (?:\w+ )?(?:for|of|in)\b|\btranslat", re.I
)
_MONTHS = {
    short: month
    for month in "january february march april june july august september october november december".split()
    for short in {month[:3], month[:4]}
    if short not in (month, "mar", "march", "dece", "janu", "febr", "apri", "augu", "octo", "nove")
} | {"mar.": "march"}
_DAYS = {
    short: day
    for day, shorts in (
        ("monday", "mon"), ("tuesday", "tue tues"), ("wednesday", "wed"), ("thursday", "thu thur thurs"), ("friday", "fri"),
        ("saturday", "sat."), ("sunday", "sun."),
    )
    for short in shorts.split()
}  # fmt: skip
_SHORT = _MONTHS | _DAYS
_CURRENCIES = {
    "USD": "dollar", "GBP": "pound", "EUR": "euro", "JPY": "yen", "CHF": "franc", "CNY": "yuan", "INR": "rupee",
    "RUB": "rouble ruble",
    "AUD": "australian dollar", "CAD": "canadian dollar", "MXN": "peso", "BRL": "real", "KRW": "won", "SEK": "krona",
    "ZAR": "rand",
}  # fmt: skip
_CLIPPED = {
    short: long
    for entry in (
        "maths: mathematics; math: mathematics; gym: gymnasium; fridge: refrigerator; flu: influenza; phone: telephone; "
        "photo: photograph; "
        "lab: laboratory; exam: examination; ad: advertisement; bike: bicycle; rhino: rhinoceros; hippo: hippopotamus; "
        "croc: crocodile; "
        "chimp: chimpanzee; limo: limousine; memo: memorandum; vet: veterinarian; zoo: zoological garden; deli: delicatessen; "
        "dorm: dormitory; info: information; auto: automobile; tv: television; telly: television; gas: gasoline; sub: submarine; "
        "champ: champion; cello: violoncello; lt: lieutenant; capt: captain; sgt: sergeant; col: colonel; cpl: corporal; "
        "dr: doctor; "
        "phd: doctor of philosophy; tb: tuberculosis; ltd: limited; dept: department; govt: government; ave: avenue; blvd: "
        "boulevard; rd: road; "
        "mt: mountain; hwy: highway; univ: university; sitcom: situation comedy; biopic: biographical picture; modem: modulator; "
        "wifi: wireless; jeans: denim; typo: typographical error; ref: referee; pro: professional; tech: technology; "
        "stats: statistics; "
        "specs: spectacles; burger: hamburger; plane: aeroplane; copter: helicopter; mike: microphone; doc: doctor; mum: "
        "mother; dad: father"
    ).split("; ")
    for short, long in (entry.split(": "),)
    if short not in ("jeans", "wifi", "modem", "gas", "mum", "dad")
}
# Adjectives of persons that are further from the name than an ending, and short forms of first names.
_OF_A_PERSON = dict(
    pair.split(":")
    for pair in (
        "cartesian:descartes shavian:shaw julian:julius gregorian:gregory augustan:augustus edwardian:edward georgian:george "
        "jacobean:james pauline:paul petrine:peter johannine:john mosaic:moses elizabethan:elizabeth aristotelian:aristotle "
        "socratic:socrates thomist:aquinas carolingian:charlemagne caesarean:caesar galenic:galen ciceronian:cicero "
        "bill:william billy:william bob:robert bobby:robert jack:john jim:james jimmy:james joe:joseph tom:thomas dick:richard "
        "ted:edward teddy:theodore maggie:margaret peggy:margaret liz:elizabeth betty:elizabeth bess:elizabeth kate:catherine "
        "kathy:catherine mike:michael dave:david steve:stephen nick:nicholas tony:anthony harry:henry hank:henry chuck:charles "
        "charlie:charles fred:frederick sam:samuel ben:benjamin andy:andrew abe:abraham larry:lawrence ron:ronald don:donald "
        "philly:philadelphia frisco:francisco vegas:vegas"
    ).split()
)
_LEAST_CUT = 3
_ALIKE = 0.5
_LONGEST = 30


def other_name_places(question: str, words: list[Word], answer: str) -> Iterator[Found]:
    """Where a question has another name of an answer."""
    wanted = [plain for part in answer.split() if (plain := _plain(part)) != "the"]
    if not wanted or len(wanted) > 4:
        return
    own = frozenset().union(*(_OWN_NAMES.get(part, frozenset()) for part in wanted[-1:]))
    asked_for = not _ASKS_THE_NAME.search(question)
    told = bool(_CALLED_SO.search(question))
    others = {name.upper() for name in other_names(answer) if len(name) <= 4}
    last = wanted[-1]
    persons = frozenset(part for part in wanted if len(part) > 2)
    whole = " ".join(wanted)
    for word in words:
        capital, folded = word.written[0].isupper(), _plain(word.folded)
        if capital and asked_for and (folded in own or (told and folded not in wanted and _is_like(folded, last))):
            yield "other_name", (word.start, word.end)
        dotted = folded + question[word.end : word.end + 1]
        if capital and len(wanted) == 1 and last in (_SHORT.get(folded), _SHORT.get(dotted)):
            yield "abbreviation", (word.start, word.end)
        if capital and _OF_A_PERSON.get(folded) in persons and folded not in persons:
            yield "other_name", (word.start, word.end)
        if word.written in others and word.folded not in wanted:
            yield "abbreviation", (word.start, word.end)
        cut = capital and len(wanted) == 1 and len(folded) >= _LEAST_CUT and dotted[-1] == "." and word.end + 1 < len(question)
        if cut and len(last) > len(folded) + 1 and last.startswith(folded):
            yield "abbreviation", (word.start, word.end)
        if _CLIPPED.get(folded) == whole or _CLIPPED.get(whole) == folded:
            yield "abbreviation", (word.start, word.end)
        if word.written in _CURRENCIES and last.removesuffix("s") in _CURRENCIES[word.written].split():
            yield "abbreviation", (word.start, word.end)
        if state_of(word.written) == whole and question[max(0, word.start - 2) : word.start] == ", ":
            yield "abbreviation", (word.start, word.end)


def _plain(word: str) -> str:
    return without_accents(word.lower()).strip(".,'\"")


def _is_like(one: str, other: str) -> bool:
    """Whether two names may be one in two languages: alike by their letters, and beginning with the same or a similar one."""
    if not (4 <= len(one) <= _LONGEST and 4 <= len(other) <= _LONGEST):
        return False
    first = {one[0], other[0]}
    same = (
        len(first) == 1
        or one[:2] == other[1:3]
        or one[1:3] == other[:2]
        or first in ({"c", "k"}, {"v", "w"}, {"f", "v"}, {"j", "y"})
    )
    return same and SequenceMatcher(None, one, other, autojunk=False).ratio() > _ALIKE
