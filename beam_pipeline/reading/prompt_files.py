"""Reads a user's own prompts: a folder that holds those files of `prompts/` that differ, and nothing else.

A file takes the place of the shipped one of its name: a stage's prompt, the list of domains, the bank of a domain. What
`--domains` and `--exemplars` name comes on top of that, as on top of the shipped files. A name that stands for nothing is an
error: a file that is misspelt would change nothing, and nobody would see it.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as replace_fields
from typing import NoReturn

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.options.values import hint
from beam_pipeline.storage.data_folders import without_wildcards
from beam_pipeline.storage.files import reason
from beam_pipeline.storage.matching import list_files, read_text
from prompts.exemplar_bank import Exemplar, load_bank, parse_exemplars
from prompts.load import Domain, Prompt, PromptError, load_domains, load_prompt, parse_domains, parse_prompt
from prompts.prompt_file import prompt_text
from transforms.stages import MODEL_STAGES, SWITCHES

NAMES = ("system", *MODEL_STAGES)
DOMAINS = "domains.yaml"
EXEMPLARS = "exemplars"
_JUDGE = "reward_judge.md"
_IGNORED = ("readme.md",)


@dataclass(frozen=True)
class PromptFolder:
    """What a folder of one's own has.

    Attributes:
        prompts: the prompts in it.
        domains: the list of domains that stands for the shipped one; () where the shipped one stays.
        banks: path and text of each bank, by the slug of its domain.
    """

    prompts: tuple[Prompt, ...] = ()
    domains: tuple[Domain, ...] = ()
    banks: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def bank(self, domains: Iterable[Domain]) -> dict[str, tuple[Exemplar, ...]]:
        """The bank of each domain by its name: that of the folder, or the shipped one.

        Raises:
            PromptError: a bank is of no domain of the run, or not as it must be.
        """
        domains = tuple(domains)
        slugs = {domain.slug: domain.name for domain in domains}
        bank = load_bank(domains)
        for slug, (path, text) in self.banks.items():
            if slug not in slugs:
                files = [f"{EXEMPLARS}/{known}.jsonl" for known in slugs]
                _refuse(path, f"{EXEMPLARS}/{slug}.jsonl", "no domain of this run has this slug", files)
            bank[slugs[slug]] = tuple(_of_domain(parse_exemplars(text, path, slugs[slug]), slug, slugs[slug], path))
        return bank

    def replaced(self, stages: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Each file by its name, and in words what of the shipped files it stands for in a run of these stages."""
        unused = dict(self.unused(stages))
        for prompt in self.prompts:
            shipped = load_prompt(prompt.name)
            says = f"version {prompt.version} instead of {shipped.version}"
            if prompt.sha256 == shipped.sha256:
                says = "the same as the shipped one"
            elif prompt.version == shipped.version:
                says = f"other words under version {shipped.version}: give it a number of its own, which every row will name"
            name = f"{prompt.name}.md"
            yield name, unused.get(name, says)
        if self.domains:
            yield DOMAINS, f"{len(self.domains)} domains instead of {len(load_domains())}"
        shipped_bank = load_bank(Domain(slug, slug, "") for slug in self.banks)
        for slug, (path, text) in self.banks.items():
            own = len(parse_exemplars(text, path, slug))
            yield f"{EXEMPLARS}/{slug}.jsonl", f"{own} exemplar{'s' if own != 1 else ''} instead of {len(shipped_bank[slug])}"

    def unused(self, stages: Iterable[str]) -> Iterator[tuple[str, str]]:
        """The prompts that a run of these stages does not read, and why."""
        used = ("system", *stages)
        for prompt in self.prompts:
            if prompt.name not in used:
                yield f"{prompt.name}.md", f"not used: this run has no such stage{switched_on(prompt.name)}"


NO_FOLDER = PromptFolder()


def switched_on(stage: str) -> str:
    """How a run gets a stage that it does not have, in words behind a semicolon."""
    return f"; add {SWITCHES[stage]}" if stage in SWITCHES else ""


def read_prompt_files(folder: str) -> PromptFolder:
    """What a folder holds, local or not; nothing without a folder.

    Raises:
        ValueError: there is none, a file has a name that stands for nothing, or (PromptError) it is not as it must be.
    """
    if not folder:
        return NO_FOLDER
    prompts: list[Prompt] = []
    domains: tuple[Domain, ...] = ()
    banks: dict[str, tuple[str, str]] = {}
    for name, path in _files(folder):
        parent, _, file = name.rpartition("/")
        stem, _, ending = file.partition(".")
        if name == DOMAINS:
            domains = parse_domains(read_text(path), path)
        elif parent == EXEMPLARS and ending == "jsonl":
            banks[stem] = path, read_text(path)
        elif not parent and ending == "md" and stem in NAMES:
            prompts.append(parse_prompt(stem, read_text(path), path))
        elif name == _JUDGE:
            _check_judge(path)
        else:
            _refuse(path, name, "nothing reads a file of this name", [*(f"{stage}.md" for stage in NAMES), DOMAINS])
    return PromptFolder(tuple(prompts), domains, banks)


def _files(folder: str) -> list[tuple[str, str]]:
    """The files of a folder by their names in it, with their paths; without hidden ones and what is for people only."""
    local = FileSystems.get_scheme(folder) is None
    if local and not os.path.isdir(folder):
        raise ValueError(
            f"{folder}: {'is a file; name the folder that it is in' if os.path.exists(folder) else 'no such folder'}"
        )
    base = folder.rstrip("/") or "/"
    try:
        paths = [file.path for file in list_files(FileSystems.join(without_wildcards(base) if local else base, "**"))]
    except Exception as error:  # each file system has errors of its own
        raise ValueError(f"{folder}: cannot be looked up: {reason(error)}") from error
    named = [(os.path.relpath(path, base) if local else path.removeprefix(f"{base}/"), path) for path in paths]
    found = [(name.replace("\\", "/"), path) for name, path in named]
    # Of a local folder with brackets in its name a neighbour may match as well; a file system may list what is beside it.
    found = [(name, path) for name, path in found if not any(part.startswith(".") for part in name.split("/"))]
    found = sorted((name, path) for name, path in found if name.lower() not in _IGNORED)
    if not found:
        raise ValueError(f"{folder}: holds no file of prompts, such as filter.md, {DOMAINS} or {EXEMPLARS}/math.jsonl")
    return found


def _refuse(path: str, name: str, why: str, known: list[str]) -> NoReturn:
    """Say which names are known, and which of them is the nearest."""
    banks = [f"{EXEMPLARS}/{domain.slug}.jsonl" for domain in load_domains()]
    listed = known if known[0].startswith(EXEMPLARS) else [*known, f"{EXEMPLARS}/<slug>.jsonl"]
    raise ValueError(f"{path}: {why}{hint(name, [*known, *banks])}; there are {', '.join(listed)}")


def _check_judge(path: str) -> None:
    """A copy of the shipped prompt changes nothing and is let be."""
    if read_text(path) != prompt_text("reward_judge"):
        raise ValueError(
            f"{path}: no stage of a run reads it, but the judge of a reward: change webscale_reward/prompts/{_JUDGE} in the "
            "folder that webscale-qa export wrote"
        )


def _of_domain(exemplars: Iterable[Exemplar], slug: str, name: str, path: str) -> Iterator[Exemplar]:
    """The exemplars of a bank, none of which may name another domain than its file does."""
    for exemplar in exemplars:
        if exemplar.domain not in (slug, name):
            raise PromptError(f"{path}: exemplar {exemplar.id} names the domain {exemplar.domain!r}; the file's name says {slug}")
        yield replace_fields(exemplar, domain=name)
