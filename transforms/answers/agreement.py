"""Whether two answers say the same thing: the same value, name, formula or list, however each is written."""

import re
from functools import lru_cache

from transforms.answers.canonical import MAX_CHARS, REMEMBERED_CHARS, VALUE_TYPES, canonical
from transforms.answers.formula_equality import equivalent
from transforms.answers.quantities import Quantity, parse_quantity
from transforms.english.names import BODIES, NAMESAKES, PARTICLES, SHORT_NAMES
from transforms.english.spelling import one_spelling
from transforms.english.stems import singular


def answers_match(a: str, b: str, answer_type: str | None = None, aliases: tuple[str, ...] | list[str] = ()) -> bool:
    """Whether two answers say the same thing. Reflexive, and symmetric where no aliases are given.

    `aliases` are further spellings of `b`, the stored answer: `a` may match any of them. An empty
    answer matches nothing. Tolerated: another notation, another spelling of the unit or one that
    converts exactly, a unit that one side leaves out; never another number.
    """
    return _same(a, b, answer_type) or any(_same(a, alias, answer_type) for alias in aliases)


def _same(a: str, b: str, answer_type: str | None) -> bool:
    one, other = canonical(a, answer_type), canonical(b, answer_type)
    if not one or not other:
        return False
    if one == other:
        return True
    if answer_type == "expression":
        return equivalent(a, b)
    if answer_type in ("code", "list", "yes_no"):
        return False
    first, second = (parse_quantity(form[:REMEMBERED_CHARS], answer_type) for form in (one, other))
    if first and second:
        return same_quantity(first, second, answer_type)
    if answer_type in VALUE_TYPES or first or second or max(len(one), len(other)) > MAX_CHARS:
        return False
    if loose_form(one, answer_type) == loose_form(other, answer_type):
        return True
    return answer_type == "name" and _same_person(one.split(), other.split())


def same_quantity(first: Quantity, second: Quantity, answer_type: str | None = None) -> bool:
    """Whether two quantities agree: in units that convert exactly, or where one side leaves the unit out."""
    if first.same(second):
        return True
    for hundredfold, other in ((first, second), (second, first)):
        share = answer_type == "number" and hundredfold.unit == "%" and not other.unit  # 75% is 0.75
        if hundredfold.value == 100 * other.value and (share or other.base in SMALL_CHANGE.get(hundredfold.base, ())):
            return True
    if first.value != second.value or bool(first.unit) == bool(second.unit):
        return False
    # "155" for "155 km": one side has no unit. A "%" may go only where one is expected.
    return "%" not in (first.unit, second.unit) or answer_type == "percentage"


# A hundred of these make one of any of those.
SMALL_CHANGE = {"cent": ("USD", "EUR", "AUD", "CAD", "NZD", "HKD", "SGD", "ZAR"), "penny": ("GBP",)}

_SERIAL = dict(
    zip("ii iii iv vi vii viii ix xi xii xiii xiv xv xvi".split(), "2 3 4 6 7 8 9 11 12 13 14 15 16".split(), strict=True)
) | {word: str(number) for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}
_CUT_SHORT = {"st": "saint", "mt": "mount"}
_CUT = re.compile(r"\b(?:st|mt)(?= [a-z])")


@lru_cache(maxsize=4096)
def loose_form(form: str, answer_type: str | None = None) -> str:
    """What two canonical texts share that differ in British or American spelling, in spaces, or, of a term, in number."""
    form = _CUT.sub(lambda found: _CUT_SHORT[found[0]], one_spelling(form))
    *before, last = form.split(" ")
    if before and last in _SERIAL:  # "World War Two"
        form = " ".join([*before, _SERIAL[last]])
    if answer_type == "term":
        form = " ".join(singular(singular(word)) for word in form.split(" "))
    spelled_out = all(len(word) == 1 for word in form.split(" "))
    return form if spelled_out or re.search(r"\d", form) else form.replace(" ", "")


def _same_person(one: list[str], other: list[str]) -> bool:
    """Whether names agree but for initials and short forms: "J. Smith" and "John Smith", "Tom A. Edison" and "Thomas Edison"."""
    if len(one) < 2 or len(other) < 2 or one[-1] != other[-1] or len(one[-1]) < 2:
        return False
    given, others = one[:-1], other[:-1]
    if len(given) == len(others):
        return all(_same_given(x, y) for x, y in zip(given, others, strict=True))
    short, long = sorted((given, others), key=len)
    if all(len(part) > 1 for part in short) and [part for part in long if len(part) > 1 or not part.isalpha()] == short:
        return True  # "Ursula Le Guin" and "Ursula K. Le Guin", "Robert Oppenheimer" and "J. Robert Oppenheimer"
    if len(short) == 1 and 1 < len(short[0]) == len(long):  # "jf kennedy" and "john f kennedy"
        return short[0] == "".join(part[0] for part in long)
    return False


def same_but_middle_names(one: str, other: str) -> bool:
    """Whether canonical names of persons agree but for middle names that one leaves out: "Rachel Bilson", "Rachel Sarah Bilson".

    Where two of a name are told apart by it ("John Adams" and "John Quincy Adams") they do not.
    """
    short, long = sorted((one.split(), other.split()), key=len)
    if not 2 <= len(short) < len(long) <= 5 or short[-1] != long[-1] or short[-1] in BODIES or (short[0], short[-1]) in NAMESAKES:
        return False
    if len(long[0]) < 2 or PARTICLES & {"of", "the"} & set(long):  # "a student of Albert Einstein"
        return False
    left = iter(long[1:-1])
    return len(short[0]) > 1 and _same_given(short[0], long[0]) and all(any(_same_given(x, y) for y in left) for x in short[1:-1])


def _same_given(one: str, other: str) -> bool:
    if one == other or (min(len(one), len(other)) == 1 and one[0] == other[0]):
        return True
    return SHORT_NAMES.get(one, one) == SHORT_NAMES.get(other, other)
