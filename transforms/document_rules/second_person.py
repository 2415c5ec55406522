"""Address: whether a text speaks of itself or to its reader, as notices and advertising do and articles about them do not."""

import re

_ADDRESS = re.compile(
    r"\b(?:we|us|our|you|your|this (?:web ?)?site|wir|uns|unser\w*|sie|ihnen|du|diese[rs]? (?:web|seite|internet)\w*|nous|notre"
    r"|please|click|this (?:page|server|domain|account|website)|i|my|nos|vous|votre|nuestr\w+|su|sus|utilizamos|usamos"
    r"|noi|nostr\w+|onze|wij|u)\b"
)
_SHARE = 0.02  # of the words: "we", "your", "this site"


def speaks_to_reader(folded: str, words: int) -> bool:
    """Whether a text, in lower case and of so many words, has words of address enough."""
    return len(_ADDRESS.findall(folded)) >= max(1, _SHARE * words)
