"""What the model reads: prompts as versioned files, the list of domains, the exemplar banks.

A prompt file is YAML front matter, instructions, and what follows the document:

    ---
    version: 2
    changes: "2: ask for a reason code"
    variables: [persona]           # filled for each element
    run_variables: [max_personas]  # filled once for a run, wherever they stand
    closed_book: true              # asked without the document; false if left out
    ---
    instructions, the same in every request of a run
    <!-- after the document -->
    Task: ... <persona>$persona</persona>

Requests have the same shape: one system message with the shared rules and the instructions of *all*
stages of the run, then one user message with the document first and the stage's few words after it.
So whatever is the same for every document is prefilled once for ever, and a document is prefilled
once for all of its calls. Only who must not see the document is asked apart: a closed-book stage has
a system message of its own and no document.

Placeholders are `string.Template`'s: braces stay literal, values are never expanded again, and a
missing one raises.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from string import Template
from typing import Any

import yaml

from prompts.prompt_file import prompt_parts, prompt_text
from transforms.stages import DEFAULT_MODEL_STAGES, MODEL_STAGES

DOCUMENT_OPEN, DOCUMENT_CLOSE = "<document>\n", "\n</document>\n\n"
DEFAULT_DOMAIN = "Other"

_SLUG = re.compile(r"[a-z][a-z0-9_]*")


class PromptError(ValueError):
    """A prompt, domain or exemplar file is not as it must be; the message names file and remedy."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file. `instructions` goes into the system message, `task` follows the document.

    With `closed_book` the instructions are the whole system message, and there is no document.
    """

    name: str
    version: int
    sha256: str
    instructions: str
    task: str
    variables: tuple[str, ...] = ()
    run_variables: tuple[str, ...] = ()
    closed_book: bool = False


@dataclass(frozen=True, slots=True)
class Domain:
    slug: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class PromptSet:
    """The prompts of one run, with the run's own values filled in."""

    system: str
    prompts: tuple[Prompt, ...]
    domains: tuple[Domain, ...]

    def prompt(self, stage: str) -> Prompt:
        for prompt in self.prompts:
            if prompt.name == stage:
                return prompt
        raise PromptError(f"no prompt for stage {stage!r}; there are {', '.join(p.name for p in self.prompts)}")

    def messages(self, stage: str, document: str, variables: Mapping[str, str]) -> list[dict[str, str]]:
        """The chat messages of one request. `document` and values must be neutralised already.

        Raises:
            KeyError: a variable that the prompt declares is missing.
        """
        prompt = self.prompt(stage)
        task = Template(prompt.task).substitute(variables).rstrip("\n")  # the last one may have nothing to say
        if prompt.closed_book:
            return [{"role": "system", "content": prompt.instructions}, {"role": "user", "content": task}]
        return [
            {"role": "system", "content": self.system},
            {"role": "user", "content": f"{DOCUMENT_OPEN}{document}{DOCUMENT_CLOSE}{task}"},
        ]

    def with_prompt(self, stage: str, content: str) -> "PromptSet":
        """The same prompts and one more, for a stage of your own; `content` is a prompt file (see above).

        Its instructions go behind those of the other stages, so that all requests still begin alike.

        Raises:
            PromptError: the file is not as it must be, has run variables, or the stage has a prompt already.
        """
        if any(prompt.name == stage for prompt in self.prompts):
            raise PromptError(f"{stage}: there is a prompt of this name already; call your stage something else")
        prompt = parse_prompt(stage, content)
        try:
            prompt = replace(prompt, instructions=Template(prompt.instructions).substitute())
        except KeyError as error:
            raise PromptError(f"{stage}: {error} is a run variable, and only the shipped stages have those") from error
        system = self.system if prompt.closed_book else f"{self.system}\n\n{prompt.instructions}"
        return replace(self, system=system, prompts=(*self.prompts, prompt))

    def signature(self, stage: str) -> str:
        """Hash of what the model is told about this stage, other stages' instructions left out.

        The system message holds every stage's instructions, yet a changed `verify.md` must not make
        the replies of `filter` look stale.
        """
        shared, prompt = self.prompt("system"), self.prompt(stage)
        told = (prompt.instructions, prompt.task)
        text = "\0".join(told if prompt.closed_book else (shared.instructions, *told))
        return hashlib.sha256(text.encode()).hexdigest()


def parse_prompt(name: str, content: str, where: str = "") -> Prompt:
    """Parse one prompt file; errors call it `where`.

    Raises:
        PromptError: front matter is missing, or declared and used variables differ.
    """
    where = where or f"prompts/{name}.md"
    try:
        parts = prompt_parts(content)
    except ValueError as error:
        raise PromptError(f"{where}: {error}") from error
    try:
        matter = yaml.safe_load(parts.front_matter)
    except yaml.YAMLError as error:
        raise PromptError(f"{where}: front matter is not YAML: {error}") from error
    if not isinstance(matter, dict) or not isinstance(matter.get("version"), int):
        raise PromptError(f"{where}: front matter needs 'version', a whole number")
    if not isinstance(matter.get("closed_book", False), bool):
        raise PromptError(f"{where}: 'closed_book' in the front matter must be true or false")
    prompt = Prompt(
        name=name,
        version=matter["version"],
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        instructions=parts.instructions,
        task=parts.task,
        variables=tuple(matter.get("variables") or ()),
        run_variables=tuple(matter.get("run_variables") or ()),
        closed_book=matter.get("closed_book", False),
    )
    declared, told = set(prompt.run_variables), {"instructions": prompt.instructions, "task": prompt.task}
    used = {part: _variables(text, f"{where}: a lone '$' in the {part}") for part, text in told.items()}
    for part, allowed in (("instructions", declared), ("task", declared.union(prompt.variables))):
        if more := sorted(used[part] - allowed):
            raise PromptError(f"{where}: {part} use the variables {more}, which the front matter does not declare for them")
    if unused := sorted(declared.union(prompt.variables) - used["instructions"] - used["task"]):
        raise PromptError(f"{where}: the front matter declares the variables {unused}, which nothing uses")
    return prompt


def _variables(text: str, lone: str) -> set[str]:
    """The variables that a text uses; `Template.get_identifiers` is not there before Python 3.11."""
    found = list(Template.pattern.finditer(text))
    if any(match["invalid"] is not None for match in found):
        raise PromptError(f"{lone}; write '$$' for a dollar sign")
    return {match["named"] or match["braced"] for match in found} - {None}


def load_prompt(name: str) -> Prompt:
    """Load `prompts/<name>.md` from the installed package."""
    return parse_prompt(name, prompt_text(name))


def load_prompts(
    domains: Iterable[Domain] = (),
    max_personas: int = 3,
    stages: Iterable[str] = DEFAULT_MODEL_STAGES,
    own: Iterable[Prompt] = (),
) -> PromptSet:
    """Load the prompts of the given stages and fill in what is the same for a whole run.

    A prompt of `own` takes the place of the shipped one of its name.

    Raises:
        PromptError: a stage is none of those that ask a model, or a prompt has a run variable that there is not.
    """
    stages, given = tuple(stages), {prompt.name: prompt for prompt in own}
    if unknown := [stage for stage in stages if stage not in MODEL_STAGES]:
        raise PromptError(f"no prompt for stage {unknown[0]!r}; there are {', '.join(MODEL_STAGES)}")
    domains = tuple(domains) or load_domains()
    values = {
        "domains": "\n".join(f'  - "{domain.name}": {domain.description}' for domain in domains),
        "domain_names": "; ".join(domain.name for domain in domains),
        "max_personas": str(max_personas),
    }
    prompts = tuple(_filled(given.get(name) or load_prompt(name), values) for name in ("system", *stages))
    system = "\n\n".join(prompt.instructions for prompt in prompts if prompt.instructions and not prompt.closed_book)
    return PromptSet(system, prompts, domains)


def _filled(prompt: Prompt, values: Mapping[str, str]) -> Prompt:
    """A prompt with the run's values in it; those of each element are filled in later, and must not expand these again."""
    if unknown := sorted(set(prompt.run_variables) - set(values)):
        raise PromptError(f"the prompt {prompt.name} has the run variables {unknown}; there are {', '.join(values)}")
    wanted = {name: values[name].replace("$", "$$") for name in prompt.run_variables}
    # Not `safe_substitute`, which makes one dollar sign of two before the element's values are filled in.
    task = Template.pattern.sub(lambda match: wanted.get(match["named"] or match["braced"], match[0]), prompt.task)
    return replace(prompt, instructions=Template(prompt.instructions).substitute(values), task=task)


def parse_domains(content: str, name: str = "domains.yaml") -> tuple[Domain, ...]:
    """Parse a list of domains.

    Raises:
        PromptError: not a list of {slug, name, description}, or a slug or name twice.
    """
    try:
        rows: Any = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise PromptError(f"{name}: not YAML: {error}") from error
    if not isinstance(rows, list) or not rows:
        raise PromptError(f"{name}: must be a list of domains, each with slug, name and description")
    domains = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or set(row) != {"slug", "name", "description"}:
            raise PromptError(f"{name}: entry {number} must have slug, name and description, and nothing else")
        if not _SLUG.fullmatch(str(row["slug"])):
            raise PromptError(f"{name}: entry {number}: slug {row['slug']!r} must be lower-case letters, digits, underscores")
        for field in ("name", "description"):
            if not isinstance(row[field], str) or not row[field].strip():
                raise PromptError(f"{name}: entry {number}: {field} must be text, not {row[field]!r}")
        domains.append(Domain(row["slug"], one_line(row["name"]), one_line(row["description"])))
    for field in ("slug", "name"):
        values = [getattr(domain, field) for domain in domains]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise PromptError(f"{name}: {field} {twice[0]!r} stands twice")
    return tuple(domains)


def one_line(text: str) -> str:
    """White space as single spaces: the list in a prompt, and the keys of a summary, are made of lines."""
    return " ".join(text.split())


def load_domains() -> tuple[Domain, ...]:
    """The list of domains that ships with the package."""
    return parse_domains(resources.files(__package__).joinpath("domains.yaml").read_text("utf-8"))
