"""Words of questions and answers, as leakage compares them: which tell nothing by themselves, and which are forms of one."""

import re
from dataclasses import dataclass

from transforms.answers.canonical import canonical
from transforms.answers.dates import MONTH_NUMBERS
from transforms.english.function_words import GRAMMAR, MODALS, OBJECT_PRONOUNS, OTHER_PERSONS
from transforms.english.names import PARTICLES, RANKS, TITLES, WEEKDAYS

MAX_DOCUMENT_CHARS = 200_000  # of a document that is looked through for names and abbreviations

Place = tuple[int, int]  # where words begin and end
Found = tuple[str, Place]  # a kind of leak, and where the question has it

# Words that carry no answer: an answer made of these alone leaks nowhere.
STOP_WORDS = GRAMMAR.union(
    OTHER_PERSONS,
    OBJECT_PRONOUNS,
    MODALS,
    "hers theirs ours yours mine being am done having without before after above below up down out off than then as so if "
    "or and but nor not no yes any all some none both either neither each every other others another such same own more "
    "most less least much many few several very too also only just even still yet again ever never always often there here "
    "now while because until since against per via s t".split(),
)
# Lower-case words that are also spelled like a name, a month or an acronym.
HOMOGRAPHS = frozenset(
    "may march august will mark bill rose grant us it who aids turkey china polish reading nice bath cork go swift rust java "
    "ruby python shell apple amazon windows target gap orange hope young brown king bush rice stone page jobs gates ford wells "
    "cook potter fisher miller smith church west north south east frank jack bob art dean earl duke joy faith grace iris ivy "
    "lily daisy olive pearl dawn eve april june summer autumn mercury mars venus saturn jupiter pluto can led sad sat cat pet "
    "ram rom iron guinea chad jordan georgia mobile champagne cologne sandwich buffalo phoenix dash rails express react spring "
    "scratch basic cobol pascal ada c r d word excel access outlook teams zoom slack meta alphabet visa discover chase newton "
    "kelvin joule watt volt ohm ampere hertz curie tesla farad henry weber gauss bell light black white green gray grey short "
    "long wood field hill lake pope bishop abbot cardinal prince baker carter cooper mason taylor turner walker weaver shepherd "
    "hunter gardener forest marsh moon sun earth universe internet web republic congress senate crown bible sure maria golf polo "
    "tempo focus fiesta was as or and not all oil ace act aim arc bar bat cap cop dot ear eat fat fit gas hat hot ion ten top "
    "tip era mad".split()
)

# Country: its people and what is theirs.
PEOPLES = dict(
    entry.split(": ")
    for entry in (
        "france: french frenchman frenchwoman; england: english englishman; britain: british briton britons; spain: spanish "
        "spaniard spaniards; germany: german germans; greece: greek greeks; netherlands: dutch; holland: dutch; denmark: danish "
        "dane danes; sweden: swedish swede swedes; finland: finnish finn finns; poland: polish pole poles; turkey: turkish turk "
        "turks; switzerland: swiss; portugal: portuguese; ireland: irish; scotland: scottish scots scot; wales: welsh; iceland: "
        "icelandic icelander; norway: norwegian norwegians; china: chinese; japan: japanese; thailand: thai thais; philippines: "
        "filipino filipinos philippine; mexico: mexican mexicans; peru: peruvian peruvians; chile: chilean; belgium: belgian "
        "belgians; hungary: hungarian; italy: italian italians; russia: russian russians; egypt: egyptian egyptians; brazil: "
        "brazilian; india: indian; iraq: iraqi; israel: israeli; czechia: czech; cyprus: cypriot; lebanon: lebanese; vietnam: "
        "vietnamese; austria: austrian austrians; australia: australian australians; canada: canadian canadians; argentina: "
        "argentine argentines argentinian; cuba: cuban cubans; korea: korean koreans; ukraine: ukrainian ukrainians; romania: "
        "romanian romanians; bulgaria: bulgarian bulgarians; croatia: croatian croat croats; serbia: serbian serb serbs; "
        "slovakia: "
        "slovak slovaks; slovenia: slovene slovenes slovenian; pakistan: pakistani pakistanis; afghanistan: afghan afghans; "
        "iran: iranian iranians; persia: persian persians; nepal: nepali nepalese; bangladesh: bangladeshi; myanmar: burmese; "
        "burma: burmese; malta: maltese; madagascar: malagasy; monaco: monegasque; congo: congolese; somalia: somali somalis; "
        "kuwait: kuwaiti; oman: omani; qatar: qatari; yemen: yemeni; panama: panamanian; ghana: ghanaian; "
        "normandy: norman normans; brittany: breton bretons; flanders: flemish; bavaria: bavarian; crete: cretan cretans; troy: "
        "trojan trojans; carthage: carthaginian carthaginians; athens: athenian athenians; sparta: spartan spartans; rome: roman "
        "romans; paris: parisian parisians; naples: neapolitan; venice: venetian venetians; florence: florentine florentines; "
        "vienna: viennese; moscow: muscovite muscovites; liverpool: liverpudlian; manchester: mancunian; glasgow: glaswegian; "
        "mars: martian martians; venus: venusian; europe: european europeans; america: american americans; asia: asian asians; "
        "africa: african africans; antarctica: antarctic; arabia: arab arabs arabian; babylon: babylonian babylonians; "
        "macedon: macedonian macedonians; taiwan: taiwanese; texas: texan texans; kazakhstan: kazakh kazakhs; uzbekistan: "
        "uzbek uzbeks; tajikistan: tajik "
        "tajiks; hawaii: hawaiian hawaiians; florida: floridian; georgia: georgian georgians; laos: laotian lao"
    ).split("; ")
)
COUNTRIES = {people: country for country, peoples in PEOPLES.items() for people in peoples.split()}
# Parts of proper names that tell nothing by themselves.
GENERIC = TITLES.union(
    RANKS,
    PARTICLES,
    WEEKDAYS,
    MONTH_NUMBERS,
    "city river mount mountain mountains lake sea ocean bay gulf island islands isle peninsula cape street avenue road square "
    "bridge tower castle palace park university college school institute academy museum library church cathedral abbey temple "
    "hospital company corporation bank group party union league association society organization organisation federation "
    "committee commission council court department ministry agency act law bill treaty convention agreement declaration "
    "constitution republic kingdom empire state states county province district region north south east west northern southern "
    "eastern western central new old great little upper lower san santa los las les mac theory theorem principle algorithm lemma "
    "conjecture paradox curve ratio problem experiment effect equation formula constant number method test rule scale index "
    "model process cycle reaction system disease syndrome disorder war battle revolution siege prize award medal festival cup "
    "championship game games book books song film play opera symphony duke earl first second third world international national "
    "royal united american british french german italian spanish russian chinese japanese indian european african asian english "
    "greek roman dutch irish scottish america australia antarctica britain earth sun moon jr sr ii iii iv time times house hall "
    "center centre building station airport port harbor harbour fort valley desert forest canyon falls beach hill hills point "
    "rock white black red green blue big long high grand holy sacred major inc ltd co corp plc gmbh".split(),
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


def in_parentheses(question: str, place: Place) -> bool:
    opened = question.rfind("(", 0, place[0])
    return opened >= 0 and question.find(")", opened, place[0]) < 0 and question.find(")", place[1] - 1) >= 0
