"""Grounding: find where a document says an answer, in whatever form it says it.

One pass over the document however it is spelled: the text is folded character by character with a
way back to the original offsets, then searched with one expression per form of the answer. A
number is found as digits or words, with any spelling of its unit; a date in any order.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice, pairwise

from transforms.answers.canonical import MAX_CHARS, canonical, list_items, unify_lines
from transforms.answers.dates import MONTHS, PartialDate, parse_date
from transforms.answers.quantities import Quantity, parse_quantity
from transforms.answers.units import parse_unit, read_unit, unit_spellings
from transforms.english.number_words import SCALES, SMALL_NUMBERS, UP_TO_TWENTY
from transforms.grounding.folding import FOLD, Folded, Place, fold
from transforms.grounding.written_numbers import digits_pattern, number_patterns, spelled
from transforms.languages.endings import any_form, common_beginning, without_article
from transforms.languages.short_texts import ENGLISH
from transforms.text import normalise, unify

# How many places are looked at one by one before a search gives up: keeps a hostile document linear.
_MAX_CANDIDATES = 2000

_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u1100-\u11ff"
_NUMERALS = "〇一二三四五六七八九十百千万萬億亿兆"
_KATAKANA = "\u30a1-\u30fa\u30fc"
_MARKS_BETWEEN = r"[ \-.,'\"()\u00b7\u3001\u3002\u3008-\u3011\u30fb]"
_IS_SPACELESS = re.compile(f"[{_SPACELESS}]")
_PIECE = re.compile(r"\w+|[^\w\s]")
# All that may stand between two words is among these, so a mark of the text is never taken for a word of the answer as well:
# otherwise a row of such marks could be read in more ways than anybody can count.
_IGNORED = frozenset("-.,'\"()[]{}:;!?\u00b7\u3001\u3002\u3008\u3009\u300a\u300b\u300c\u300d\u300e\u300f\u3010\u3011\u30fb")
# Words and signs of an answer that are looked for one by one, with marks between; one with more is looked for as it is written.
_MAX_PIECES = 50
# Borders of a word; plain text sets words off with underscores ("the warship _Harriet Lane_ anchored").
_LEFT = rf"(?:(?<![^\W{_SPACELESS}])|(?<=\W_)|(?<=^_))"
_RIGHT = rf"(?:(?![^\W{_SPACELESS}])|(?=_(?!\w)))"


def _bounded(pattern: str, first: str, last: str) -> str:
    """A pattern that begins and ends where a word does, in scripts that separate words."""
    left, right = (
        border if (char.isalnum() or char == "_") and not _IS_SPACELESS.match(char) else ""
        for char, border in ((first, _LEFT), (last, _RIGHT))
    )
    for script in (f"\\d{_NUMERALS}", _KATAKANA):  # a number or a foreign word in Japanese and Chinese is whole as well
        left += rf"(?<![{script}])" if re.match(f"[{script}]", first) else ""
        right += rf"(?![{script}])" if re.match(f"[{script}]", last) else ""
    return f"{left}(?:{pattern}){right}"


def _text_pattern(answer: str, inflected: bool, text: str, language: str) -> str | None:
    """Words of an answer in order, whatever white space and light punctuation stands between them; None if the text lacks one."""
    answer = without_article(answer, language)
    folded = " ".join(answer.translate(FOLD).split())
    kept = [piece for piece in _PIECE.finditer(folded) if piece[0] not in _IGNORED]
    if not 0 < len(kept) <= _MAX_PIECES or not _has_all(text, (_in_every_form(piece[0], answer, language) for piece in kept)):
        return None
    pattern = _word_pattern(kept[0][0], answer, language)
    for before, word in pairwise(kept):
        between = folded[before.end() : word.start()].strip()
        pattern += _joint(before[0], between, word[0]) + _word_pattern(word[0], answer, language)
    final = kept[-1][0]
    may_end = inflected and language == ENGLISH and final.isalpha() and final.isascii() and len(final) > 2
    ending = r"(?:'?s|es)?" if may_end else ""
    closing = folded[kept[-1].end() :].rstrip()
    if closing and set(closing) <= {"-", "+"}:  # "A-" is not "A"
        return _bounded(pattern + "".join(map(re.escape, closing)), kept[0][0][0], " ")
    return _bounded(pattern + ending, kept[0][0][0], final[-1])


def _joint(before: str, between: str, word: str) -> str:
    """What may stand between two words of an answer, where the answer has these marks."""
    if before[-1].isdigit() and word[0].isdigit():
        return " *(?:-|to|until|and) *" if between in ("-", "to") else " *".join(map(re.escape, between.replace(" ", ""))) or " +"
    if _IS_SPACELESS.match(before[-1]) or _IS_SPACELESS.match(word[0]):
        return _MARKS_BETWEEN + "{0,4}"
    if before[-1].isalnum() and word[0].isalnum():
        return r"[ \-.,']{0,3}" if len(before) == len(word) == 1 else r"[ \-.,'\"()]{1,4}"
    return r"[ \-.,'\"()]{0,3}"


def _word_pattern(word: str, answer: str, language: str) -> str:
    if language != ENGLISH and word.isalpha():
        return any_form(word, language)
    if word in ("and", "&"):
        return "(?:and|&)"
    if word.isalpha() and len(word) <= 3 and word.upper() in answer and len(word) > 1:
        return r"[. ]{0,2}".join(word)  # initials: "JK" is written "J. K."
    if len(word) > 3 and word.endswith("s") and word.isalpha():
        return re.escape(word[:-1]) + "'?s"
    return re.escape(word)


def _in_every_form(word: str, answer: str, language: str) -> str:
    """What a text must have where it has a word in any of the forms of its pattern."""
    if language != ENGLISH and word.isalpha():
        return common_beginning(word, language)
    if word in ("and", "&"):
        return ""
    if word.isalpha() and len(word) <= 3 and word.upper() in answer:
        return word[0]
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _has_all(text: str, parts: Iterable[str]) -> bool:
    """Whether a text has all parts of what is looked for: far sooner known than a pattern is made and searched for."""
    return all(part in text for part in parts)


# What may not stand right before or after a number: it would be part of a longer one.
_NUMBER_LEFT = rf"(?<![^\W{_SPACELESS}])(?<![{_NUMERALS}^])(?<!\d[.,:/])(?<![ (\[]\.)"
_NUMBER_RIGHT = rf"(?![\d{_NUMERALS}])(?![.,:]\d)(?! ?[/^] ?\d)(?! ?\u2044)"
_LETTER = rf"[^\W\d_{_SPACELESS}]"  # of a script that sets words apart
_WORD_BEFORE = re.compile(r"(?:" + "|".join([*SMALL_NUMBERS, "hundred", *SCALES, "and", "point"]) + r")[ \-]$")
_WORD_AFTER = re.compile(
    r"[ \-](?:hundred|dozen|point [a-z]+|" + "|".join(SCALES) + r")\b|-(?:" + "|".join(UP_TO_TWENTY[1:10]) + r")\b"
)
_TENS_AFTER = re.compile(r"[ \-](?:" + "|".join(UP_TO_TWENTY[1:10]) + r")\b")
_UNIT_AFTER = re.compile(r"[ \-]?(?:[^\W\d_]|[%\u00b0\"'$\u20ac\u00a3])")


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a number that was found is the whole number there: "two" of "twenty-two" is not."""
    written = text[start:end].lower()
    before, after = text[max(0, start - 12) : start].lower(), text[end : end + 16].lower()
    if _WORD_AFTER.match(after) or ("/" in written and re.search(r"\d[ \-]$", before)):
        return False
    if written[-1].isalpha():
        last = re.split(r"[ \-]", written)[-1]
        if last in SMALL_NUMBERS and SMALL_NUMBERS[last] >= 20 and _TENS_AFTER.match(after):
            return False
        number_before = _WORD_BEFORE.search(before)
        return not number_before or (number_before[0].startswith("and") and not re.search(r"(?:hundred|thousand) and $", before))
    return True


def _negative_before(text: str, start: int) -> bool:
    # A sign stands at its number; a hyphen with a space after it begins an item of a list.
    before = text[max(0, start - 10) : start]
    return bool(re.search(r"(?:^|[\s(\[$=:,])-$|\b(?:minus|negative) $", before))


# Between two numbers of which the second has the unit of both.
_TO_THE_NEXT = r"to|and|or|until|through|vs\.?|versus|\+/?-|-|,"


def _find_quantity(quantity: Quantity, folded: Folded, answer_type: str | None) -> Place | None:
    """Find a number with its unit; without the unit where the document gives that elsewhere."""
    text = folded.text
    number = "|".join(f"(?:{pattern})" for pattern in number_patterns(quantity.value))
    if not number:
        return None
    left = _NUMBER_LEFT + _no_group(str(abs(quantity.value)), folded)
    alone = re.compile(rf"{left}(?P<number>{number}){_NUMBER_RIGHT}")
    if not quantity.unit:
        for found in _candidates(alone, text, quantity):
            if _ends_a_number(folded, found.end("number")):
                return folded.original(*found.span("number"))
        return None
    unit = _units_pattern(quantity.unit)
    after = re.compile(rf"{left}(?P<number>{number})[ \-]{{0,2}}(?P<unit>{unit})(?!{_LETTER})")
    for found in _candidates(after, text, quantity):
        written = folded.source[slice(*folded.original(*found.span("unit")))]
        named = read_unit(unify(written), 0, answer_type == "money")
        if named is None or named[0].symbol == quantity.unit or quantity.unit in (written, written.lower()):
            return folded.original(found.start("number"), found.end("unit"))
    if quantity.unit.isupper() or quantity.unit in ("cent", "penny"):
        before = re.compile(rf"(?<![^\W_])(?P<unit>{unit}) ?(?P<number>{number}){_NUMBER_RIGHT}(?![^\W\d_])")
        for found in _candidates(before, text, quantity):
            return folded.original(found.start("unit"), found.end("number"))
    compound = _compound_pattern(quantity)
    if compound and (place := folded.search(compound)):
        return place
    # "Length (km): 12": the number stands alone, its unit a little before it; or "2.6 vs. 2.2 cm", after the next.
    named_before = re.compile(rf"(?<![^\W\d_])(?:{unit})(?![^\W\d_])(?![/^])")
    named_after = re.compile(rf" ?(?:{_TO_THE_NEXT}) ?\d[\d.,]*[ \-]{{0,2}}(?:{unit})(?![^\W\d_])")
    for found in _candidates(alone, text, quantity):
        start, end = found.span("number")
        if (_UNIT_AFTER.match(text, end) and _unit_after(folded, end)) or not _ends_a_number(folded, end):
            continue
        if named_before.search(text, max(0, start - 300), start) or named_after.match(text, end):
            return folded.original(start, end)
    return None


def _candidates(pattern: re.Pattern[str], text: str, quantity: Quantity) -> Iterator[re.Match[str]]:
    for found in islice(pattern.finditer(text), _MAX_CANDIDATES):
        start, end = found.span("number")
        if _negative_before(text, start) == (quantity.value < 0) and _stands_alone(text, start, end):
            yield found


def _unit_after(folded: Folded, end: int) -> bool:
    place = folded.original(end, end + 1)[0] if end < len(folded.text) else len(folded.source)
    return read_unit(unify(folded.source[place : place + 30]), 0) is not None


def _ends_a_number(folded: Folded, end: int) -> bool:
    """Whether a bare number ends here: at a border, or at a unit written close up ("12km"), but not in "1990s"."""
    following = folded.text[end : end + 1]
    if (not following.isalnum() and following != "_") or _IS_SPACELESS.match(following):
        return True
    return folded.text[end - 1].isdigit() and following != "s" and _unit_after(folded, end)


def _units_pattern(symbol: str) -> str:
    """Every spelling of a unit, the longest first."""
    written = {re.escape(spelling.translate(FOLD)) for spelling in unit_spellings(symbol)}
    patterns = {form.replace(r"\ ", r"[ \-]").replace(r"\^", r"\^?").replace("/", " ?/ ?") for form in written}
    return "|".join(sorted(patterns, key=len, reverse=True))


def _compound_pattern(quantity: Quantity) -> str | None:
    """ "1 hour 30 minutes" for 90 minutes, "5 ft 11 in" for 71 inches."""
    larger = {"min": ("h", 60), "s": ("min", 60), "in": ("ft", 12), "oz": ("lb", 16), "month": ("year", 12)}.get(quantity.unit)
    if not larger or quantity.value.denominator != 1 or not 0 < quantity.value < 10**6:
        return None
    whole, rest = divmod(int(quantity.value), larger[1])
    if not whole or not rest:
        return None
    parts = ((whole, larger[0]), (rest, quantity.unit))
    forms = (rf"(?:{number}|{spelled(number)})[ \-]?(?:{_units_pattern(symbol)})" for number, symbol in parts)
    return _NUMBER_LEFT + r",? ?(?:and )?".join(forms) + r"(?!\w)"


def _date_patterns(date: PartialDate) -> Iterator[str]:
    """Every common way of writing a date of which the month is known; the fullest first."""
    name = MONTHS[date.month - 1]
    month = rf"(?:{name}|{name[:3]}{'t?' if date.month == 9 else ''}\.?)"
    year = rf"{date.year}(?!\d)(?!s)" if date.year else ""
    east_asian = rf"0?{date.month} ?[\u6708\uc6d4]" + (rf" ?0?{date.day} ?[\u65e5\u53f7\uc77c]" if date.day else "")
    yield (rf"(?<!\d){date.year} ?[\u5e74\ub144] ?" if date.year else r"(?<!\d)") + east_asian
    if not date.day:
        yield rf"\b{month}(?:,| of)? {year}" if year else rf"\b{month}(?!\w)"
        if year:
            yield rf"(?<!\d){date.year}-{date.month:02d}(?![\d-])"
        return
    day = rf"(?<!\d)0?{date.day}(?:st|nd|rd|th)?"
    if year:
        yield rf"{day}(?: of)?[ \-]{month}(?:,| of)?[ \-]{year}"
        yield rf"\b{month} (?:the )?{day},? {year}"
        yield rf"(?<!\d){date.year}[-/.]0?{date.month}[-/.]0?{date.day}(?!\d)"
        yield rf"(?<!\d)0?{date.day}[-/.]0?{date.month}[-/.]{date.year}(?!\d)"
        yield rf"(?<!\d)0?{date.month}[-/.]0?{date.day}[-/.]{date.year}(?!\d)"
        yield rf"(?<!\d){date.year},? {month} 0?{date.day}(?!\d)"
        return
    yield rf"{day}(?: of)?[ \-]{month}(?!\w)"
    yield rf"\b{month} (?:the )?{day}(?!\d)"


def _find_date(date: PartialDate, folded: Folded) -> Place | None:
    for pattern in _date_patterns(date):
        if place := folded.search(pattern):
            return place
    if not (date.year and date.day and re.search(rf"(?<!\d){date.year}(?![\ds])", folded.text)):
        return None
    # The year is said elsewhere. A day that is given another year is another day.
    for pattern in _date_patterns(PartialDate(0, date.month, date.day)):
        for found in islice(re.finditer(pattern, folded.text), _MAX_CANDIDATES + 1):
            if not _YEAR_AFTER.match(folded.text, found.end()):
                return folded.original(*found.span())
    return None


_YEAR_AFTER = re.compile(r"(?:,| of)? ?[12]\d{3}(?!\d)")


_RANGE = re.compile(r"(?:from |between )?(\d[\d,.]*) ?(?:-|to|and) ?(\d\S* ?.*)", re.DOTALL)


def _find_range(form: str, folded: Folded) -> Place | None:
    """ "6.2 to 8.2 micrometres" for "6.2-8.2 um": both numbers, and the unit in any spelling."""
    found = _RANGE.fullmatch(form) if len(form) < 60 else None
    first, second = (parse_quantity(found[1], "number"), parse_quantity(found[2])) if found else (None, None)
    if not (first and second and second.unit) or first.unit:
        return None
    numbers = [digits_pattern(quantity.value) for quantity in (first, second)]
    if not all(numbers):
        return None
    units = _units_pattern(second.unit)
    return folded.search(
        rf"{_NUMBER_LEFT}{numbers[0]}[ \-]{{0,2}}(?:{units})? ?(?:-|to|and) ?{numbers[1]}[ \-]{{0,2}}(?:{units})(?![^\W\d_])"
    )


_NAME_IN_FORMULA = re.compile(r"[a-zA-Z]")
_DRESS = r"[\s$\\{}]*"
# Often left out. Its dress belongs to it: two runs of dress side by side would be tried in every split of a run of spaces.
_OPTIONAL_MARKS = {"*": rf"(?:(?:[*\u00d7\u00b7\u22c5]|\\times|\\cdot){_DRESS})?", "^": rf"(?:(?:\^|\*\*){_DRESS})?"}
_MARKS = {"'": "['\"]", "-": "[-\u2212\u2013]", "\u221a": r"(?:\u221a|\\?sqrt)", "\u03c0": r"(?:\u03c0|\\?pi)"}


def _find_expression(answer: str, text: str) -> Place | None:
    """A formula whatever its spacing and LaTeX dress; case counts."""
    form = re.sub(r"[\s$\\{}]", "", canonical(answer, "expression"))
    if not form or len(form) > 300:
        return None
    form = form.replace("sqrt", "\u221a")
    if not _has_all(text, _NAME_IN_FORMULA.findall(form)):
        return None
    pattern = ""
    for before, char in zip(" " + form, form, strict=False):
        if before not in _OPTIONAL_MARKS and pattern:
            pattern += _DRESS
        if char in _OPTIONAL_MARKS and before not in _OPTIONAL_MARKS:
            pattern += _OPTIONAL_MARKS[char]
        elif char in "23" and before == "^":
            pattern += {"2": "[2\u00b2]", "3": "[3\u00b3]"}[char]
        else:
            sign = _MARKS.get(char) or re.escape(char)
            # The dress before it takes a backslash already. Two that may would double the ways at each nested root.
            pattern += sign.replace(r"\\?", "") if pattern else sign
    left = r"(?<!\w)" if form[0].isalnum() else ""
    right = r"(?!\w)" if form[-1].isalnum() else ""
    found = re.search(left + pattern + right, text)
    return found.span() if found else None


_CODE_QUOTES = re.compile('["`\u2018\u2019\u201c\u201d]')


def _find_code(answer: str, text: str) -> Place | None:
    """An identifier or command as written, case and all, whatever the quotes around or inside it."""
    form = canonical(answer, "code")
    if not form or len(form) > MAX_CHARS:
        return None
    if "'" in form:
        text = _CODE_QUOTES.sub("'", text)
    if not _has_all(text, form.split()):
        return None
    found = re.search(_bounded(r"\s+".join(map(re.escape, form.split())), form[0], form[-1]), text)
    return found.span() if found else None


def _literal_pattern(answer: str, text: str) -> str | None:
    parts = answer.split()
    if not parts or not _has_all(text, parts):
        return None
    return _bounded(r"\s+".join(map(re.escape, parts)), parts[0][0], parts[-1][-1])


def _find_exact(answer: str, text: str) -> Place | None:
    """The answer as it is written, but for white space; a number only where it is the whole number."""
    pattern = _literal_pattern(answer, text)
    if pattern is None:
        return None
    parts = answer.split()
    number = parts[0][0].isdigit() or normalise(parts[0]) in SMALL_NUMBERS
    if parts[0][0].isdigit():
        pattern = _NUMBER_LEFT + pattern
    if parts[-1][-1].isdigit():
        pattern += _NUMBER_RIGHT
    for found in islice(re.finditer(pattern, text), _MAX_CANDIDATES + 1):
        start, end = found.span()
        if re.search(r"\d\s$", text[max(0, start - 2) : start]) and _no_group(answer, fold(text)):
            continue
        if not number or (_stands_alone(text, start, end) and not _negative_before(text, start)):
            return start, end
    return None


def _no_group(written: str, folded: Folded) -> str:
    """What may not stand before three digits in another language than English: the thousands of "10 100"."""
    return r"(?<!\d )" if re.match(r"\d{3}(?!\d)", written) and folded.language != ENGLISH else ""


def _find_text(answer: str, folded: Folded, inflected: bool = True) -> Place | None:
    letters = "".join(char for char in answer if char.isalpha())
    acronym = 2 <= len(letters) <= 5 and letters.isupper()
    whole = r"(?<!\d[.,])" + _no_group(answer, folded) if folded.language != ENGLISH and answer[:1].isdigit() else ""
    patterns = (
        _text_pattern(answer, inflected, folded.text, folded.language),
        _literal_pattern(answer.translate(FOLD), folded.text),
    )
    for pattern in filter(None, patterns):
        for found in islice(re.finditer(whole + pattern, folded.text), _MAX_CANDIDATES + 1):
            place = folded.original(*found.span())
            # "US" is not "us", "WHO" is not "who".
            if not acronym or not folded.source[slice(*place)].islower():
                return place
    return None


def find_in_text(answer: str, text: str, answer_type: str | None = None) -> Place | None:
    """Where a text says an answer, in the same or another form; None if nowhere.

    The place is (start, end) in the text as given, so `text[start:end]` is what it says. A list is
    found if each of its items is; the place is then that of its first item. Yes and no are never
    found: what supports them is a judgement, not a place.
    """
    return (_find_once if len(text) <= _REMEMBERED_CHARS else _find)(answer, text, answer_type)


def _find(answer: str, text: str, answer_type: str | None) -> Place | None:
    if not normalise(answer[: 2 * MAX_CHARS]) or len(answer) > 2 * MAX_CHARS or answer_type == "yes_no":
        return None
    exact = _find_exact(answer, text)
    if exact:
        return exact
    if answer_type == "code":
        return _find_code(answer, text)
    folded = fold(text)
    if answer_type == "list":
        return _find_text(answer, folded) or _find_list(answer, folded)
    if answer_type == "expression":
        return _find_expression(answer, text) or _find_any(answer, folded, None)
    return _find_any(answer, folded, answer_type)


# Check asks several times for each answer and alias of a pair. Longer texts are no documents of a prompt.
_REMEMBERED_CHARS = 100_000
_find_once = lru_cache(maxsize=128)(_find)


def _find_list(answer: str, folded: Folded) -> Place | None:
    items = list_items(unify_lines(answer))
    if not items or len(items) > 50:
        return None
    places = [_find_any(item, folded, None) for item in items]
    return places[0] if all(places) else None


def _find_any(answer: str, folded: Folded, answer_type: str | None) -> Place | None:
    form = canonical(answer, answer_type)
    date = parse_date(form) if answer_type in (None, "date") else None
    if date and date.month:
        return _find_date(date, folded) or _find_text(answer, folded, inflected=False)
    quantity = parse_quantity(form, answer_type)
    if quantity:
        counted = quantity.unit and parse_unit(quantity.unit) is None
        return _find_quantity(quantity, folded, answer_type) or (_find_text(answer, folded) if counted else None)
    place = _find_text(answer, folded) or _find_range(form, folded)
    return place or (_find_text(form, folded) if form != normalise(answer) else None)
