"""Facts in the lines of a recipe: its times, servings and amounts."""

import re
from collections.abc import Iterator

from beam_pipeline.demo_endpoint.rules.analysis import Analysis
from beam_pipeline.demo_endpoint.rules.facts import Fact
from beam_pipeline.demo_endpoint.rules.verify import leaks
from beam_pipeline.demo_endpoint.rules.words import STOP

_INGREDIENT = re.compile(
    r"^\s*[-*]\s+(?P<amount>(?:\d[\d./–-]*|½|¼|¾|1½)(?:\s?(?:x\s?\d+\s?\w+|"
    r"(?:gm?|kg|mg|ml|cl|dl|l|lbs?|oz|cups?|tbsps?|tsps?|tablespoons?|teaspoons?|grams?|cloves?|cans?|slices?|pinch(?:es)?|litres?)\b))?)"
    r"\s+(?:of\s+)?(?P<what>[A-Za-z][A-Za-z -]{2,40}?)\s*(?:[,(;/.].*)?$",
    re.MULTILINE,
)
_RECIPE_LINE = re.compile(
    r"(?P<what>Prep(?:aration)? time|Cook(?:ing)? time|Total time|Servings?)\W{0,4}:\s*(?P<amount>\d[\w –-]{0,20}?)\s*$",
    re.MULTILINE | re.IGNORECASE,
)


def recipe_facts(analysis: Analysis) -> Iterator[Fact]:
    """Facts in lines that are no sentences: a recipe's times and amounts."""
    dish = analysis.title
    if not dish or not re.search(r"ingredients", analysis.text, re.IGNORECASE):
        return
    for match in _RECIPE_LINE.finditer(analysis.text):
        what = match["what"].lower()
        if what.startswith("serving"):
            question, kind = f"How many servings does the recipe for {dish} make?", "number"
        else:
            question, kind = f"How long is the {what} in the recipe for {dish}?", "duration"
        yield Fact(question, match["amount"], kind, 3.9, match.start())
    for match in _INGREDIENT.finditer(analysis.text):
        what = match["what"].strip()
        plain = match["amount"].replace(" ", "").isdigit()
        question = f"How {'many' if plain else 'much'} {what} does the recipe for {dish} call for?"
        countable = what.endswith("s") or not plain
        if countable and what.split()[0].lower() not in STOP and not leaks(question, match["amount"]):
            yield Fact(question, match["amount"], "number", 3.7, match.start())
