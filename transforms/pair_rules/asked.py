"""A question taken apart once for the rules on its time and its place: words, tense, whom it names, and whether it is general."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from transforms.answers.places import is_region
from transforms.english.function_words import AUXILIARIES, DO, HAVE, QUESTION_WORDS
from transforms.english.names import WEEKDAYS
from transforms.english.phrases import Phrases, plain_words
from transforms.english.places import DEMONYMS, MONTHS, NO_PLACES, PLACES
from transforms.english.stems import BASE_OF
from transforms.pair_rules.question_rules import ANCHOR
from transforms.text import unify

_MOST_CHARS = 1000
_CAPITAL = re.compile(r"(?<=[\w,)'\":] )[\"'(]?(?:the )?([A-Z][\w.'-]*)|\b([A-Z]{2,}[a-z]?)\b|\b([A-Z](?:\.[A-Z])+)")
_PERIOD = re.compile(
    r"\b\d{1,2}(?:st|nd|rd|th)[ -]century\b|\bcentury\b|\b\d+ (?:bc|bce|ad|ce)\b|\b(?:bc|ad) \d|\bas of\b",
    re.I,
)
# A problem that tells its own story, or a rule for any case, has its own time and place.
_STORY = re.compile(
    r"^(?:if|suppose|assume|assuming|imagine|given|when an?|whenever|when\b[^,?]*\b(?:is|are)\b[^,?]*,)(?=\W)"
    r"|[.?!][\"')]? +[\"'(]?[A-Z]|; ",
    re.I,
)
_QUOTED_SENTENCE = re.compile(r"\"[^\"]{40,}\"")
_WORD = re.compile(r"[^\W_]+(?:[.'-][^\W_]+)*")
_PAST_AUXILIARIES = frozenset("was were did had".split())
_GENERAL = Phrases(
    "of the following, fight inflation, money supply, supply, demand, liquidity, perfect competition, increase in",
    "decrease in, affect, effect, stand for, term for, term that, called, known as, definition, meaning, mean, role of a",
    "difference between, name for, word for, type of, kind of, form of government, parliamentary system, federal state",
    "monarchy, study of, opposite, example of, in economics, in ecology, in statistic, in general, usually a, elasticity",
    "acronym, abbreviation, fictional, according to",
)
_WORKS = Phrases(
    "novel, novella, the play, poem, story, fairy tale, short story, film, movie, opera, musical, sitcom, television series",
    "tv series, comic, manga, anime, video game, board game, card game, chess, monopoly, myth, mythology, legend, fable",
    "bible, epic, ballad, character, protagonist, villain, narrator, shakespeare, sonnet, painting, fictional, hero",
    "heroine",
)


@dataclass(frozen=True)
class Asked:
    """One English question.

    Attributes:
        text: as it stands, its quotes and dashes made plain.
        words: see `plain_words`.
        forms: the same words in lower case, inflected.
    """

    text: str
    words: tuple[str, ...]
    forms: tuple[str, ...]

    @cached_property
    def is_story(self) -> bool:
        """Whether it tells of its own persons or cases before it asks, or quotes a sentence, which keeps its time and place."""
        return bool(_STORY.search(self.text) or _QUOTED_SENTENCE.search(self.text))

    @cached_property
    def has_a_date(self) -> bool:
        """Whether a year, a century or a version binds it to a time."""
        return bool(_PERIOD.search(self.text) or ANCHOR.search(self.text))

    @cached_property
    def is_general(self) -> bool:
        """Whether it asks for a word, a kind or a rule, which is the same always and everywhere."""
        return bool(_GENERAL.find(self.words))

    @cached_property
    def is_of_a_work(self) -> bool:
        """Whether it asks of what somebody made up."""
        played = any(form in _PLAYED for form in self.forms) and {"in", "on", "from", "who"} & set(self.forms)
        return bool(_WORKS.find(self.words) or '"' in self.text or played)

    @cached_property
    def asks_for_a_place(self) -> bool:
        """Whether a country or the like is what it asks for."""
        return bool(_WHICH_PLACE.find(self.words))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What stands with a capital behind the first word, or in capitals."""
        found = (next(filter(None, match.groups())) for match in _CAPITAL.finditer(self.text))
        return tuple(name for name in found if name != "I")

    @cached_property
    def is_specific(self) -> bool:
        """Whether it names anything. A search query without capitals may."""
        return bool(self.names) or self.text.islower()

    @cached_property
    def says_a_country(self) -> bool:
        """Whether it says a country, a state or a people that is known, in letters of any case."""
        known = any(word in DEMONYMS or is_region(word) for word in (*self.forms, *self.words))
        return known or bool(PLACES.find(self.words))

    @cached_property
    def names_a_place(self) -> bool:
        """Whether a name in it may be that of a place, or of what has its place: any name but those of days and the like."""
        if self.says_a_country:
            return True
        bare = NO_PLACES.sub(" ", self.text)
        found = (next(filter(None, match.groups())) for match in _CAPITAL.finditer(bare))
        if any(name.lower() not in _NO_NAMES or name.isupper() for name in found):
            return True
        return bool(re.match(r"(?:The )?[A-Z]\w+(?:'s)? [A-Z]\w+|[A-Z]\w+'s\b", bare))

    @cached_property
    def asks_of_now(self) -> bool:
        """Whether its first verb stands in the present or the future."""
        for form in self.forms[:12]:
            if form in AUXILIARIES:
                return form not in _PAST_AUXILIARIES
        if self.forms[:1] == ("who",) and self.forms[1:2] and self.forms[1].endswith("s"):
            return True
        return not any(form.endswith("ed") or form in BASE_OF for form in self.forms[1:12])

    @cached_property
    def perfect(self) -> bool:
        """Whether it asks what has been done so far: "has scored", "have the Cubs won"."""
        at = next((at for at, form in enumerate(self.forms) if form in HAVE and form != "had"), None)
        if at is None or any(form in DO for form in self.forms[:at]):
            return False
        return any(form.endswith("ed") or form in BASE_OF for form in self.forms[at + 1 : at + 6])

    def is_the(self, at: int) -> bool:
        """Whether the one thing is meant whose name a word begins: "the tallest", "Canada's largest"."""
        before = self.forms[max(0, at - 2) : at]
        return "the" in before or bool(re.search(rf"(?:'s|s') (?:\w+ )?{re.escape(self.forms[at])}\b", self.text, re.I))

    def shown(self, found: range) -> str:
        """The words of a place, as they stand in the question."""
        return " ".join(self.forms[found.start : found.stop])


_PLAYED = frozenset("plays played voiced voices portrays portrayed sings sang starred stars".split())
_WHICH_PLACE = Phrases(
    "which country, what country, which nation, what nation, which state, what state, which kingdom, which city, what city",
    "which colony",
)
_NO_NAMES = frozenset((*WEEKDAYS, *MONTHS, *QUESTION_WORDS, "i", "mr", "mrs", "english"))


@lru_cache(maxsize=1024)
def asked(question: str) -> Asked:
    """A question taken apart; of a very long one the beginning."""
    text = unify(question[:_MOST_CHARS])
    forms = tuple(form.removesuffix("'s") for form in _WORD.findall(text.lower().replace("-", " ")))
    return Asked(text, tuple(plain_words(text)), forms)
