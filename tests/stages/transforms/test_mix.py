"""Mix: caps and shares, the same subset in every run, what is left out named with its reason."""

import pickle
import random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing import test_stream
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, TimestampedValue
from hypothesis import given
from hypothesis import strategies as st

from prompts.load import Domain
from transforms.flow import tickets as tickets_module
from transforms.flow.outcome import Outcome
from transforms.flow.tickets import Tickets, TicketsFn
from transforms.mix import REASONS, Limit, MixConfig, MixQA, parse_shares, resolve_shares, share_limits
from transforms.records import DeadLetter, Document, Persona, PersonaTask, QAPair, Rejection, VerifiedQA


def verified(number: int, domain: str = "Math", source: str = "web", row: int | None = None) -> VerifiedQA:
    where = f"documents.jsonl:{number if row is None else row}"
    task = PersonaTask(Document(f"d{number}", "A text.", source, where), domain, Persona("reader"))
    return VerifiedQA(QAPair(task, f"Question {number}?", "yes", "yes_no"), "A text.")


def ids(pairs: list[VerifiedQA]) -> set[str]:
    return {qa.id for qa in pairs}


DOMAINS = ("Math", "Coding", "Other")
# 60 of Math, 30 of Coding, 10 of Other; half of them from the web, 3 of a row.
PAIRS = [
    verified(number, DOMAINS[(number >= 60) + (number >= 90)], ("web", "books")[number % 2], number // 3) for number in range(100)
]


# --- Options -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "math=0.3,coding=0.2",
        " math = 30% , coding=20% ",
        "math=0.3\ncoding=0.2\n",
        "math: 0.3\ncoding: 20%\n",
        "{math: 0.3, coding: .2}",
    ],
)
def test_shares_are_read(text: str) -> None:
    assert parse_shares(text) == {"math": 0.3, "coding": 0.2}


def test_no_shares() -> None:
    assert parse_shares("") == parse_shares(" \n") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("math", "write math=0.3,coding=0.2"),
        ("[math, coding]", "write math=0.3"),
        ("math=lots", "'lots'; write a number"),
        ("math=nan", "from 0 to 1"),
        ("math=3", "from 0 to 1"),
        ("math=-0.1", "from 0 to 1"),
        ("math=0.7,coding=0.7", "add up to 1.4"),
        ("math=0.1,math=0.2", "given twice"),
        ("=0.2", "no domain"),
    ],
)
def test_bad_shares_say_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_shares(text)


def test_domains_are_known_by_slug_and_by_name() -> None:
    domains = [Domain("math", "Math", ""), Domain("natural_science", "Natural Science", "")]
    assert resolve_shares({"natural_science": 0.2, "MATH": 0.5}, domains) == (("Math", 0.5), ("Natural Science", 0.2))
    with pytest.raises(ValueError, match="no domain 'maths'; there are Math, Natural Science"):
        resolve_shares({"maths": 0.2}, domains)
    with pytest.raises(ValueError, match="twice"):
        resolve_shares({"math": 0.2, "Math": 0.1}, domains)


def test_config_says_what_is_wrong_and_travels() -> None:
    with pytest.raises(ValueError, match="max_pairs_per_source is -1"):
        MixConfig(max_pairs_per_source=-1)
    with pytest.raises(ValueError, match="add up to"):
        MixConfig(domain_shares=(("Math", 0.6), ("Coding", 0.6)))
    config = MixConfig(2, 3, 4, (("Math", 0.6),), 7)
    assert pickle.loads(pickle.dumps(config)) == config


# --- Tickets -------------------------------------------------------------------------------------

TICKETS = st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 5), max_size=40)


def gather(parts: list[list[int]], most: int | None) -> Tickets:
    """What a runner makes of several bundles."""
    combine = TicketsFn(most)
    accumulators = []
    for part in parts:
        accumulator = combine.create_accumulator()
        for ticket in part:
            accumulator = combine.add_input(accumulator, ticket)
        accumulators.append(pickle.loads(pickle.dumps(combine.compact(accumulator))))
    return combine.extract_output(combine.merge_accumulators(accumulators))


@given(st.lists(TICKETS, max_size=4), st.integers(0, 50), st.booleans())
def test_the_first_ticket_left_out(parts: list[list[int]], kept: int, known: bool) -> None:
    tickets = sorted(ticket for part in parts for ticket in part)
    first = gather(parts, kept if known else None).first_left_out(kept)
    assert first == (tickets[kept] if kept < len(tickets) else None)


@given(st.lists(TICKETS, max_size=4), st.integers(1, 8))
def test_many_tickets_are_held_in_bins(parts: list[list[int]], held: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tickets_module, "EXACT", held)
        tickets = sorted(ticket for part in parts for ticket in part)
        whole, split = gather([tickets], None), gather(parts, None)
        limits = [split.first_left_out(kept) for kept in range(len(tickets) + 1)]
        assert limits == [whole.first_left_out(kept) for kept in range(len(tickets) + 1)]
        assert limits[-1] is None
        assert limits[:-1] == sorted(limits[:-1])  # so a smaller cap keeps a part of what a larger one keeps
        for kept, limit in enumerate(limits[:-1]):
            assert sum(ticket < limit for ticket in tickets) <= kept


def test_a_million_tickets_take_a_megabyte_and_lose_less_than_a_bin() -> None:
    generator = random.Random(5)
    tickets = [generator.getrandbits(63) for _ in range(300_000)]
    gathered = gather([tickets[::2], tickets[1::2]], None)
    assert len(pickle.dumps(gathered)) < 2_000_000
    for kept in (0, 1, 1000, 65_535, 65_536, 100_000, 299_999):
        first = gathered.first_left_out(kept)
        assert first is not None
        below = sum(ticket < first for ticket in tickets)
        assert kept - 20 <= below <= kept
        if kept < 65_536:
            assert below == kept


def test_a_small_cap_holds_few_tickets() -> None:
    assert len(pickle.dumps(gather([list(range(10_000))], 10))) < 1000


# --- Shares --------------------------------------------------------------------------------------


def shared(counts: dict[str, int], shares: dict[str, float]) -> dict[str, int]:
    """How many pairs of each group are kept."""
    groups = {name: gather([list(range(count))], None) for name, count in counts.items() if count}
    limits = dict(share_limits(groups, shares))
    return {name: limits[name].kept if name in limits else count for name, count in counts.items()}


@pytest.mark.parametrize(
    ("counts", "shares", "kept"),
    [
        ({"Math": 60, "Coding": 30, "": 10}, {"Math": 0.5, "Coding": 0.3}, {"Math": 25, "Coding": 15, "": 10}),
        ({"Math": 60, "Coding": 30, "": 100}, {"Math": 0.5, "Coding": 0.5}, {"Math": 30, "Coding": 30, "": 0}),
        ({"Math": 10, "": 1000}, {"Math": 0.3}, {"Math": 10, "": 23}),
        ({"Math": 0, "Coding": 100, "": 1000}, {"Math": 0.3, "Coding": 0.2}, {"Math": 0, "Coding": 100, "": 250}),
        ({"Math": 50, "": 40}, {"Math": 0.0}, {"Math": 0, "": 40}),
        ({"Math": 3, "Coding": 3, "": 3}, {"Math": 1 / 3, "Coding": 1 / 3}, {"Math": 3, "Coding": 3, "": 3}),
        ({"": 40}, {"Math": 1.0}, {"": 0}),
    ],
    ids=["rest scarce", "no rest", "domain scarce", "domain missing", "domain unwanted", "met", "nothing wanted"],
)
def test_shares_of_what_there_is(counts: dict[str, int], shares: dict[str, float], kept: dict[str, int]) -> None:
    assert shared(counts, shares) == kept


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 400), min_size=1), st.lists(st.integers(0, 30), min_size=3, max_size=3)
)
def test_shares_are_met_as_nearly_as_whole_pairs_allow(counts: dict[str, int], percents: list[int]) -> None:
    shares = {name: percent / 100 for name, percent in zip("abc", percents, strict=True)}
    counts = {**counts, "": 200}
    kept = shared(counts, shares)
    total = sum(kept.values())
    present = {name: share for name, share in {**shares, "": 1 - sum(shares.values())}.items() if counts.get(name)}
    assert all(kept[name] <= counts[name] for name in counts)
    assert any(kept[name] == counts[name] for name, share in present.items() if share)
    for name, share in present.items():
        assert kept[name] == pytest.approx(share / sum(present.values()) * total, abs=len(present))


def test_the_scarcest_domain_is_named() -> None:
    groups = {"Math": gather([[1] * 10], None), "": gather([list(range(1000))], None)}
    ((_, limit),) = share_limits(groups, {"Math": 0.3})
    assert limit == Limit(23, 1000, 23, "; 10 pairs of Math are 30.0% of 33 in all")


# --- The stage -----------------------------------------------------------------------------------


@pytest.fixture
def run_mix(run_transform: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Mix the 100 pairs, or others."""
    return lambda pairs=PAIRS, **fields: run_transform(MixQA(MixConfig(**fields)), pairs)


def test_without_limits_everything_passes(run_mix: Callable[..., Outcome]) -> None:
    outcome = run_mix()
    assert ids(outcome.passed) == ids(PAIRS)
    assert outcome.rejected == outcome.dead_letters == []


@pytest.mark.parametrize(
    ("fields", "reason", "group", "detail"),
    [
        ({"max_pairs_per_document": 2}, "document_cap", lambda qa: qa.pair.task.document.where, "3 pairs of documents.jsonl:"),
        ({"max_pairs_per_source": 20}, "source_cap", lambda qa: qa.pair.task.document.source, "50 pairs of "),
        ({"max_pairs_per_domain": 20}, "domain_cap", lambda qa: qa.pair.task.domain, "0 pairs of "),
    ],
    ids=["document", "source", "domain"],
)
def test_caps(
    run_mix: Callable[..., Outcome], fields: dict[str, int], reason: str, group: Callable[..., str], detail: str
) -> None:
    (cap,) = fields.values()
    outcome = run_mix(**fields)
    kept, given = Counter(map(group, outcome.passed)), Counter(map(group, PAIRS))
    assert kept == {name: min(count, cap) for name, count in given.items()}
    assert {(rejection.stage, rejection.reason) for rejection in outcome.rejected} == {("mix", reason)}
    assert all(detail in rejection.detail and f", {cap} kept" in rejection.detail for rejection in outcome.rejected)
    assert len(outcome.passed) + len(outcome.rejected) == len(PAIRS)


def test_shares_of_domains(run_mix: Callable[..., Outcome]) -> None:
    outcome = run_mix(domain_shares=(("Math", 0.5), ("Coding", 0.3)))
    assert Counter(qa.pair.task.domain for qa in outcome.passed) == {"Math": 25, "Coding": 15, "Other": 10}
    assert {rejection.reason for rejection in outcome.rejected} == {"domain_share"}
    assert "10 pairs of the other domains are 20.0% of 50 in all" in outcome.rejected[0].detail


def test_all_steps_together(run_mix: Callable[..., Outcome], run_transform: Any) -> None:
    outcome = run_mix(
        max_pairs_per_document=2, max_pairs_per_source=30, max_pairs_per_domain=25, domain_shares=(("Math", 0.5), ("Other", 0.2))
    )
    reasons = Counter(rejection.reason for rejection in outcome.rejected)
    assert set(reasons) == set(REASONS)
    assert len(outcome.passed) + len(outcome.rejected) == len(PAIRS)
    assert run_transform.counters("mix") == {
        "passed": len(outcome.passed),
        **{f"rejected/{reason}": count for reason, count in reasons.items()},
    }


@pytest.mark.parametrize("name", ["max_pairs_per_document", "max_pairs_per_source", "max_pairs_per_domain"])
def test_a_smaller_cap_keeps_a_part_of_what_a_larger_one_keeps(run_mix: Callable[..., Outcome], name: str) -> None:
    subsets = [ids(run_mix(**{name: cap}).passed) for cap in (1, 2, 5, 40)]
    assert all(smaller < larger or smaller == larger == ids(PAIRS) for smaller, larger in pairwise(subsets))
    assert len(subsets[0]) < len(subsets[1])


def test_the_same_subset_in_every_run_and_another_by_seed(run_mix: Callable[..., Outcome]) -> None:
    fields = {"max_pairs_per_document": 2, "max_pairs_per_domain": 10}
    kept = ids(run_mix(**fields).passed)
    shuffled = random.Random(1).sample(PAIRS, len(PAIRS))
    assert ids(run_mix(shuffled, **fields).passed) == kept
    other = ids(run_mix(**fields, seed=1).passed)
    assert len(other) == len(kept) and other != kept


def test_no_source_is_one_source(run_mix: Callable[..., Outcome]) -> None:
    outcome = run_mix([verified(number, source="") for number in range(5)], max_pairs_per_source=2)
    assert len(outcome.passed) == 2
    assert outcome.rejected[0].detail == "5 pairs of no source, 2 kept"


def test_chunks_are_one_document(run_mix: Callable[..., Outcome]) -> None:
    chunks = [verified(number, row=1) for number in range(4)] + [verified(9, row=2)]
    outcome = run_mix(chunks, max_pairs_per_document=1)
    assert sorted(qa.pair.task.document.where for qa in outcome.passed) == ["documents.jsonl:1", "documents.jsonl:2"]


def test_documents_of_many_pairs_have_no_better_chance_in_their_domain(run_mix: Callable[..., Outcome]) -> None:
    """With one ticket for all steps, the winners of 9 draws would take nearly all places."""
    many = [verified(number, source="many", row=number // 9) for number in range(900)]
    few = [verified(number, source="few") for number in range(1000, 1100)]
    outcome = run_mix(many + few, max_pairs_per_document=1, max_pairs_per_domain=100)
    assert 30 <= sum(qa.pair.task.document.source == "many" for qa in outcome.passed) <= 70


def test_windows_are_mixed_apart(run_transform: Callable[..., Outcome]) -> None:
    stamped = [TimestampedValue(qa, 60 * (number % 2)) for number, qa in enumerate(PAIRS)]
    config = MixConfig(max_pairs_per_source=20, max_pairs_per_domain=8, domain_shares=(("Math", 0.5),))
    outcome = run_transform(MixQA(config), stamped, windows=FixedWindows(60))
    by_window = Counter((seen.window, seen.element.pair.task.domain) for seen in run_transform.seen.passed)  # type: ignore[attr-defined]
    assert len({window for window, _ in by_window}) == 2
    assert max(by_window.values()) <= 8
    assert len(outcome.passed) + len(outcome.rejected) == len(PAIRS)


def test_a_stream_is_mixed_by_window() -> None:
    stream = test_stream.TestStream().advance_watermark_to(0)
    for number, qa in enumerate(PAIRS):
        stream = stream.add_elements([TimestampedValue(qa, number % 120)])
    config = MixConfig(max_pairs_per_document=2, max_pairs_per_domain=8)
    options = beam.options.pipeline_options.PipelineOptions(streaming=True)
    with TestPipeline(runner="BundleBasedDirectRunner", options=options) as pipeline:
        pairs = pipeline | stream.advance_watermark_to_infinity() | "Window" >> beam.WindowInto(FixedWindows(60))
        outcome = pairs | "Mix" >> MixQA(config)
        domains = outcome.passed | beam.Map(lambda qa: qa.pair.task.domain) | beam.combiners.Count.PerElement()
        # The first minute has 60 of Math, the second 30 of Coding and 10 of Other, 2 at most of a document.
        assert_that(domains, equal_to([("Math", 8), ("Coding", 8), ("Other", 7)]))


def test_outputs_are_typed() -> None:
    with TestPipeline(runner="FnApiRunner") as pipeline:
        outcome = pipeline | beam.Create(PAIRS) | MixQA(MixConfig(max_pairs_per_source=1))
        assert outcome.passed.element_type is VerifiedQA
        assert outcome.rejected.element_type is Rejection
        assert outcome.dead_letters.element_type is DeadLetter
