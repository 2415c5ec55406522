"""The stored answer that a response is compared with: its type, its other spellings, what its value is."""

import re
from dataclasses import dataclass
from functools import cached_property

from transforms.answers.agreement import answers_match, loose_form
from transforms.answers.canonical import MAX_CHARS, VALUE_TYPES, canonical
from transforms.answers.dates import PartialDate as Date
from transforms.answers.dates import parse_date
from transforms.answers.markup import without_latex
from transforms.answers.places import is_elsewhere, is_region
from transforms.answers.quantities import Quantity, format_number, parse_quantity
from transforms.answers.units import parse_unit
from transforms.english.names import PARTICLES
from transforms.reward.modifiers import counted, weak_unit
from transforms.text import unify


@dataclass(frozen=True)
class Truth:
    """The stored answer, with its type and its other spellings."""

    answer: str
    answer_type: str | None = None
    aliases: tuple[str, ...] = ()

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The answer and its aliases, without what is empty or longer than any answer."""
        known = (self.answer, *self.aliases)
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
        read = (parse_date(spelling) for spelling in self.spellings)
        return tuple(date for date in read if date and (date.month or self.answer_type == "date"))

    @cached_property
    def words(self) -> int:
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
    def loose_forms(self) -> frozenset[str]:
        """What `loose_form` makes of every spelling, without spaces."""
        forms = (canonical(spelling, self.answer_type) for spelling in self.spellings)
        return frozenset(loose_form(form, self.answer_type).replace(" ", "") for form in forms)

    def said_by(self, text: str) -> bool:
        """Whether a whole text is this answer; a date, place or name may be more exact than it."""
        if len(text) > self._longest:
            return False
        if answers_match(text, self.answer, self.answer_type, self.spellings):
            return not (self.is_value and self._is_doubtful(text))
        if self.dates:
            date = parse_date(text)
            return bool(date) and any(more_exact(date, known) for known in self.dates if date)
        if self.answer_type == "place":
            place, comma, around = text.strip(" .").rpartition(", ")
            if not comma or not is_region(around) or is_region(self.answer) or is_elsewhere(self.answer, around):
                return False
            return self.said_by(place)
        if self.answer_type == "name":
            return self._is_surname_of(text)
        return False

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


def more_exact(date: Date, known: Date) -> bool:
    """Whether a date says what is known and perhaps more: 4 May 1923 where 1923 is known."""
    return date.year == known.year and known.month in (0, date.month) and known.day in (0, date.day)


_NO_GIVEN_NAMES = frozenset("big little great new old north south east west northern southern upper lower red green blue".split())
_CUT_SHORT = re.compile(r"\.\d+ ?\.\.\.", re.ASCII)


def is_cut_short(written: str, quantity: Quantity) -> bool:
    """Whether decimals go on, nobody knows how: "3.14..."; "0.333..." was read as a third."""
    return bool(_CUT_SHORT.search(written)) and "/" not in format_number(quantity.value)
