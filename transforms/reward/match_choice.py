"""Choices: whether a text says the right one of yes and no, or of lettered options."""

import re

from transforms.answers.canonical import YES, canonical
from transforms.answers.markup import plain
from transforms.english.sentences import split_sentences
from transforms.reward.hedges import ANY_HEDGE, NEGATION
from transforms.reward.match_prose import states_prose
from transforms.reward.truth import Truth
from transforms.text import normalise, unify

_MAX_OPTION_WORDS = 40

# --- Yes and no ----------------------------------------------------------------------------------

_BEFORE_VERDICT = re.compile(
    r"(?:(?:so|therefore|thus|hence|in short|in conclusion|the answer is|answer)\b[,:]?\s{0,3})*", re.IGNORECASE
)
_SAID_FIRST = re.compile(
    r"(yes|no|true|false|yeah|yep|nope|y|n|correct|incorrect|right|wrong)"
    r"(?=$|\s{0,3}[,.:;!-]|\s(?:because|since|as|it|the|this|that|he|she|they)\b)",
    re.IGNORECASE,
)
_BUT_NO = re.compile(
    r"\W{1,3}(?:it|this|that|he|she|they)(?:'s| is| was| are| were| does| did| do| has| have| can| will)(?:n't| not| false| "
    r"wrong| untrue)|\W{1,3}unless\b",
    re.IGNORECASE,
)
_SAID_LAST = re.compile(r",\s{0,3}(yes|no)\W*$", re.IGNORECASE)
_CLAIM_IS = re.compile(
    r"\b(?:statement|claim|assertion|proposition|this|that|it) is (not )?(true|false|correct|incorrect|right|wrong)\W*$",
    re.IGNORECASE,
)
# "It does not.", "They were."
_ELLIPSIS = re.compile(
    r"(?:it|he|she|they|we|you|i|this|that|these|those|there) (?:(?:does|do|did|is|are|was|were|has|have|had|can|will|must)"
    r"(n't| not)?|(cannot|can't|won't))[.!]?",
    re.IGNORECASE,
)
# "yes" and "no" where they answer: "They had no choice" does not.
_ANSWERS = re.compile(
    r"(?:^|[,.;:!?/\n>\u2192\u2014\u2013-]\s{0,3}|\b(?:and|or|but|also|as|alternatively|maybe|perhaps|actually|wait|say|hand|then|"
    r"not|neither|nor|yes|no) )(yes|no)\b"
    r"(?! (?:one|longer|such|more|other|less|matter|doubt|way|[a-z]{3,}s)\b)"
    r"|\b(yes|no)\b(?=\s{0,3}(?:$|[.,;:!?\n])| (?:is|in|for|if|when)\b)",
    re.IGNORECASE,
)
_UNDECIDED = re.compile(
    r"\b(?:depend(?:s|ing)|hardly|scarcely|maybe|perhaps|possibly|probably|not sure|unsure|hard to say|don't know|do not "
    r"know|unknown|unclear|"
    r"(?:cannot|can't) (?:answer|say|tell)|unable to|as an ai|either|sometimes|partly|in some cases|in theory)\b",
    re.IGNORECASE,
)


def states_yes_no(text: str, truth: Truth) -> bool:
    """Whether a text says yes, or no, first or last or of "the statement", and nowhere the opposite."""
    prose = plain(text)
    found = split_sentences(prose)
    said = {(answer[1] or answer[2]).lower() for answer in _ANSWERS.finditer(prose.replace('"', ""))}
    if not found or _UNDECIDED.search(prose) or len(said) > 1:
        return False
    verdicts = [_verdict(unify(sentence)) for sentence in found]
    wanted = canonical(truth.answer, "yes_no")
    return {verdict for verdict in verdicts if verdict} == {wanted} and wanted in (verdicts[0], verdicts[-1])


def contradicts_yes_no(sentence: str, truth: Truth) -> bool:
    """Whether a sentence gives the opposite answer."""
    verdict = _verdict(unify(plain(sentence)))
    return verdict is not None and verdict != canonical(truth.answer, "yes_no")


def _verdict(sentence: str) -> str | None:
    if sentence.endswith("?"):
        return None
    sentence = sentence.replace('"', "")
    lead = _BEFORE_VERDICT.match(sentence)
    said = _SAID_FIRST.match(sentence, lead.end() if lead else 0) or _SAID_LAST.search(sentence)
    if said and said[1].lower() in YES and (_BUT_NO.match(sentence, said.end()) or NEGATION.search(sentence[: said.start()])):
        return None
    if said:
        return "yes" if said[1].lower() in YES else "no"
    short = _ELLIPSIS.fullmatch(sentence, lead.end() if lead else 0)
    if short:
        return "no" if short[1] or short[2] else "yes"
    claim = _CLAIM_IS.search(sentence)
    if not claim:
        return None
    return "yes" if (claim[2].lower() in YES) != bool(claim[1]) else "no"


# --- Options -------------------------------------------------------------------------------------

_OPTION = re.compile(
    r"^\W*(?:(?:the )?(?:correct |right )?(?:option|choice|answer) (?:is )?)?\(?([A-Ha-h1-9])(?:[).:](?=\s|$)|\)|"
    r"[\"'*]*\.?$)\s{0,3}(.*)$",
    re.DOTALL | re.IGNORECASE,
)
_LETTER = re.compile(
    r"\b(?:option|choice|answer(?: is)?|choose|pick|select)\s{1,3}\(?([A-H1-9])\b\)?|\(([A-H1-9])\)|(?:^|\s)([A-H])\)"
    r"|(?:^|\b(?:is|be|with|for|:) )((?-i:[B-H]))\b(?=[\s.!)*\"']*$)|\b((?-i:[A-H]))(?=\s{0,3}(?:,|/|or\b|and\b))"
    r"|(?:[,/]\s{0,3}|\b(?:and|or) )((?-i:[A-H]))\b",
    re.IGNORECASE,
)
_ANY_LETTER = re.compile(r"(?<![\w'])[B-H](?![\w'+#])")
# The words of an option may hedge: "D) all of the above".
_OPEN = re.compile(
    r"\b(?:distractor|except|avoid|or|either|neither|maybe|perhaps|possibly|probably|not sure|unsure|guess)\b", re.IGNORECASE
)
_UNEQUAL = re.compile(r"\W{0,8}?(?:\u2260|\u00ac|!|~|<>)|[A-Ha-h]'+$")  # C' is what is not C
_ABOUT_OPTIONS = re.compile(r"\b(?:options?|choices|answers)\b", re.IGNORECASE)


def states_option(text: str, truth: Truth) -> bool:
    """Whether a text says the letter of the right option, its words, or both."""
    prose = unify(plain(text))
    return any(_says_option(prose, spelling) for spelling in truth.spellings)


def _says_option(prose: str, spelling: str) -> bool:
    stored = _OPTION.match(unify(spelling))
    letter, choice = (stored[1].lower(), stored[2].strip()) if stored else ("", spelling)
    if _UNEQUAL.match(prose):
        return False
    said = _OPTION.match(prose)
    words = said[2].strip(" .") if said else prose
    if not letter:
        return not _letters(words or prose) and states_prose(words or prose, Truth(choice, "term"))
    # Its own words may say "not" or "or"; under another letter they are another answer.
    if choice and _same_words(words, choice) and (not said or said[1].lower() == letter):
        return True
    if (_OPEN if said else ANY_HEDGE).search(_ABOUT_OPTIONS.sub("", words)):
        return False
    if said:
        if said[1].lower() != letter or _letters(words):
            return False
        return not choice or not words or states_prose(words, Truth(choice, "term"))
    if NEGATION.search(prose):
        return False
    letters = _letters(prose)
    if letters:
        others = {found.lower() for found in _ANY_LETTER.findall(prose)}
        return letters | others == {letter} and len(prose.split()) <= _MAX_OPTION_WORDS
    return bool(choice) and states_prose(prose, Truth(choice, "term"))


def _same_words(words: str, choice: str) -> bool:
    return normalise(words).strip("\"' .") == normalise(choice).strip("\"' .")


def _letters(prose: str) -> set[str]:
    return {next(filter(None, found.groups())).lower() for found in _LETTER.finditer(prose)}
