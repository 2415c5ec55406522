"""Function words by kind. Each rule composes its own set of these kinds and of what it alone counts in."""

ARTICLES = frozenset("a an the".split())
POINTING = frozenset("this that these those".split())
THIRD_PERSON = frozenset("he she it they his her its their".split())
OTHER_PERSONS = frozenset("i you we my your our".split())
OBJECT_PRONOUNS = frozenset("me him her us them".split())
RELATIVES = frozenset("who whom whose which when where".split())
QUESTION_WORDS = RELATIVES | {"what", "why", "how"}
BE = frozenset("is are was were be been".split())
HAVE = frozenset("has have had".split())
DO = frozenset("do does did".split())
MODALS = frozenset("can could will would shall should may might must".split())
AUXILIARIES = BE | HAVE | DO | MODALS
SHORT_PREPOSITIONS = frozenset("of in on at to for from by with".split())
PREPOSITIONS = SHORT_PREPOSITIONS.union("about into onto over under between among through during".split())

GRAMMAR = ARTICLES.union(POINTING, THIRD_PERSON, QUESTION_WORDS, BE, HAVE, DO, PREPOSITIONS)
"""What says nothing by itself, whatever the rule."""


def either(*kinds: frozenset[str]) -> str:
    """The words of these kinds as alternatives of an expression."""
    return "|".join(sorted(frozenset().union(*kinds)))
