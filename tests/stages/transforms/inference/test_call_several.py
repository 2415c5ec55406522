"""AskSeveral: several calls of one element, what they come to together, and what is asked again."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from apache_beam.transforms.window import FixedWindows, IntervalWindow, TimestampedValue

from prompts.load import load_prompts
from tests.fakes.scripted_endpoint import Answer as Reply
from tests.fakes.scripted_endpoint import Asked
from transforms.filter import FilterReply
from transforms.inference.call import Opinion
from transforms.inference.call_several import AskSeveral, spread
from transforms.inference.config import ModelConfig
from transforms.inference.runtime import close_runtime
from transforms.records import Document, Rejection, reject

pytestmark = pytest.mark.usefixtures("quick_back_off")

PROMPTS = load_prompts()
GOOD = {"qualified": True, "reason": "ok"}
Make = Callable[..., Any]
CONFIG = ModelConfig(("http://h/v1",), "m")


def gather(document: Document, opinions: Sequence[Opinion]) -> Iterator[Document | Rejection]:
    """Passes with what was said where two answered; with one alone nothing is decided."""
    if len(opinions) == 1:
        return
    said = " ".join(f"{stamp.model}:{reply.reason}" for reply, stamp, _ in opinions)
    yield replace(document, source=said) if opinions[0].reply.qualified else reject("filter", "dull", document, said)


def several(*models: ModelConfig, **settings: Any) -> AskSeveral:
    return AskSeveral("filter", lambda _: {}, FilterReply, gather, Document, models[0], PROMPTS, others=models[1:], **settings)


def documents(count: int) -> list[Document]:
    return [Document(f"d{number}", f"Text {number}.", where=f"f:{number}") for number in range(count)]


def seed(asked: Asked) -> int:
    return int(asked.body.get("seed", 0))


# --- which models are asked, and how they are told apart


def test_each_model_is_taken_in_turn_and_sampled_when_it_comes_again() -> None:
    other = replace(CONFIG, model="n", temperature=0.2, extra_body='{"top_p": 0.9}')
    asked = spread([CONFIG, other], 5)
    assert [config.model for config in asked] == ["m", "n", "m", "n", "m"]
    assert asked[:2] == (CONFIG, other)
    assert [json.loads(config.extra_body) for config in asked[2:]] == [{"seed": 1}, {"seed": 1, "top_p": 0.9}, {"seed": 2}]
    assert [config.temperature for config in asked] == [0.0, 0.2, 0.7, 0.2, 0.7]


def test_the_users_own_seed_is_counted_on_from() -> None:
    asked = spread([replace(CONFIG, extra_body='{"seed": 40}')], 3)
    assert [json.loads(config.extra_body)["seed"] for config in asked] == [40, 41, 42]


def test_more_samples_than_before_pay_for_the_new_ones_only(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda _: GOOD)
    run_transform(several(*spread([model(endpoint)], 2)), documents(3))
    run_transform(several(*spread([model(endpoint)], 4)), documents(3))
    assert sorted(map(seed, endpoint.asked)) == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    counters = run_transform.counters("filter")
    assert (counters["replayed"], counters["calls"], counters["passed"]) == (6, 6, 3)


# --- what comes back


def test_opinions_come_in_the_order_of_the_models_whatever_arrives_first(serve: Make, model: Make, run_transform: Any) -> None:
    def script(asked: Asked) -> Reply:
        name = asked.body["model"]
        reason = {"m": "ok", "n": "not_informative", "o": "not_self_contained"}[name]
        return Reply(json.dumps({"qualified": True, "reason": reason}), delay_s={"m": 0.2, "n": 0.1, "o": 0.0}[name])

    endpoint = serve(script)
    models = [replace(model(endpoint), model=name) for name in "mno"]
    outcome = run_transform(several(*models), documents(4))
    assert {passed.source for passed in outcome.passed} == {"m:ok n:not_informative o:not_self_contained"}
    assert len(outcome.passed) == 4


def test_results_keep_the_window_of_their_element(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda asked: Reply(json.dumps(GOOD), delay_s=0.1 * (seed(asked) == 1)))
    given = [TimestampedValue(document, 7 * number) for number, document in enumerate(documents(6))]
    run_transform(several(*spread([model(endpoint)], 3)), given, windows=FixedWindows(10))
    for seen in run_transform.seen.passed:
        timestamp = 7 * int(seen.element.id[1:])
        assert seen.timestamp == timestamp
        assert seen.window == IntervalWindow(timestamp // 10 * 10, timestamp // 10 * 10 + 10)
    assert len(run_transform.seen.passed) == 6


@pytest.mark.parametrize(("backlog", "most"), [(1, 3), (6, 6), (100, 12)])
def test_the_backlog_counts_calls(serve: Make, model: Make, run_transform: Any, backlog: int, most: int) -> None:
    endpoint = serve(lambda _: Reply(json.dumps(GOOD), delay_s=0.05))
    outcome = run_transform(several(*spread([model(endpoint, backlog=backlog, concurrency=64)], 3)), documents(4))
    assert len(outcome.passed) == 4
    assert endpoint.most_in_flight <= most


# --- what fails


def test_a_failed_call_costs_itself_while_the_others_are_enough(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda asked: "no json" if seed(asked) == 1 else GOOD)
    outcome = run_transform(several(*spread([model(endpoint, max_reasks=0)], 3)), documents(2))
    assert [passed.source for passed in outcome.passed] == ["m:ok m:ok"] * 2
    assert outcome.dead_letters == []
    counters = run_transform.counters("filter")
    assert (counters["unanswered/ReplyInvalid"], counters["calls"], counters["passed"]) == (2, 6, 2)


def test_too_few_answers_are_a_dead_letter_and_a_replay_asks_for_the_rest(serve: Make, model: Make, run_transform: Any) -> None:
    broken = True
    endpoint = serve(lambda asked: "no json" if broken and seed(asked) else GOOD)
    stage = several(*spread([model(endpoint, max_reasks=0)], 3))
    [document] = documents(1)
    [letter] = run_transform(stage, [document]).dead_letters
    assert (letter.stage, letter.error, letter.document_id, letter.reply) == ("filter", "ReplyInvalid", "d0", "no json")
    assert (letter.item_type, json.loads(letter.item)["id"], letter.attempts) == ("Document", "d0", 1)
    broken = False
    [passed] = run_transform(stage, [document]).passed
    assert passed.source == "m:ok m:ok m:ok"
    assert sorted(map(seed, endpoint.asked)) == [0, 1, 1, 2, 2], "what had answered was not asked again"


def test_nothing_at_all_is_a_dead_letter(serve: Make, model: Make, run_transform: Any) -> None:
    outcome = run_transform(several(*spread([model(serve(lambda _: "no json"), max_reasks=0)], 2)), documents(3))
    assert sorted(letter.document_id for letter in outcome.dead_letters) == ["d0", "d1", "d2"]
    assert outcome.passed == outcome.rejected == []


def test_what_no_call_can_survive_stops_the_run(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda asked: Reply(status=402, raw={"error": {"message": "no credit"}}) if seed(asked) else GOOD)
    with pytest.raises(Exception, match="no credit"):
        run_transform(several(*spread([model(endpoint)], 2)), documents(1))


# --- where calls go


def test_the_journal_and_the_router_go_by_the_route(serve: Make, model: Make, run_transform: Any, tmp_path: Any) -> None:
    endpoint = serve(lambda _: GOOD)
    config = model(endpoint, journal=str(tmp_path), session_header="x-session-id")
    run_transform(several(*spread([config], 2), route=lambda document: f"pair-of-{document.id}"), documents(2))
    close_runtime()
    rows = [json.loads(line) for path in tmp_path.glob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    assert sorted(row["document_id"] for row in rows) == ["pair-of-d0"] * 2 + ["pair-of-d1"] * 2
    assert len({row["key"] for row in rows}) == 4
    assert {asked.headers["x-session-id"] for asked in endpoint.asked} == {"pair-of-d0", "pair-of-d1"}
