"""A server that leaves out part of a long prompt without a word, as Ollama does: its count of tokens gives it away."""

import logging
from collections import OrderedDict

from transforms.inference.client.chat import Request
from transforms.text import estimate_tokens

_LOGGER = logging.getLogger(__name__)

# A count below so much of the estimate, and of the characters at so many a token, is one of a part: no tokenizer writes
# prose so short.
SHARE, CHARS_A_TOKEN = 0.6, 6.0
# Documents whose prompts are estimated longer, by this factor, than the number that all of them are counted with.
LONGER = 1.1
# Some servers count only what they had not in their cache: so each document counts once, when it is asked about first,
# and one alone says nothing.
DOCUMENTS = 3
REMEMBERED = 4_096


class CutWatch:
    """Looks at the counts of prompt tokens of one endpoint, and says it once where they are far too low, or all the same."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._cut = 0
        self._highest = 0  # of all counts, and the prompts of different estimates that were counted so
        self._at_highest: set[int] = set()
        self._told = False

    def look(self, request: Request, prompt_tokens: int) -> None:
        """Compare a count with the length of what was sent; a server that does not count says 0."""
        if self._told or not prompt_tokens or request.document_id in self._seen:
            return
        self._seen[request.document_id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        estimate = sum(estimate_tokens(message["content"]) for message in request.messages)
        if prompt_tokens > self._highest:
            self._highest = prompt_tokens
            self._at_highest.clear()
        if prompt_tokens == self._highest and estimate > LONGER * prompt_tokens:
            self._at_highest.add(estimate)
        self._cut += prompt_tokens < min(SHARE * estimate, request.characters / CHARS_A_TOKEN)
        if self._cut < DOCUMENTS and len(self._at_highest) < DOCUMENTS:
            return
        self._told = True
        _LOGGER.warning(
            "%s counts %d tokens in a prompt of some %d: it leaves out part of long prompts without a word. Give its model a "
            "larger context (Ollama: num_ctx), or give --max_document_tokens.",
            *(self._url, prompt_tokens, estimate),
        )
