"""The admission begins enough documents for its goal and few more, never waits for ever, and keeps to its money."""

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.errors import NotStarted
from transforms.inference.scheduling import budget as budget_module
from transforms.inference.scheduling.budget import COST, TARGET, Admission, Limits, Step
from transforms.records import DeadLetter, Document, Persona, PersonaTask, QAPair, Usage, VerifiedQA, reject

STEPS = (Step("filter"), Step("classify", passes=3), Step("synthesize"), Step("check", calls=0), Step("verify"))
CALL = Usage(prompt_tokens=1000, completion_tokens=100)
SLOTS = 16


def dollars(usage: Any, seconds: float) -> float:
    return float(usage["prompt_tokens"] + usage["completion_tokens"]) / 1e6


CALL_COST = 1100 / 1e6


def dead(task: PersonaTask, error: Exception) -> DeadLetter:
    return DeadLetter("verify", type(error).__name__, str(error), document_id=task.document.id, task_id=task.id)


class World:
    """A run without Beam: documents that end where chance says, as many calls at a time as there are slots."""

    def __init__(self, seed: int, kept: float, drafted: float, target: int = 0, max_cost: float = 0.0) -> None:
        self.random = random.Random(seed)
        self.kept, self.drafted = kept, drafted
        self.limits = Limits(STEPS, dollars, lambda qa: qa.pair.question, target, max_cost)
        self.begun = self.not_started = self.dropped = self.unfinished = self.calls = self.on_wire = 0

    def rates(self, number: int) -> tuple[float, float]:
        """What share of a document's kind is kept, and of its tasks drafted."""
        return self.kept, self.drafted

    async def call(self, stage: str, quick: bool) -> None:
        async with self.slots:
            self.admission.check()
            self.on_wire += 1
            # Replies that say no are short.
            for _ in range(self.random.randint(1, 3) if quick else self.random.randint(2, 8)):
                await asyncio.sleep(0)
            self.on_wire -= 1
            self.calls += 1
            self.admission.paid(stage, CALL)

    async def document(self, number: int) -> None:
        document = Document(f"d{number}", "text")
        try:
            await self.admission.begin(document.id, 1000)
        except NotStarted:
            self.not_started += 1
            return
        self.begun += 1
        self.kept, self.drafted = self.rates(number)
        drafted = self.drafted
        try:
            kept = self.random.random() < self.kept
            await self.call("filter", not kept)
            if not kept:
                self.admission.saw("filter", reject("filter", "not_informative", document))
                return
            self.admission.saw("filter", document)
            await self.call("classify", False)
            tasks = [PersonaTask(document, "Other", Persona(f"p{n}")) for n in range(self.random.randint(1, 3))]
            for task in tasks:
                self.admission.saw("classify", task)
            await asyncio.gather(*(self.task(task, drafted) for task in tasks))
        except NotStarted:
            self.dropped += 1

    async def task(self, task: PersonaTask, share: float) -> None:
        drafted = self.random.random() < share
        await self.call("synthesize", not drafted)
        if not drafted:
            self.admission.saw("synthesize", reject("synthesize", "no_question", task))
            return
        pair = QAPair(task, f"question {task.id}", "answer", "term")
        self.admission.saw("synthesize", pair)
        self.admission.saw("check", pair)
        try:
            await self.admission.finish(task.id)
        except NotStarted as error:
            self.unfinished += 1
            self.admission.saw("verify", dead(task, error))
            return
        await self.call("verify", False)
        self.admission.saw("verify", VerifiedQA(pair, "quote"))

    async def run(self, documents: int, backlog: int = 200, order: Any = None) -> Admission:
        self.slots = asyncio.Semaphore(SLOTS)
        self.admission = Admission(self.limits, asyncio.get_running_loop(), lambda: self.on_wire == 0)
        room = asyncio.Semaphore(backlog)

        async def one(number: int) -> None:
            async with room:
                await self.document(number)

        await asyncio.wait_for(asyncio.gather(*map(one, order or range(documents))), 60)
        return self.admission


@given(st.integers(0, 10**6), st.floats(0.1, 1), st.floats(0.1, 1), st.integers(1, 100))
@settings(max_examples=10)
def test_a_target_is_reached_and_not_far_overrun(seed: int, kept: float, drafted: float, target: int) -> None:
    world = World(seed, kept, drafted, target)
    admission = asyncio.run(world.run(250))
    assert world.begun + world.not_started == 250
    assert world.dropped == 0, "what is begun is finished"
    if world.not_started:
        assert admission.stopped == TARGET
        assert target <= admission.counted <= max(1.1 * target, target + 1)
    else:
        assert admission.stopped == ""


class Sorted(World):
    """A corpus sorted by its sources: page after page of lists, then prose, then forum posts."""

    def rates(self, number: int) -> tuple[float, float]:
        return ((0.1, 0.3), (0.95, 0.95), (0.5, 0.6), (1.0, 1.0))[number // 150 % 4]


@pytest.mark.parametrize("target", [10, 40, 100, 200])
@pytest.mark.parametrize("mixed", [False, True])
def test_an_input_sorted_by_source_does_not_lead_astray(target: int, mixed: bool) -> None:
    """Within a tenth, whatever the order; in mixed order, which a run puts documents into, few tasks are begun for nothing."""
    for seed in range(10):
        world = Sorted(seed, 0.0, 0.0, target)
        order = list(range(600))
        if mixed:
            random.Random(seed).shuffle(order)
        admission = asyncio.run(world.run(600, order=order))
        assert admission.stopped == TARGET
        assert target <= admission.counted <= max(1.1 * target, target + 1)
        assert not mixed or world.unfinished <= 20 + target / 10


@given(st.integers(0, 10**6), st.floats(0.1, 1), st.floats(0.1, 1), st.floats(0.0, 1.5))
@settings(max_examples=10)
def test_a_budget_is_spent_and_not_overrun(seed: int, kept: float, drafted: float, max_cost: float) -> None:
    max_cost = max(max_cost, CALL_COST / 2)
    world = World(seed, kept, drafted, max_cost=max_cost)
    admission = asyncio.run(world.run(200))
    spent = world.calls * CALL_COST
    assert spent == pytest.approx(admission.spent, abs=1e-9)
    assert spent < max_cost + SLOTS * CALL_COST, "no more than what is on the wire"
    if world.not_started or world.dropped:
        assert admission.stopped == COST
        # One document may come to 8 calls, which are not begun if there is not the money for them.
        assert spent > 0.8 * max_cost - 16 * CALL_COST
    else:
        assert admission.stopped == ""


def test_an_element_that_is_lost_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a stage that an engine does not begin before the first has ended."""
    monkeypatch.setattr(budget_module, "LOOK_S", 0.01)

    class Lossy(World):
        async def call(self, stage: str, quick: bool) -> None:
            await super().call(stage, quick)
            if stage == "classify" and self.begun % 2:
                raise NotStarted("lost: nobody hears of it again")

    world = Lossy(1, 1.0, 1.0, target=40)
    admission = asyncio.run(world.run(200))
    assert admission.counted >= 40 or not world.not_started


def test_replayed_documents_count_and_need_no_leave() -> None:
    async def run() -> tuple[Admission, bool]:
        admission = Admission(Limits(STEPS, dollars, lambda qa: qa.pair.question, 2), asyncio.get_running_loop(), lambda: False)
        for number in range(3):
            admission.replayed(f"d{number}")
        waiting = asyncio.ensure_future(admission.begin("new", 1000))
        await asyncio.sleep(0.01)
        held = not waiting.done()
        for number in range(3):
            document = Document(f"d{number}", "text")
            task = PersonaTask(document, "Other", Persona("p"))
            pair = QAPair(task, f"q{number}", "a", "term")
            for stage, result in zip(STEPS, (document, task, pair, pair, VerifiedQA(pair, "a")), strict=True):
                admission.saw(stage.stage, result)
        with pytest.raises(NotStarted):
            await waiting
        return admission, held

    admission, held = asyncio.run(run())
    assert held, "what was paid for is looked at first"
    assert (admission.counted, admission.stopped) == (3, TARGET)
