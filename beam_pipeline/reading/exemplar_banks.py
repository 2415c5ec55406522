"""Reads domains and exemplar banks: those shipped, those of the user, or both."""

import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as replace_fields

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from beam_pipeline.storage.matching import match_pattern, read_text
from prompts.exemplar_bank import Exemplar, check_exemplar, load_bank, merge_exemplars, parse_exemplars
from prompts.load import DEFAULT_DOMAIN, Domain, PromptError, load_domains, parse_domains

_LOGGER = logging.getLogger(__name__)


@dataclass
class ReadExemplars(beam.PTransform):
    """Gives the exemplar banks: pipeline -> PCollection[tuple[str, list[Exemplar]]], each domain once, by its name.

    Made to be an `AsDict` side input, and independent of the documents, so that it breaks no fusion.
    """

    bank: Mapping[str, tuple[Exemplar, ...]]  # what `read_exemplars` read

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return pipeline | "Once" >> beam.Create([None], reshuffle=False) | "ReadBanks" >> beam.FlatMap(_banks, self.bank)


def _banks(_: None, bank: Mapping[str, tuple[Exemplar, ...]]) -> Iterator[tuple[str, list[Exemplar]]]:
    tell_empty(bank)
    yield from ((name, list(exemplars)) for name, exemplars in bank.items())


def tell_empty(bank: Mapping[str, Collection[Exemplar]]) -> None:
    """Log the domains of a run that have no exemplars."""
    for name in (name for name, exemplars in bank.items() if not exemplars):
        _LOGGER.warning("The domain %s has no exemplars: its questions are written without any.", name)


def read_exemplars(
    domains: Iterable[Domain],
    patterns: Iterable[str] = (),
    replace: bool = False,
    first: Mapping[str, tuple[Exemplar, ...]] | None = None,
) -> dict[str, tuple[Exemplar, ...]]:
    """The bank of each domain by its name: the `first`, without which it is what ships with the package, and the user's own.

    Several files for one domain add up. An exemplar with the id of an earlier one takes its place. ValueError, one line, if
    a pattern matches nothing, or (PromptError) a file is not a bank.
    """
    domains = tuple(domains)
    own: dict[str, tuple[Exemplar, ...]] = {}
    for path in dict.fromkeys(path for pattern in patterns for path in match_pattern(pattern)):
        for exemplar in _read_bank(path, domains):
            own[exemplar.domain] = merge_exemplars(own.get(exemplar.domain, ()), [exemplar])
    bank = load_bank(domains) if first is None else dict(first)
    for name, exemplars in own.items():
        bank[name] = exemplars if replace else merge_exemplars(bank[name], exemplars)
    return bank


def _read_bank(path: str, domains: tuple[Domain, ...]) -> Iterator[Exemplar]:
    """The exemplars of one file, each with the name of a domain there is."""
    names = {key: domain.name for domain in domains for key in (domain.slug, domain.name)}
    stem = os.path.basename(path).partition(".")[0]
    for exemplar in parse_exemplars(read_text(path), path, stem):
        name = names.get(exemplar.domain)
        if name is None:
            raise PromptError(
                f"{path}: {exemplar.domain!r} is no domain; name the file <slug>.jsonl or give each row a domain, "
                f"one of {', '.join(domain.slug for domain in domains)}"
            )
        exemplar = replace_fields(exemplar, domain=name)
        if problems := "; ".join(check_exemplar(exemplar)):
            _LOGGER.warning("%s: exemplar %s: %s. It is used as it is.", path, exemplar.id, problems)
        yield exemplar


def read_domains(path: str, replace: bool = False, built_in: tuple[Domain, ...] = ()) -> tuple[Domain, ...]:
    """The domains of a run: the built-in ones and those of a YAML file, local or in a bucket.

    A domain of the file takes the place of the built-in one with its slug; others come before "Other". With `replace`
    only the file's stand. ValueError if the file cannot be read, or (PromptError) is no list of domains.
    """
    own = parse_domains(read_text(match_pattern(path)[0]), path)
    if replace:
        return own
    built_in = built_in or load_domains()
    last = {domain.slug for domain in built_in if domain.name == DEFAULT_DOMAIN}
    merged = {domain.slug: domain for domain in (*built_in, *own)}
    domains = tuple(sorted(merged.values(), key=lambda domain: domain.slug in last))
    names = [domain.name for domain in domains]
    for name in names:
        if names.count(name) > 1:
            raise PromptError(f"{path}: the name {name!r} is that of a built-in domain; use its slug, or another name")
    return domains
