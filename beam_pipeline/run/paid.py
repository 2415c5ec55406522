"""What the answers of this process came to so far: how many there were, and what was paid for them.

Beam's metrics say the same when a run has ended, and cannot be asked before.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from transforms.inference.runtime import get_runtime
from transforms.inference.scheduling.retries import Answer, Call
from transforms.records import TOKENS


@dataclass
class Paid:
    """Counts that go up while a run goes on; read from any thread, as each is one whole number.

    Attributes:
        answered: answers by stage, also those that the journal gave.
        replies: good replies that were paid for, so that the journal has them.
        tokens: by the names in `TOKENS`.
        at_first: called when the first good reply has been paid for, and is in the journal.
    """

    answered: Counter[str] = field(default_factory=Counter)
    replies: int = 0
    tokens: Counter[str] = field(default_factory=Counter)
    at_first: Callable[[], None] | None = None

    def saw(self, call: Call, answer: Answer) -> None:
        """An answer has come."""
        self.answered[call.request.stage] += 1
        if answer.error is None and not answer.replayed:
            self.replies += 1
            if self.replies == 1 and self.at_first is not None:
                self.at_first()
        for name in TOKENS:
            self.tokens[name] += getattr(answer.usage, name)


@contextmanager
def counted() -> Iterator[Paid]:
    """Count the answers that come to this process meanwhile."""
    paid, runtime = Paid(), get_runtime()
    runtime.listeners.append(paid.saw)
    try:
        yield paid
    finally:
        runtime.listeners.remove(paid.saw)
