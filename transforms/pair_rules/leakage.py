"""Leakage: whether a question gives its own answer away, and how.

A question leaks if a reader who knows nothing of the subject can copy the answer out of it: whole,
inflected, in another notation, as an abbreviation or spelled out, or by the telling part of a name.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from transforms.answers.canonical import canonical, list_items, unify_lines
from transforms.answers.dates import parse_date
from transforms.answers.places import is_region
from transforms.answers.quantities import parse_quantity
from transforms.english.kinship import are_kin
from transforms.grounding.find import find_in_text
from transforms.languages.short_texts import ENGLISH, language_of
from transforms.pair_rules.leak_abbreviations import other_lengths
from transforms.pair_rules.leak_compounds import compound_places
from transforms.pair_rules.leak_counts import numbered_places, worded_leak
from transforms.pair_rules.leak_hints import letter_hints
from transforms.pair_rules.leak_numbers import date_leak, quantity_leak, short_year_leak
from transforms.pair_rules.leak_only_option import only_option, split_choices
from transforms.pair_rules.leak_other_languages import leak_in
from transforms.pair_rules.leak_other_names import other_name_places
from transforms.pair_rules.leak_presupposed import presupposed, told_before
from transforms.pair_rules.leak_words import (
    COUNTRIES,
    GENERIC,
    HOMOGRAPHS,
    MAX_DOCUMENT_CHARS,
    PEOPLES,
    STOP_WORDS,
    Found,
    Place,
    Word,
    in_parentheses,
    words_of,
)
from transforms.pair_rules.offered_choices import without_choices
from transforms.text import unify

LEAKS = (
    "verbatim",  # the answer itself, spelling, case and accents aside
    "inflected",  # another form of its words: plural, possessive, derived word, the people of a country
    "number_word",  # "twelve" for 12
    "unit_variant",  # the same quantity with its unit written or scaled otherwise
    "date_variant",  # the same date in another form
    "abbreviation",  # the initials of the answer, or its short form by the document
    "expansion",  # the words that the answer abbreviates
    "alias",  # an accepted other spelling of the answer
    "spelled_out_in_parentheses",  # any of these inside brackets
    "other_name",  # its name in another language
    "spelling",  # its letters: spelt out, with gaps, backwards
    "presupposed",  # a question of yes or no that says which
    "told_before",  # the number, in a clause that says all that is asked
    "only_option",  # of the marked choices it alone is of the kind that is asked for
    "part_of_answer",  # a surname, the telling word of a proper name, half the items of a list
)

_MAX_QUESTION_CHARS = 1000  # a longer one is no question, by a rule of Check


def find_leak(
    question: str, answer: str, aliases: tuple[str, ...] | list[str] = (), document: str = "", answer_type: str | None = None
) -> str | None:
    """How a question gives its answer away (one of `LEAKS`), or None if it does not.

    `document` settles abbreviations ("World Health Organization (WHO)") and what is a name.
    Judgements: a decade does not leak a year, nor a year a full date (the reverse does); a number
    leaks only in the role that is asked for ("5 km" says nothing of five laps); an answer that is
    one of at least two choices offered is no leak; yes and no only where they are presupposed; code leaks only as it is
    written, because `'hello'.upper()` does not say HELLO.
    """
    question = unify(question[:_MAX_QUESTION_CHARS])
    if answer_type == "yes_no":
        said = presupposed(question, answer)
        return said and said[0]
    found = _leak_of(question, answer, document, answer_type)
    return found or ("alias" if any(_leak_of(question, alias, document, answer_type) for alias in aliases) else None)


def _leak_of(question: str, answer: str, document: str, answer_type: str | None) -> str | None:
    answer = unify_lines(answer).strip(" .,;:!?\"'")
    if not answer or not question or len(answer) > 500:
        return None
    if canonical(answer) in ("yes", "no"):
        said = presupposed(question, answer)
        return said and said[0]
    if answer_type == "code":
        place = find_in_text(answer, without_choices(question, answer), "code")
        return place and ("spelled_out_in_parentheses" if in_parentheses(question, place) else "verbatim")
    folded_words = [word.folded for word in words_of(answer)]
    if folded_words and all(word in STOP_WORDS for word in folded_words) and not _may_be_a_name(answer):
        return None
    language = language_of(question)
    if language != ENGLISH and answer_type != "expression":
        found = leak_in(question, answer, document, answer_type, language)
        return found and ("spelled_out_in_parentheses" if in_parentheses(question, found[1]) else found[0])
    stem, choices, begin = split_choices(question)
    if choices and any(_same_choice(choice, answer) for choice in choices):
        if single := only_option(stem, choices, answer, begin):
            return single[0]
        in_stem = _leak_of(stem, answer, document, answer_type)
        others = [choice for choice in choices if not _same_choice(choice, answer)]
        # What the stem has of several choices tells nobody which is right.
        return None if in_stem and any(_leak_of(stem, other, document, answer_type) for other in others) else in_stem
    question = without_choices(question, answer)
    if parse_date(answer) and parse_quantity(answer) is None:
        found = date_leak(question, answer) or short_year_leak(question, answer)
    elif quantity := parse_quantity(answer) or parse_quantity(answer, "number"):
        found = (
            quantity_leak(question, answer, quantity)
            or short_year_leak(question, answer)
            or worded_leak(question, answer)
            or told_before(question, answer)
        )
    else:
        found = next(_text_leaks(question, answer, document), None)
    return found and ("spelled_out_in_parentheses" if in_parentheses(question, found[1]) else found[0])


def _same_choice(choice: str, answer: str) -> bool:
    return choice.strip(" .?").lower() == answer.lower() or canonical(choice) == canonical(answer)


def _may_be_a_name(answer: str) -> bool:
    """ "WHO", "IT" or "Will" may be an answer though "who", "it" and "will" are not; "A" may too."""
    return answer.isupper() or (answer[:1].isupper() and answer.lower() in HOMOGRAPHS)


def _text_leaks(question: str, answer: str, document: str) -> Iterator[Found]:
    """Every way in which a question says an answer made of words; the plainest first."""
    for place in _verbatim_places(question, answer, document):
        yield "inflected" if re.search(r"['\u2019]s$", question[slice(*place)]) else "verbatim", place
    words, wanted = words_of(question), words_of(answer)
    if not wanted:
        return
    yield from _inflected_places(question, words, wanted, answer, document)
    if len(wanted) == 2 and wanted[0].folded == "the":  # "the NBA"
        answer = answer[wanted[1].start :]
        wanted = words_of(answer)
    yield from other_lengths(question, words, answer, wanted, document)
    if worded := worded_leak(question, answer):
        yield worded
    yield from numbered_places(words, wanted)
    yield from other_name_places(question, words, answer)
    yield from letter_hints(question, words, answer)
    yield from _telling_parts(question, words, answer, wanted)


def _verbatim_places(question: str, answer: str, document: str) -> Iterator[Place]:
    """Where the words of the answer stand in the question, with what only looks like them left out."""
    letters = re.sub(r"[\W_]", "", answer)
    if len(letters) <= 1:
        yield from _single_letter_places(question, answer)
        return
    if len(answer) < 3 and not letters.isupper():
        return
    if _is_formula_answer(answer):
        place = find_in_text(answer, question, "expression") if len(letters) > 2 else None
        if place and not _is_part_of_formula(question, place):
            yield place
        return
    wanted = [word.folded for word in words_of(answer) if word.folded not in ("the", "a", "an")]
    words = words_of(question)
    for index in range(len(words) - len(wanted) + 1):
        here = words[index : index + len(wanted)]
        if not wanted or [word.folded for word in here] != wanted or not _close_up(question, here):
            continue
        if not _only_looks_alike(question, here, answer, document) and not _splits_symbols(question, here, answer):
            yield here[0].start, here[-1].end
    squeezed = "".join(wanted)
    if len(squeezed) >= 7:
        yield from _squeezed_places(question, words, squeezed)


def _close_up(question: str, here: list[Word]) -> bool:
    """Words of one phrase are divided by spaces, hyphens and light punctuation."""
    return all(re.fullmatch(r"[\s\-,.'\"&/()]{0,4}", question[a.end : b.start]) for a, b in pairwise(here))


def _splits_symbols(question: str, here: list[Word], answer: str) -> bool:
    """ "C" is not "C++", "A" is not "A-", and the other way round."""
    tail = re.search(r"(?<![+#])[+#]+$", answer)
    following = re.match(r"[+#]+", question[here[-1].end :])
    return (tail[0] if tail else "") != (following[0] if following else "")


def _squeezed_places(question: str, words: list[Word], squeezed: str) -> Iterator[Place]:
    """ "seat belt" is "seatbelt", "e-mail" is "email"."""
    for index, word in enumerate(words):
        joined = word.folded
        for follower in words[index + 1 : index + 4]:
            if not squeezed.startswith(joined) or not _close_up(question, [word, follower]):
                break
            joined += follower.folded
            if joined == squeezed:
                yield word.start, follower.end
        if word.folded == squeezed:
            yield word.start, word.end


def _only_looks_alike(question: str, here: list[Word], answer: str, document: str) -> bool:
    """Whether a single word is a common word where the answer is a name, a month or an acronym."""
    if len(here) > 1:
        return False
    word = here[0].written.removesuffix("'s")
    opens = here[0].start == 0 or bool(re.search(r"[.?!:]\s+[\"'(]?$", question[: here[0].start]))
    if answer.isupper() and len(answer) > 1:
        return not word.isupper() and (len(answer) <= 5) and (word.lower() in HOMOGRAPHS or word.lower() in STOP_WORDS)
    if not answer[:1].isupper():
        return False
    lower = word.lower()
    if word.isupper() and len(word) > 1 and not answer.isupper():
        return lower in HOMOGRAPHS or lower in STOP_WORDS
    if opens and lower in ("may", "will", "can", "march", "mark", "bill", "grant"):
        return True
    if not word.islower():
        return False
    if lower in HOMOGRAPHS:
        month = lower in ("may", "march", "august") and re.search(
            r"\b(?:in|of|since|by|until|early|late|mid|last|next|every)[ -]$", question[: here[0].start]
        )
        return not month
    return _is_only_a_name(lower, document)


def _is_only_a_name(lower: str, document: str) -> bool:
    """Whether a document writes a word with a capital inside its sentences, and never without."""
    document = document[:MAX_DOCUMENT_CHARS]
    if re.search(rf"\b{re.escape(lower)}\b", document):
        return False
    return bool(re.search(rf"[a-z,] {re.escape(lower.capitalize())}\b", document))


def _single_letter_places(question: str, answer: str) -> Iterator[Place]:
    """A letter leaks only as itself: a capital on its own, not an article, an initial or a variable."""
    if not re.fullmatch(r"[A-Z][+#*-]{0,2}", answer):
        return
    if re.search(r"\b[A-Z](?:,| and| or) [A-Z]\b", question):
        return  # "Let A and B be sets"
    for found in re.finditer(rf"(?<![\w.'+\-*/=^(]){re.escape(answer)}(?![\w'+#\-*/=^.)])(?! [+*/=<>-] )", question):
        before, after = question[: found.start()], question[found.end() :]
        if answer in ("A", "I") and (not before.strip() or re.search(r"[.?!:\"]\s*$", before)):
            continue
        if re.search(r"(?:,| and| or|[Ll]et|[Pp]oints?|[Ss]ets?|[Ee]vents?|[Vv]ertex|[Vv]ertices) $", before) or re.match(
            r"(?:,| and| or) [A-Z]\b", after
        ):
            continue
        yield found.span()


def _is_formula_answer(answer: str) -> bool:
    return bool(re.search(r"[=^\\(){}\[\]]|\d[a-z]|[a-z]\d|\w\s*[+*/<>]\s*\w", answer)) and not re.fullmatch(
        r"(?=[\w\-]*?[A-Za-z]{3})[\w\-. ]*(?:\(\w*\))?", answer
    )


def _is_part_of_formula(question: str, place: Place) -> bool:
    before, after = question[: place[0]].rstrip()[-1:], question[place[1] :].lstrip()[:1]
    return bool((before and before in "+-*/^=([{<>|") or (after and after in "+-*/^=)]}<>|(["))


_ASKS_A_FORM = re.compile(
    r"\b(?:plural|singular|past (?:tense|participle)|(?:noun|adjective|adverb|verb|comparative|superlative)(?: form)?) "
    r"(?:form )?(?:of|from|for)\b",
    re.IGNORECASE,
)


def _inflected_places(question: str, words: list[Word], wanted: list[Word], answer: str, document: str) -> Iterator[Found]:
    """The words of the answer in other forms, in order."""
    wanted = [word for word in wanted if word.folded not in ("the", "a", "an")]
    if not wanted or len(re.sub(r"\W", "", answer)) < 3 or _ASKS_A_FORM.search(question):
        return
    if len(wanted) > 1:
        words = [word for word in words if word.folded not in ("the", "a", "an")]
    name = answer[:1].isupper() and len(wanted) == 1
    for index in range(len(words) - len(wanted) + 1):
        here = words[index : index + len(wanted)]
        if not all(are_kin(word.folded, want.folded) for word, want in zip(here, wanted, strict=True)):
            continue
        if len(here) == 1 and (here[0].folded == wanted[0].folded or here[0].folded in STOP_WORDS):
            continue
        if name and here[0].written.islower() and (wanted[0].folded in HOMOGRAPHS or _is_only_a_name(here[0].folded, document)):
            continue
        yield "inflected", (here[0].start, here[-1].end)
    if len(wanted) == 1:
        people = PEOPLES.get(wanted[0].folded, "").split()
        for word in words:
            if word.folded in people and word.written[0].isupper():
                yield "inflected", (word.start, word.end)
            if word.folded == COUNTRIES.get(wanted[0].folded) and wanted[0].written[0].isupper() and word.written[0].isupper():
                yield "inflected", (word.start, word.end)
    yield from compound_places(words, [word.folded for word in wanted])


def _telling_parts(question: str, words: list[Word], answer: str, wanted: list[Word]) -> Iterator[Found]:
    """Half the items of a list, all the words of a phrase, or the telling word of a proper name."""
    items = list_items(answer)
    if len(items) > 1 and (re.search(r",|;| and | & ", answer)):
        said = [
            place
            for item in items
            if not parse_quantity(item) and len(item) > 2
            for place in list(_verbatim_places(question, item, ""))[:1]
        ]
        one_name = len(wanted) <= 3 and answer[:1].isupper() and not re.search("[,;]", answer)
        if said and 2 * len(said) >= len(items) and not one_name:
            yield "part_of_answer", said[0]
        return
    if _is_formula_answer(answer):
        return
    every = [word for word in wanted if word.folded not in STOP_WORDS or word.written.isupper()]
    content = [word for word in every if len(word.folded) > 1 or word.folded.isdigit()]
    if len(content) < 2:
        return
    generic = {word.folded for word in content if word.folded in GENERIC or _is_where(answer, word)}
    spread = [next((word for word in words if are_kin(word.folded, want.folded)), None) for want in every]
    found = [word for word in spread if word]
    if len(found) == len(every) and any(word.folded not in generic and len(word.folded) > 2 for word in content):
        yield "part_of_answer", (found[0].start, found[0].end)
        return
    if not all(word.written[0].isupper() or word.folded in generic for word in content):
        return
    telling = [word for word in content if word.folded not in generic and len(word.folded) > 3]
    person = len(telling) == len(content) and 2 <= len(content) <= 4
    for want in telling[-1:] if person and telling[-1:] == content[-1:] else telling:
        for index, word in enumerate(words):
            if (
                word.written[0].isupper()
                and are_kin(word.folded, want.folded)
                and not _other_name(question, words, index, content)
                and not _sibling(words, index, wanted[-1].written)
            ):
                yield "part_of_answer", (word.start, word.end)
    if person:  # "Napoleonic" for Napoleon Bonaparte
        first = telling[0].folded
        for word in words:
            if (
                word.written[0].isupper()
                and word.folded != first
                and _DERIVED.search(word.folded)
                and are_kin(word.folded, first)
            ):
                yield "part_of_answer", (word.start, word.end)


_ROMAN = re.compile(r"[IVXL]+")
_SIBLINGS = frozenset("sister brother sibling cousin daughter son twin child".split())
_DERIVED = re.compile(r"(?:ic|ist|ian|ean|esque|ism)$")


def _sibling(words: list[Word], index: int, last: str) -> bool:
    """ "Louis XV" where Louis XVI is asked for, "which Bronte sister" where the first name is: the shared part of a name."""
    following = words[index + 1] if index + 1 < len(words) else None
    if not following:
        return False
    if _ROMAN.fullmatch(last) and _ROMAN.fullmatch(following.written):
        return last != following.written
    return index > 0 and words[index - 1].folded in ("which", "what") and following.folded in _SIBLINGS


def _is_where(answer: str, word: Word) -> bool:
    """Whether a part of a name only says where it is: "Bank of Kenya", "Norway Airlines", but not "Michael Jordan"."""
    placed = bool(re.search(r"(?:\b(?:of|in|the)|,) $", answer[: word.start])) or bool(re.search(r"\w", answer[word.end :]))
    return placed and is_region(word.folded)


def _other_name(question: str, words: list[Word], index: int, content: list[Word]) -> bool:
    """ "Pierre Curie" is not Marie: a capital before the shared word that is no part of the answer."""
    own = {word.folded for word in content}
    while index:
        before = words[index - 1]
        between = question[before.end : words[index].start]
        opening = before.start == 0 or before.folded in STOP_WORDS
        if between not in (" ", "-", ". ") or not before.written[0].isupper() or opening:
            return False
        if before.folded not in own | GENERIC:
            return True
        index -= 1
    return False
