"""Mix: no more pairs of one document, source or domain than asked for, and domains in the shares asked for.

Input:    PCollection[VerifiedQA]
Passed:   PCollection[VerifiedQA], unchanged
Rejected: Rejection, reason in {"document_cap", "source_cap", "domain_cap", "domain_share"}; the
          detail says how many there were and how many are kept

A pair draws a ticket, a hash of its id and the seed, and a group keeps the smallest of its tickets. So
a run keeps what every other run on the same pairs keeps, and a smaller cap keeps a part of what a
larger one keeps. Each step draws tickets of its own: with the same ones a document of many pairs,
having had more draws, would do better in its domain.

No worker holds a group. Tickets are gathered without their pairs, as many as a cap may keep and never
more than 65,536 of a group; from them comes the first ticket that is left out, and the pairs are
measured against that as they stream by. Only the pairs of one document are grouped as they are.

The steps go from the small group to the large, each over what the one before has left: documents,
sources, domains, shares. Everything is counted within a window, so a streaming input has its caps and
shares in each window.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

import apache_beam as beam
import yaml
from apache_beam.typehints.decorators import no_annotations

from prompts.load import Domain
from transforms.flow.outcome import Outcome, apply_rules, as_outcome
from transforms.flow.tickets import Tickets, TicketsFn
from transforms.records import Rejection, VerifiedQA, reject
from transforms.text import stable_seed

STAGE = "mix"
REASONS = ("document_cap", "source_cap", "domain_cap", "domain_share")
DOCUMENT, SOURCE, DOMAIN, SHARE = REASONS
_REST = ""  # the domains without a share of their own, taken together
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class MixConfig:
    """How many pairs to keep; 0 and () are no limit.

    `domain_shares` are domains by name with the share of the output, 0 to 1, that each is to have. The others get the rest,
    in the proportions they come in. Pairs are left out, never repeated, so the scarcest domain decides how many are kept
    in all; a domain without any pair is not waited for.
    """

    max_pairs_per_document: int = 0  # of one row of the input, all chunks of it together
    max_pairs_per_source: int = 0  # of one `source`; rows without any count as one source
    max_pairs_per_domain: int = 0
    domain_shares: tuple[tuple[str, float], ...] = ()
    seed: int = 0  # another one keeps other pairs

    def __post_init__(self) -> None:
        for name in ("max_pairs_per_document", "max_pairs_per_source", "max_pairs_per_domain"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it is a number of pairs, or 0 for no limit")
        check_shares(dict(self.domain_shares))


def parse_shares(text: str) -> dict[str, float]:
    """Read shares as "math=0.3, coding=20%", or as a YAML mapping of the same.

    Raises:
        ValueError: it is neither, or the shares cannot be met.
    """
    if "=" in text:
        parts = [part.rpartition("=") for part in text.replace("\n", ",").split(",") if part.strip()]
        named = [(name.strip(), value.strip()) for name, _, value in parts]
    else:
        try:
            given = yaml.safe_load(text) if text.strip() else {}
        except yaml.YAMLError:
            given = None
        if not isinstance(given, dict):
            raise ValueError(f"{text[:60]!r} is no list of shares; write math=0.3,coding=0.2")
        named = [(str(name), str(value)) for name, value in given.items()]
    shares: dict[str, float] = {}
    for name, value in named:
        if name in shares:
            raise ValueError(f"domain {name!r} is given twice")
        try:
            shares[name] = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
        except ValueError:
            raise ValueError(f"the share of {name!r} is {value!r}; write a number from 0 to 1, or a percentage") from None
    check_shares(shares)
    return shares


def check_shares(shares: Mapping[str, float]) -> None:
    """Raise ValueError if shares cannot be met."""
    for name, share in shares.items():
        if not name:
            raise ValueError("a share has no domain; write math=0.3,coding=0.2")
        if not 0 <= share <= 1:
            raise ValueError(f"the share of {name!r} is {share:g}; it is from 0 to 1")
    if sum(shares.values()) > 1 + _TOLERANCE:
        raise ValueError(f"the shares add up to {sum(shares.values()):g}, more than 1")


def resolve_shares(shares: Mapping[str, float], domains: Iterable[Domain]) -> tuple[tuple[str, float], ...]:
    """The shares by the names of domains, which may be given by slug or by name.

    Raises:
        ValueError: there is no such domain, or one is named twice.
    """
    names: dict[str, str] = {}
    for domain in domains:
        names |= {domain.slug.lower(): domain.name, domain.name.lower(): domain.name}
    resolved: dict[str, float] = {}
    for given, share in shares.items():
        name = names.get(given.lower())
        if name is None:
            raise ValueError(f"there is no domain {given!r}; there are {', '.join(dict.fromkeys(names.values()))}")
        if name in resolved:
            raise ValueError(f"domain {name!r} is given twice")
        resolved[name] = share
    return tuple(sorted(resolved.items()))


class Limit(NamedTuple):
    """What a group keeps: the tickets below `ticket`, of `pairs` about `kept`; why, for a reader."""

    ticket: int
    pairs: int
    kept: int
    why: str = ""


def draw_ticket(qa: VerifiedQA, step: str, seed: int) -> int:
    """The ticket of a pair in one step: 63 bits, as Beam's integers are signed, of its id, the step and the seed alone."""
    return stable_seed("mix", step, str(seed), qa.id) >> 1


def cap_limit(group: tuple[str, Tickets], most: int, why: str = "") -> Iterator[tuple[str, Limit]]:
    """The limit of a group that has more than `most` pairs."""
    name, tickets = group
    first = tickets.first_left_out(most)
    if first is not None:
        yield name, Limit(first, tickets.count, most, why)


def share_limits(groups: Mapping[str, Tickets], shares: Mapping[str, float]) -> Iterator[tuple[str, Limit]]:
    """The limits that give each domain its share of as many pairs as the scarcest of them allows.

    `groups` are the tickets of each domain that has a share, and under "" those of all others together.
    """
    wanted = {**shares, _REST: max(0.0, 1 - sum(shares.values()))}
    wanted = {name: share if share > _TOLERANCE else 0.0 for name, share in wanted.items()}
    possible = {name: groups[name].count / share for name, share in wanted.items() if share and name in groups}
    scarcest = min(sorted(possible), key=lambda name: possible[name], default="")
    total = possible.get(scarcest, 0.0)
    why = ""
    if scarcest in groups and possible:
        what = scarcest or "the other domains"
        why = f"; {groups[scarcest].count} pairs of {what} are {wanted[scarcest]:.1%} of {math.floor(total + _TOLERANCE)} in all"
    for name, tickets in groups.items():
        kept = math.floor(wanted[name] * total * (1 + _TOLERANCE) + _TOLERANCE)
        yield from cap_limit((name, tickets), kept, why)


def keep_few(group: tuple[str, Iterable[VerifiedQA]], most: int, seed: int) -> Iterator[VerifiedQA | Rejection]:
    """Keep at most so many pairs of one document. Two passes and no list: each pair carries its document."""
    name, pairs = group
    tickets = Tickets(most)
    for qa in pairs:
        tickets.add(draw_ticket(qa, DOCUMENT, seed))
    limits = dict(cap_limit((name, tickets), most))
    for qa in pairs:
        yield from keep_below(qa, limits, DOCUMENT, document_of_pair, seed)


def document_of_pair(qa: VerifiedQA) -> str:
    """The row of the input that a pair comes from, whichever chunk of it."""
    document = qa.pair.task.document
    return document.where or document.parent_id or document.id


source_of_pair = attrgetter("pair.task.document.source")
domain_of_pair = attrgetter("pair.task.domain")


def _share_group(qa: VerifiedQA, named: Collection[str]) -> str:
    """The group of a pair when shares are looked after: its domain if that has a share of its own."""
    domain: str = domain_of_pair(qa)
    return domain if domain in named else _REST


def keep_below(
    qa: VerifiedQA, limits: Mapping[str, Limit], step: str, group_of: Callable[[VerifiedQA], str], seed: int
) -> Iterator[VerifiedQA | Rejection]:
    """Keep a pair whose ticket is below the limit of its group, or whose group has none."""
    group = group_of(qa)
    limit = limits.get(group)
    if limit is None or draw_ticket(qa, step, seed) < limit.ticket:
        yield qa
    else:
        name = group or ("other domains" if step == SHARE else "no source")
        yield reject(STAGE, step, qa, f"{limit.pairs} pairs of {name}, {limit.kept} kept{limit.why}")


# One step of the mix. What passes is counted after the last.
_apply_step = partial(apply_rules, STAGE, last=False, label="_StepFn")


@dataclass
class _Limit(beam.PTransform):
    """Keeps the smallest tickets of each group; the limits are a side input, with an entry for groups that are cut."""

    step: str
    group_of: Callable[[VerifiedQA], str]
    most: int
    config: MixConfig

    def expand(self, pairs: beam.PCollection[VerifiedQA]) -> Any:
        step, group_of, seed = self.step, self.group_of, self.config.seed
        draw = beam.Map(lambda qa: (group_of(qa), draw_ticket(qa, step, seed))).with_output_types(tuple[str, int])
        shares = dict(self.config.domain_shares) if step == SHARE else None
        groups = pairs | "Draw" >> draw | "Gather" >> beam.CombinePerKey(TicketsFn(self.most if shares is None else None))
        if shares is None:
            limits = groups | "Cap" >> beam.FlatMap(cap_limit, self.most)
        else:
            limits = (
                groups
                | "Together" >> beam.Map(lambda group: (0, group))
                | "GroupTogether" >> beam.GroupByKey()
                | "Share" >> beam.FlatMap(lambda together, shares=shares: share_limits(dict(together[1]), shares))
            )
        keep = partial(keep_below, step=step, group_of=group_of, seed=seed)
        return pairs | "Keep" >> _apply_step(keep, VerifiedQA, beam.pvalue.AsDict(limits))


@dataclass
class _CapDocuments(beam.PTransform):
    """Keeps the smallest tickets of each document. As in the other steps, a cap from 65,536 on may be missed by 1/65,536."""

    config: MixConfig

    def expand(self, pairs: beam.PCollection[VerifiedQA]) -> Any:
        keep = partial(keep_few, most=self.config.max_pairs_per_document, seed=self.config.seed)
        return (
            pairs
            | "KeyByDocument" >> beam.Map(lambda qa: (document_of_pair(qa), qa)).with_output_types(tuple[str, VerifiedQA])
            | "GroupByDocument" >> beam.GroupByKey()
            | "Keep" >> _apply_step(keep, VerifiedQA)
        )


@dataclass
class MixQA(beam.PTransform):
    """Keeps as many pairs of each document, source and domain as asked for. Expects and outputs `VerifiedQA`."""

    config: MixConfig

    @no_annotations
    def expand(self, pairs: beam.PCollection[VerifiedQA]) -> Outcome:
        config, rejected = self.config, []
        share_group = partial(_share_group, named=frozenset(name for name, _ in config.domain_shares))
        steps: tuple[tuple[str, Any, Any], ...] = (
            ("CapDocuments", config.max_pairs_per_document, _CapDocuments(config)),
            ("CapSources", config.max_pairs_per_source, _Limit(SOURCE, source_of_pair, config.max_pairs_per_source, config)),
            ("CapDomains", config.max_pairs_per_domain, _Limit(DOMAIN, domain_of_pair, config.max_pairs_per_domain, config)),
            ("ShareDomains", config.domain_shares, _Limit(SHARE, share_group, 0, config)),
        )
        for name, step in ((name, step) for name, wanted, step in steps if wanted):
            outcome = as_outcome(pairs | name >> step)
            pairs = outcome.passed
            rejected.append(outcome.rejected)
        mixed = as_outcome(pairs | "Pass" >> apply_rules(STAGE, lambda qa: [qa], VerifiedQA))
        return Outcome(mixed.passed, (*rejected, mixed.rejected) | "FlattenRejected" >> beam.Flatten(), mixed.dead_letters)
