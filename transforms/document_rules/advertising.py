"""Advertising: text whose every sentence wants something sold, and which says little else.

Looked for by what it asks of its reader (order now, free shipping, our store, 100% guarantee), loosely enough to
know it in the broken grammar of machine translation too. One such phrase is in every second web page;
a page is advertising only where it has many different ones close together, and speaks to its reader: an article about
coupons and discounts does not.
"""

import re

from transforms.document_rules.second_person import speaks_to_reader

_PITCH = re.compile(
    r"\b(?:buy(?:ing)? (?:now|online|from us|the|it now)|(?:order|shop|call|click|book|apply|enrol|join|register|hurry|visit"
    r"|subscribe|buy) (?:us |it )?(?:now|today|here|our|yours)\b|free (?:the )?(?:shipping|delivery|trial|quote|consultation"
    r"|bonus|estimate|spins|samples?)|(?:low|lowest|best|unbeatable|competitive) (?:prices?|quality|choice|deals?|rates?)|(?:high"
    r"|top|higher|premium|superior) quality|(?:100|money.back|satisfaction)[ %]*(?:guarantee\w*|satisf\w+|natural|safe|free)"
    r"|guarantee[ds]? (?:the )?(?:satisf\w+|results?|lowest)|discounts?|\d+ ?% off|special offers?|limited[ -](?:time|offer)"
    r"|no (?:side effects?|deposit|obligation|risk|credit check|prescription)|24/7|24 hours?|cheap(?:est)?|affordable"
    r"|our (?:store|shop|customers?|clients|company|experts?|specialists?|website|online store)|contact(?:ing)? us|wholesale"
    r"|best[ -]sellers?|welcome to (?:our|the)|we (?:offer|provide|guarantee|deliver|ship)|offers? you|trusted|look no further"
    r"|(?:do not|don't) (?:miss|hesitate|wait)|risk[ -]free|act (?:now|fast)|sign up (?:now|today)|los(?:e|ing) weight|coupons?"
    # and what is left under other people's posts
    r"|(?:great|nice|awesome|amazing|good|excellent) (?:post|article|blog|web ?site|site|info(?:rmation)?|content|read|work)\b"
    r"|(?:thanks?|thank you) for (?:the |this |your )?(?:shar\w+|post\w*|info\w*|article)|keep (?:up the|it up)|very informative"
    r"|bookmarked|(?:visit|check out|see|like|love|enjoy(?:ed)?) (?:my|your|this) (?:web ?site|home ?page|site|page|blog|profile"
    r"|channel|post|article)|i learn(?:ed)? something|feel free to|close to my heart|my own (?:blog|web ?site)|best wishes"
    r"|article is (?:good|great|nice)|warmly welcome|sincerely welcome|is our (?:tenet|motto|aim)|promo codes?"
    r"|satisfied customers?|fast (?:shipping|delivery)|(?:biggest|huge|great) (?:sale|savings?|selection)|save (?:up to"
    r"|big))(?!\w)",
    re.IGNORECASE,
)
# Most pitches contain one of these; looking for plain strings is much faster.
_STEMS = tuple(
    "buy order shop click free price quality guarantee discount offer cheap contact sale trust affordable save satisf 24 best "
    "post article blog thank website welcome coupon".split()
)
_MAX_WORDS = 600  # a longer text with pitches in it is a magazine
_DIFFERENT = 5  # pitches that must be different: one phrase over and over is what the repetition rule is for


def find_pitches(text: str, max_share: float) -> str:
    """Say what was seen if pitches make up more than `max_share` of the words, each counted as one; "" otherwise."""
    if len(text) > 12 * _MAX_WORDS:
        return ""
    folded = text.lower()
    words = len(folded.split())
    if words > _MAX_WORDS or sum(map(folded.count, _STEMS)) < max_share * words / 2:
        return ""
    found = _PITCH.findall(folded)
    if len(set(found)) < _DIFFERENT or len(found) <= max_share * words or not speaks_to_reader(folded, words):
        return ""
    return f"{len(found)} pitches in {words} words, such as {found[0]!r}"
