"""A prompt that is cut without a word shows in the counts of tokens, and odd counts show nothing."""

from collections.abc import Callable, Iterator

import pytest

from transforms.inference.client import silent_cuts
from transforms.inference.client.chat import Request
from transforms.inference.client.silent_cuts import CutWatch
from transforms.inference.config import ModelConfig
from transforms.text import estimate_tokens

INSTRUCTIONS, URL = "word " * 1_400, "http://server/v1"
WORDS = [600, 650, 700, 750, 800, 950, 1_000, 1_100, 1_300, 1_600]
Count = Callable[[int], int]


@pytest.fixture(autouse=True)
def _forgets() -> Iterator[None]:
    yield
    silent_cuts._ODD.clear()


def warnings(caplog: pytest.LogCaptureFixture, count: Count, preflight: bool = False, words: list[int] = WORDS) -> int:
    """How often it is said, where a server counts so many tokens for prompts of so many estimated."""
    if preflight:
        ask(CutWatch(URL), "preflight", "Answer with a word.", count)
    watch = CutWatch(URL)
    for number, length in enumerate(words):
        for _ in range(2):  # asked again, it counts once
            ask(watch, f"d{number}", "word " * length, count)
    return sum("leaves out part" in record.message for record in caplog.records)


def ask(watch: CutWatch, document_id: str, text: str, count: Count) -> None:
    system = INSTRUCTIONS if document_id != "preflight" else "Be short."
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    estimate = sum(estimate_tokens(message["content"]) for message in messages)
    watch.look(Request("filter", document_id, messages, None, ModelConfig((URL,), "m")), count(estimate))


@pytest.mark.parametrize(
    "count",
    [lambda tokens: min(tokens, 1_900), lambda tokens: tokens // 3, lambda tokens: min(tokens, 1_530) + tokens % 50],
    ids=["a ceiling", "far below", "a ceiling for the user's message"],
)
def test_a_cut_is_said_once(caplog: pytest.LogCaptureFixture, count: Count) -> None:
    assert warnings(caplog, count, preflight=True) == 1


@pytest.mark.parametrize(
    "count",
    [
        lambda tokens: 0,
        lambda tokens: 1_204,
        lambda tokens: tokens,
        lambda tokens: tokens * 7 // 10,
        lambda tokens: tokens + 2_000,
    ],
    ids=["no count", "the same for every prompt", "right", "another vocabulary", "more than was sent"],
)
def test_counts_that_are_missing_odd_or_right_say_nothing(caplog: pytest.LogCaptureFixture, count: Count) -> None:
    assert warnings(caplog, count, preflight=True) == 0


def test_prompts_of_one_length_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert warnings(caplog, lambda tokens: tokens * 3 // 4, words=[800, 801] * 5) == 0
