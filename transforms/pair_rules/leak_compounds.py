"""Compounds: an answer that is part of a word of the question, or is written apart or together there in another form."""

from collections.abc import Iterator
from itertools import pairwise

from transforms.english.kinship import are_kin
from transforms.pair_rules.leak_words import Found, Word

# What follows the telling part of a compound whose whole says what the part is: a flake of snow, who keeps bees. Not "fall" or
# "place": a waterfall's blades are not made of water.
_SECONDS = frozenset(
    "man men flake flakes side shore light boat boats keeper keepers seller sellers maker makers smith smiths fighter "
    "fighters monger "
    "mongers catcher catchers rider riders baker bakers breaker breakers cutter cutters burner burners meal powered driven fired "
    "field fields yard washer washers watcher watchers writer writers worker workers payer payers holder holders owner "
    "owners player "
    "players picker pickers packer packers cleaner cleaners collector collectors dealer dealers lover lovers carrier "
    "carriers finder "
    "finders herd herder herders trader traders mill mills eater eaters hunter hunters grower growers".split()
)
_SHORTEST = 3
_LEAST_JOINED = 8


def compound_places(words: list[Word], wanted: list[str]) -> Iterator[Found]:
    """Where a compound has an answer: "snowflake" for snow, "sea-sick" for seasickness, "honeybee" for honey bees."""
    joined = "".join(wanted)
    if len(wanted) == 1:
        bases = {form for form in (joined, joined.removesuffix("s"), joined.removesuffix("es")) if len(form) >= _SHORTEST}
        for word in words:
            if any(word.folded.startswith(base) and word.folded[len(base) :] in _SECONDS for base in bases):
                yield "inflected", (word.start, word.end)
    if len(joined) < _LEAST_JOINED:
        return
    if len(wanted) > 1:
        yield from (("inflected", (word.start, word.end)) for word in words if are_kin(word.folded, joined))
        return
    for one, other in pairwise(words):
        begins = other.start - one.end == 1 and len(one.folded) >= _SHORTEST and joined.startswith(one.folded)
        if begins and are_kin(one.folded + other.folded, joined):
            yield "inflected", (one.start, other.end)
