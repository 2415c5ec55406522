"""The judge: asked twice about a response, once with the two answers swapped, and right only where both replies say so.

    judge = Judge("http://localhost:8000/v1", "Qwen/Qwen3-8B")
    judge.verdict("Who found it?", "It was Arthur Woolf, an engineer.", "Woolf, Arthur")   # True, False, or None for no verdict

One call is a few hundred tokens and never raises. Verdicts are remembered, failures are not.
"""

import logging
import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, NamedTuple

from transforms.judge.chat import ChatEndpoint, NoReplyError
from transforms.judge.messages import REPLY_FORMAT, judge_messages, judge_verdict
from transforms.reward.final_answer import without_thinking
from transforms.reward.score import grade

ENDPOINT_ENV, MODEL_ENV, KEY_ENV = "WEBSCALE_JUDGE_ENDPOINT", "WEBSCALE_JUDGE_MODEL", "WEBSCALE_JUDGE_KEY_ENV"
COUNTED = ("asked", "agreed", "disagreed", "failed", "cached")

_log = logging.getLogger(__name__)

Verdict = Future["bool | None"]


class _Case(NamedTuple):
    """What decides a verdict, and so what it is remembered by."""

    question: str
    ground_truth: str
    response: str  # without what was only thought
    answer: str  # what was read as the final one


class Judge:
    """A model that says whether a response agrees with a stored answer. For any number of threads.

    Attributes:
        endpoint: base URL of an OpenAI-compatible endpoint, ending in /v1.
        model: the model's name.
        api_key_env: name of the environment variable that holds the key, if it needs one; never the key itself.
        timeout_s: seconds for one reply, retries included; a verdict takes two replies.
        parallel: requests in flight at most.
        cache_size: verdicts remembered at most; the one that was not asked for the longest time goes first.
        max_tokens: of one reply.

    Raises:
        ValueError: the endpoint is no base URL, or the model is not named.
    """

    def __init__(
        self,
        endpoint: str,
        model: str,
        api_key_env: str = "OPENAI_API_KEY",
        timeout_s: float = 30.0,
        parallel: int = 16,
        cache_size: int = 10_000,
        max_tokens: int = 256,
    ) -> None:
        if not model.strip():
            raise ValueError("the judge's model is not named")
        self._settings = (endpoint, model, api_key_env, timeout_s, parallel, cache_size, max_tokens)
        try:
            self._endpoint = ChatEndpoint(endpoint, model, api_key_env, timeout_s, max_tokens)
        except ValueError as error:
            raise ValueError(f"the judge's endpoint {error}") from None
        self._parallel = parallel
        self._cache_size = cache_size
        self._verdicts: OrderedDict[_Case, bool] = OrderedDict()
        self._counts: Counter[str] = Counter()
        self._begin_process()

    def __reduce__(self) -> tuple[Any, ...]:
        return Judge, self._settings

    @classmethod
    def from_environment(cls, endpoint: str = "", model: str = "", **settings: Any) -> "Judge | None":
        """The judge of these names, for which WEBSCALE_JUDGE_ENDPOINT and WEBSCALE_JUDGE_MODEL put others; None without endpoint.

        WEBSCALE_JUDGE_KEY_ENV names the variable that holds the key. An empty WEBSCALE_JUDGE_ENDPOINT asks no judge.

        Raises:
            ValueError: the endpoint is no base URL, or the model is not named.
        """
        endpoint, model = os.environ.get(ENDPOINT_ENV, endpoint).strip(), os.environ.get(MODEL_ENV, model).strip()
        if not endpoint:
            return None
        if not model:
            raise ValueError(f"the judge's model is not named: set {MODEL_ENV}")
        if key_env := os.environ.get(KEY_ENV, "").strip():
            settings["api_key_env"] = key_env
        return cls(endpoint, model, **settings)

    @property
    def counts(self) -> dict[str, int]:
        """Verdicts asked for; of these, with two equal replies, with two that differ, and failed. And those known already."""
        return {name: self._counts[name] for name in COUNTED}

    def verdict(self, question: str, response: str, ground_truth: str) -> bool | None:
        """Whether the response's final answer agrees with the stored one; None where the judge has no verdict. Never raises."""
        return self.ask(question, response, ground_truth).result()

    def ask(self, question: str, response: str, ground_truth: str, answer: str = "") -> Verdict:
        """Begin to ask, in a thread of the judge's; the future holds what `verdict` returns.

        `answer` is what was read as the response's final answer, if it is known.
        """
        said = without_thinking(response)
        if not said:
            return _known(False)
        answer = answer or grade(response, ground_truth, question=question).answer or said
        case = _Case(question, ground_truth, said, answer)
        if self._process != os.getpid():  # a fork has none of the threads
            self._begin_process()
        with self._lock:
            if case in self._verdicts:
                self._counts["cached"] += 1
                self._verdicts.move_to_end(case)
                return _known(self._verdicts[case])
            if case in self._asking:
                self._counts["cached"] += 1
                return self._asking[case]
            self._counts["asked"] += 1
            try:
                self._asking[case] = future = self._workers.begin(lambda: self._decide(case))
            except RuntimeError:  # there are no threads to be had, or Python is about to end
                self._counts["failed"] += 1
                return _known(None)
            return future

    def _begin_process(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._asking: dict[_Case, Verdict] = {}
        self._workers = _Workers(self._parallel)

    def _decide(self, case: _Case) -> bool | None:
        failure = ""
        verdict = None
        try:
            replies = [
                self._reply(case.question, case.response, case.ground_truth),
                self._reply(case.question, case.ground_truth, case.answer),
            ]
            verdict = all(replies)
            outcome = "agreed" if replies[0] == replies[1] else "disagreed"
        except Exception as error:  # whatever it is, it must not end a training run
            outcome, failure = "failed", str(error) if isinstance(error, NoReplyError) else type(error).__name__
        with self._lock:
            self._counts[outcome] += 1
            failed = self._counts["failed"]
            del self._asking[case]
            if verdict is not None:
                self._verdicts[case] = verdict
                while len(self._verdicts) > self._cache_size:
                    self._verdicts.popitem(last=False)
        if failure and failed & (failed - 1) == 0:  # the first, the second, the fourth, and so on
            _log.warning("the judge gave no verdict: %s (%d so far)", failure, failed)
        return verdict

    def _reply(self, question: str, response: str, reference: str) -> bool:
        said = judge_verdict(self._endpoint.complete(judge_messages(question, response, reference), REPLY_FORMAT))
        if said is None:
            raise NoReplyError("the reply holds no verdict")
        return said


class _Workers:
    """Threads that are started as they are needed. A process that ends does not wait for them."""

    def __init__(self, most: int) -> None:
        self._to_start = most
        self._tasks: SimpleQueue[tuple[Verdict, Callable[[], bool | None]]] = SimpleQueue()

    def begin(self, work: Callable[[], bool | None]) -> Verdict:
        future: Verdict = Future()
        if self._to_start:
            threading.Thread(target=self._work, name="judge", daemon=True).start()
            self._to_start -= 1
        self._tasks.put((future, work))
        return future

    def _work(self) -> None:
        while True:
            future, work = self._tasks.get()
            future.set_result(work())


def _known(verdict: bool | None) -> Verdict:
    future: Verdict = Future()
    future.set_result(verdict)
    return future
