"""The stored answer that a response is compared with: its type, its other spellings, what its value is."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from transforms.answers.agreement import answers_match, loose_form, same_but_middle_names, same_quantity
from transforms.answers.canonical import MAX_CHARS, VALUE_TYPES, canonical, fold_text
from transforms.answers.dates import PartialDate as Date
from transforms.answers.dates import parse_date
from transforms.answers.markup import plain, without_latex
from transforms.answers.places import is_elsewhere, is_region, other_names
from transforms.answers.quantities import Quantity, format_number, parse_quantity, quantities_in
from transforms.answers.units import parse_unit
from transforms.english.function_words import GRAMMAR
from transforms.english.names import PARTICLES
from transforms.english.stems import stem_loosely
from transforms.languages.values import english_values
from transforms.reward.final_answer import ascii_digits, marked
from transforms.reward.modifiers import counted, weak_unit
from transforms.text import normalise, unify, words

# What only formulas have.
_FORMAL = re.compile(
    r"\\(?!(?:text|mathrm|mbox|boxed|emph|underline)[a-z]{0,2}\b)[A-Za-z]{2,20}|\\[{]|[\x0c\u221e\u222a\u221a\u03c0\u2264\u2265\u00b1\u03b1-\u03c9]|"
    r"[A-Za-z0-9)]\s?[\^_]\s?[\w({-]|^\W{0,3}[a-z](?:\([a-z]\)|_\w)?\s?[=<>]|\d\s?<\s?[a-z]\s?<|\d!|^\W{0,3}\|[^|]{1,40}\||"
    r"^\s{0,3}\$?\s{0,3}[\[({\]][^\[\](){}A-Za-z,]{0,60},[^A-Za-z]{0,200}[\])}\[]|^\([a-z], ?[a-z]\) ?=|^\$[^$]{0,300}\$$|"
    r"^(?!\d{1,2}:\d\d:\d\d$)[\d\s.-]{1,30}(?::[\d\s.-]{1,30}){1,5}$|^-?\d+(?:\s?,\s?-?\d+){2,40}$|"
    r"\\text\w{0,2} ?\{ ?(?:or|and) ?\}|^\W{0,3}[a-z][\u00b2\u00b3\u2074-\u2079]|"
    # "2x - y + 1 = 0"
    r"^[-+\s\d]{0,12}(?<![A-Za-z])[a-z](?![A-Za-z])(?:[-+*/^().\d\s]|(?<![A-Za-z])[a-z]{1,2}(?![A-Za-z])){0,60}=|"
    r"^(?=.{0,40}[-+*/])[\d\s.()+*/-]{0,30}(?:(?<![A-Za-z])[a-z](?![A-Za-z])[\d\s.()+*/-]{0,20}){1,6}$"
)
_WORDY = re.compile(r"(?:\d[\d.,]{0,12} ?)?\\(?:text|mathrm|mbox)\w{0,2} ?\{[^{}\\]{1,80}\}(?:_\{?\d{1,2}\}?)?")
_PERCENT = re.compile(r"\W{0,3}\d[\d.,]{0,12} ?\\?%\W{0,2}")
_OPTION_LETTER = re.compile(r"\W{0,3}(?:\((?:\\text\w{0,2}\{)?[A-H]\}?\)|\\text\w{0,2}\{\(?[A-H]\)?\})\W{0,3}")
_MAX_READ_CHARS = 1500  # in which values are looked for
_ASKS_WHICH = re.compile(r"\b(?:or|which of|between|either)\b", re.IGNORECASE)
_HOW_MANY = re.compile(r"\bhow many (?:[a-z]+ )?([a-z]{3,20}s|people|men|women|children)\b", re.IGNORECASE)
# What a question that begins so asks for, where the answer's type is not known.
_ASKED = (
    (re.compile(r"\W*(?:who|whom|whose)\b", re.IGNORECASE), "name"),
    (re.compile(r"\W*(?:when|(?:in |on )?(?:what|which) (?:year|date|day|month))\b", re.IGNORECASE), "date"),
    (re.compile(r"\W*where\b", re.IGNORECASE), "place"),
)


@dataclass(frozen=True)
class Truth:
    """The stored answer, with its type, its other spellings, and the question where it is known."""

    answer: str
    answer_type: str | None = None
    aliases: tuple[str, ...] = ()
    question: str = ""

    @classmethod
    def of(cls, answer: str, answer_type: str | None, aliases: tuple[str, ...], question: str) -> "Truth":
        """The truth, with the type that its question asks for if it has none and the answer can be one."""
        answer, aliases = ascii_digits(answer), tuple(map(ascii_digits, aliases))
        boxes = [mark.answer for mark in marked(answer)] if "\\boxed" in answer else []
        answer = ", ".join(boxes) or answer  # a stored solution
        if _WORDY.fullmatch(answer.strip(" $")):
            answer = plain(answer)
        if answer_type is None and answer.strip(" .").lower() in ("yes", "no"):
            return cls(answer, "yes_no", aliases, question)
        if answer_type in VALUE_TYPES:
            answer, aliases = english_values(answer), tuple(map(english_values, aliases))
        if answer_type is None:
            kinds = ((_PERCENT.fullmatch, "percentage"), (_OPTION_LETTER.fullmatch, "option"), (_FORMAL.search, "expression"))
            answer_type = next((kind for has, kind in kinds if has(answer)), None)
            if answer_type == "option":
                answer = next(char for char in answer.replace("\\text", "") if "A" <= char <= "H")
        if answer_type is None:
            asked = next((kind for begins, kind in _ASKED if begins.match(question)), None)
            if (
                (asked == "name" and any(re.search(r"\b[A-Z]", known) for known in (answer, *aliases[:20])))
                or (asked == "place" and answer[:1].isupper() and not re.search(r"\d", answer))
                or (asked == "date" and parse_date(answer))
            ):
                answer_type = asked
        return cls(answer, answer_type, aliases, question)

    @cached_property
    def parts(self) -> "tuple[Truth, ...]":
        """The truth once for its spellings that are values and once for those that are words."""
        values = tuple(spelling for spelling in self.spellings if Truth(spelling, self.answer_type).is_value)
        words = tuple(spelling for spelling in self.spellings if spelling not in values)
        groups = [group for group in (values, words) if group]
        if len(groups) < 2:
            return (self,)
        return tuple(Truth(group[0], self.answer_type, group[1:], self.question) for group in groups)

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The answer and its aliases, without what is empty or longer than any answer."""
        known = [self.answer, *self.aliases]
        if self.answer_type in ("place", None):
            known += [other for spelling in known for other in other_names(spelling)]
        if self.answer_type in ("name", None):
            known += [core[1] for spelling in known if (core := _RULER.fullmatch(spelling))]
            known += [core[1] for spelling in known if (core := _DESCRIBED.fullmatch(spelling))]
        return tuple(dict.fromkeys(spelling for spelling in known if spelling.strip() and len(spelling) <= MAX_CHARS))

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """The spellings that are numbers with a unit or without."""
        if self.answer_type not in (*VALUE_TYPES, None) or self.dates:
            return ()
        read = (parse_quantity(canonical(spelling, self.answer_type), self.answer_type) for spelling in self.spellings)
        return tuple(quantity for quantity in read if quantity)

    @cached_property
    def dates(self) -> tuple[Date, ...]:
        """The spellings that are dates; a bare year only of an answer typed as a date."""
        if self.answer_type not in ("date", None):
            return ()
        read = tuple(filter(None, map(parse_date, self.spellings)))
        return read if self.answer_type == "date" or any(date.month for date in read) else ()

    @cached_property
    def asked(self) -> frozenset[str]:
        """The words of the question, as they stand there; none where it is not known."""
        return frozenset(words(normalise(self.question))) - GRAMMAR

    @cached_property
    def asks_which(self) -> bool:
        """Whether the question names what may be the answer, "A or B?", so that repeating it is answering it."""
        return bool(_ASKS_WHICH.search(self.question))

    @cached_property
    def counted(self) -> str:
        """The stem of what the question asks the number of, "season" in "How many seasons ...?"; "" for other questions."""
        found = _HOW_MANY.search(self.question)
        return stem_loosely(found[1].lower()) if found else ""

    @cached_property
    def numbers_of_five(self) -> bool:
        """Whether the answer is a number of five digits or more, which could be taken for a year with a mark behind."""
        return any(re.search(r"\d{5}", spelling) for spelling in self.spellings)

    @cached_property
    def _by_number(self) -> dict[Fraction, list[Quantity]]:
        """The quantities by their number, in their own unit and in the base of it."""
        found: dict[Fraction, list[Quantity]] = {}
        for known in self.quantities:
            for number in {known.value, known.value * known.factor}:
                found.setdefault(number, []).append(known)
        return found

    def is_quantity(self, said: Quantity) -> bool:
        """Whether a quantity is one of the spellings. Only those of its number are compared, however many there are."""
        numbers = {said.value, said.value * said.factor, 100 * said.value, said.value / 100}
        near = (known for number in numbers for known in self._by_number.get(number, ()))
        return any(same_quantity(said, known, self.answer_type) for known in near)

    def is_named_in(self, text: str) -> bool:
        """Whether some spelling stands in a text, whatever is around it; a value is read, so that "6" is "six"."""
        folded = loose_form(fold_text(text)).replace(" ", "")
        if any(form in folded for form in self.loose_forms if form):
            return True
        read = (quantity for _, _, quantity in quantities_in(unify(text[:_MAX_READ_CHARS]))) if self.quantities else ()
        return any(map(self.is_quantity, read))

    @cached_property
    def most_words(self) -> int:
        """How many words the longest spelling has."""
        return max((len(spelling.split()) for spelling in self.spellings), default=0)

    @cached_property
    def _longest(self) -> int:
        """How long a text can be and still be one of the spellings: numbers may be written out."""
        free = self.answer_type in ("list", "code", "expression", "yes_no", "option")
        return MAX_CHARS if free else 3 * max(map(len, self.spellings), default=0) + 120

    @cached_property
    def is_value(self) -> bool:
        return bool(self.quantities or self.dates)

    @cached_property
    def is_proper(self) -> bool:
        """Whether the answer is a name of its own: written with a capital and not only at its beginning's sake."""
        return self.answer_type in ("name", "place") or (self.answer_type is None and self.answer[:1].isupper())

    @cached_property
    def keeps_number(self) -> bool:
        """Whether one and several are not the same: of names; of words they are ("sedimentary rocks")."""
        return self.answer_type != "term" and not (self.answer_type is None and self.answer[1:].islower())

    @cached_property
    def loose_forms(self) -> frozenset[str]:
        """What `loose_form` makes of every spelling, without spaces."""
        forms = (canonical(spelling, self.answer_type) for spelling in self.spellings)
        kind = self.answer_type if self.keeps_number else "term"
        both = (loose for form in forms for loose in (loose_form(form, kind), loose_form(f"{form} -", kind).removesuffix("-")))
        return frozenset(loose.replace(" ", "") for loose in both)

    def said_by(self, text: str) -> bool:
        """Whether a whole text is this answer; a date, place or name may be more exact than it."""
        if len(text) > self._longest:
            return False
        if answers_match(text, self.answer, self.answer_type, self.spellings):
            return not (self.is_value and self._is_doubtful(text))
        if self.dates:
            date = parse_date(text)
            return bool(date and self.is_date(date))
        if self.answer_type == "place":
            place, comma, around = text.strip(" .").rpartition(", ")
            if not comma or not is_region(around) or is_region(self.answer) or is_elsewhere(self.answer, around):
                return False
            return self.said_by(place)
        if self.answer_type == "name":
            said = canonical(text, "name")
            shorter = any(same_but_middle_names(said, canonical(spelling, "name")) for spelling in self.spellings)
            return shorter or self._is_surname_of(text)
        return False

    def is_date(self, date: Date) -> bool:
        """Whether a date says what some spelling does, or more, and no spelling of the same year says otherwise."""
        if any(date.year == known.year and _differ(date, known) for known in self.dates):
            return date in self.dates
        return any(more_exact(date, known) for known in self.dates)

    @cached_property
    def has_unit(self) -> bool:
        return any(quantity.unit for quantity in self.quantities)

    @cached_property
    def is_year(self) -> bool:
        """Whether it is a date, or a number that is likely a year."""
        numbers = (quantity.value for quantity in self.quantities if not quantity.unit)
        return bool(self.dates) or any(value.denominator == 1 and 1000 <= value <= 2100 for value in numbers)

    def _is_doubtful(self, text: str) -> bool:
        """Whether a text that has the right digits ends in a mark or a word that may change them: "5!", "1920s", "5 squared"."""
        typed = without_latex(unify(text))
        if self.has_unit or typed in (without_latex(unify(spelling)) for spelling in self.spellings):
            return False
        if weak_unit(typed):
            return True
        quantity = parse_quantity(typed, self.answer_type)
        if quantity and is_cut_short(typed, quantity):
            return True
        if quantity is None:
            return bool(self.quantities) and bool(re.search(r"\d\W*[^\W\d_]{2}", typed))
        if not quantity.unit or parse_unit(quantity.unit):
            return False
        return not counted(typed.replace("-", " ").split()[-len(quantity.unit.split()) :])

    def _is_surname_of(self, text: str) -> bool:
        """ "Albert Einstein" where the stored answer is "Einstein"."""
        words = text.strip(" .").split()
        if not 2 <= len(words) <= 4 or not all(word[:1].isupper() or word in PARTICLES for word in words):
            return False
        if words[0].lower() in _NO_GIVEN_NAMES:
            return False
        last = canonical(words[-1], "name")
        return any(last == canonical(spelling, "name") and spelling[:1].isupper() for spelling in self.spellings)


def _differ(one: Date, other: Date) -> bool:
    months, days = (one.month, other.month), (one.day, other.day)
    return (all(months) and months[0] != months[1]) or (all(days) and days[0] != days[1])


def more_exact(date: Date, known: Date) -> bool:
    """Whether a date says what is known and perhaps more: 4 May 1923 where 1923 is known."""
    return date.year == known.year and known.month in (0, date.month) and known.day in (0, date.day)


_RULER = re.compile(r"(.{2,40} [IVX]{1,5}) of [A-Z].{2,40}")  # "Louis XIV of France"
# "the physician George Huntington", "class Cephalopoda": a name behind what its bearer is.
_DESCRIBED = re.compile(
    r"(?:[Tt]he )?(?:[A-Z][a-z]{1,20} )?(?:[a-z][\w-]{1,20} ){1,3}(?<!of )(?<!the )(?<!and )(?<!in )(?<!at )(?<!on )(?<!for "
    r")([A-Z][\w.'-]{0,20}(?: [A-Z][\w.'-]{0,20}){0,3})"
)
_NO_GIVEN_NAMES = frozenset("big little great new old north south east west northern southern upper lower red green blue".split())
_CUT_SHORT = re.compile(r"\.\d+ ?\.\.\.", re.ASCII)


def is_cut_short(written: str, quantity: Quantity) -> bool:
    """Whether decimals go on, nobody knows how: "3.14..."; "0.333..." was read as a third."""
    return bool(_CUT_SHORT.search(written)) and "/" not in format_number(quantity.value)
