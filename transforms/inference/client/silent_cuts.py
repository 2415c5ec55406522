"""A server that leaves out part of a long prompt without a word, as Ollama does: its count of tokens gives it away."""

import logging
from collections import OrderedDict, defaultdict, deque
from collections.abc import Collection

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
# A count above so many times the estimate and so much more, as of a short prompt, is none of this prompt: such a server's
# counts say nothing.
TIMES_TOO_MANY, MORE_TOO_MANY = 3, 300
# Counts that hardly grow where prompts do: of the last documents of a stage, the longer half is longer by a share, and its
# counts are higher by less than so much of that.
GROWTH_DOCUMENTS, GROWTH_REMEMBERED = 8, 64
SPREAD, GROWTH = 0.1, 0.25
# URLs of servers whose counts are odd, for the preflight's short question is asked through an endpoint of its own.
_ODD: set[str] = set()


class CutWatch:
    """Looks at the counts of prompt tokens of one endpoint, and says it once where they are far too low, or all the same."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._cut = 0
        self._highest = 0  # of all counts, and the prompts of different estimates that were counted so
        self._at_highest: set[int] = set()
        self._by_stage: defaultdict[str, deque[tuple[int, int]]] = defaultdict(lambda: deque(maxlen=GROWTH_REMEMBERED))
        self._told = False

    def look(self, request: Request, prompt_tokens: int) -> None:
        """Compare a count with the length of what was sent; a server that does not count says 0."""
        if self._told or self._url in _ODD or not prompt_tokens or request.document_id in self._seen:
            return
        self._seen[request.document_id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        estimate = sum(estimate_tokens(message["content"]) for message in request.messages)
        if prompt_tokens > TIMES_TOO_MANY * max(estimate, request.characters / CHARS_A_TOKEN) + MORE_TOO_MANY:
            _ODD.add(self._url)
            return
        counts = self._by_stage[request.stage]
        counts.append((estimate, prompt_tokens))
        if prompt_tokens > self._highest:
            self._highest = prompt_tokens
            self._at_highest.clear()
        if prompt_tokens == self._highest and estimate > LONGER * prompt_tokens:
            self._at_highest.add(estimate)
        self._cut += prompt_tokens < min(SHARE * estimate, request.characters / CHARS_A_TOKEN)
        if self._cut < DOCUMENTS and len(self._at_highest) < DOCUMENTS and not _stands_still(counts):
            return
        self._told = True
        _LOGGER.warning(
            "%s counts %d tokens in a prompt of some %d: it leaves out part of long prompts without a word. Give its model a "
            "larger context (Ollama: num_ctx), or give --max_document_tokens.",
            *(self._url, prompt_tokens, estimate),
        )


def _stands_still(counts: Collection[tuple[int, int]]) -> bool:
    """Whether the counts of longer prompts are hardly higher than those of shorter ones, and too low; (estimate, count)."""
    if len(counts) < GROWTH_DOCUMENTS:
        return False
    by_length, half = sorted(counts), len(counts) // 2
    (short, counted_short), (long, counted_long) = (
        (sum(estimate for estimate, _ in part) / half, sum(count for _, count in part) / half)
        for part in (by_length[:half], by_length[-half:])
    )
    return (
        long - short > SPREAD * long and counted_long - counted_short < GROWTH * (long - short) and long > LONGER * counted_long
    )
