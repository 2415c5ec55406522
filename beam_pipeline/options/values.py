"""What an option's value may be: how a text is split into a list, what it must look like, what is never shown."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from transforms.base_url import check_base_url

ANY_LANGUAGE = "all"

# The headings under which options are listed.
FILES = "Input and output"
TABLES = "BigQuery"
STREAMING = "Streaming (with Beam's own --streaming)"
ENDPOINT = "Endpoint and model"
SERVE = "Serving the model on the workers"
PRICES = "Prices, for the cost in the summary"
SCREENING = "Screening"
QUESTIONS = "Domains, exemplars, personas"
GATES = "Verification and further gates"
MIX = "De-duplication, decontamination, mix"
RUN = "The run"
STAGE = "One stage's own settings"


class OptionError(ValueError):
    """The options cannot be used; the message is one line that says what to write instead."""


class OptionsModel(BaseModel):
    """Options: nothing unknown, nothing changed later, no value repeated in a message."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True, hide_input_in_errors=True
    )


def first_problem(error: ValidationError) -> tuple[str, str, str]:
    """What is wrong first with what a model was given: the field ("" for the whole), pydantic's word for it, and why."""
    problem = error.errors(include_url=False)[0]
    place = [str(part) for part in problem["loc"] if isinstance(part, str)]
    cause = problem.get("ctx", {}).get("error")
    message = str(cause) if isinstance(cause, ValueError) else problem["msg"].replace("Input should be", "must be")
    return "_".join(place[1:] if place[:1] == ["stages"] else place[:1]), problem["type"], message


# How one word of the command line, or one scalar of a config file, becomes a list.
_BRACKETED = r"\{[^{}]*\}|\[[^\[\]]*\]"


def split_commas(text: str) -> list[str]:
    """Split where no item can hold a comma: languages, base URLs."""
    return [item.strip() for item in text.split(",") if item.strip()]


def split_paths(text: str) -> list[str]:
    """Split before the next full path ("a,gs://b", "a,/b"), so that "{a,b}.jsonl" and "a,b.jsonl" stay whole."""
    found, start = [], 0
    for match in re.finditer(rf"{_BRACKETED}|,(?=\s*(?:[a-z][a-z0-9+.-]*://|/))", text):
        if match.group() == ",":
            found.append(text[start : match.start()])
            start = match.end()
    return [item.strip() for item in (*found, text[start:]) if item.strip()]


def split_urls(text: str) -> list[str]:
    """Split base URLs. Nothing stays an item, because an unset variable must not mean another endpoint."""
    return split_commas(text) or [""]


SPLITTERS: Mapping[str, Callable[[str], list[str]]] = {"commas": split_commas, "paths": split_paths, "urls": split_urls}


def declare(
    default: Any, description: str, group: str, *, param_type: str = "TEXT", split: str = "", regex: str = "", **bounds: Any
) -> Any:
    """A pydantic field with what flags, Flex Template metadata and the option table need to know of it."""
    extra: dict[str, Any] = {"group": group, "param_type": param_type, "split": split, "regex": regex}
    return Field(default, description=description, json_schema_extra=extra, **bounds)


def names_in(model: type[BaseModel], group: str) -> list[str]:
    """The options of a model that are listed under a heading."""
    extras = {name: field.json_schema_extra for name, field in model.model_fields.items()}
    return [name for name, extra in extras.items() if isinstance(extra, dict) and extra["group"] == group]


# What the service that launches a Flex Template looks at before it starts a machine.
WHOLE_NUMBER, NUMBER = "[0-9]+", r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?"
ENV_NAME = "[A-Za-z_][A-Za-z0-9_]*"
HEADER = "[A-Za-z0-9-]+"
RESERVED_HEADERS = frozenset(
    "accept accept-encoding authorization connection cookie expect host keep-alive te trailer transfer-encoding upgrade".split()
)
# Of what BigQuery allows in names, the part that every one of its interfaces takes. Suffixes must fit as well.
TABLE_PROJECT = r"(?:[a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]"
TABLE = rf"{TABLE_PROJECT}[:.][A-Za-z0-9_]{{1,1000}}\.[A-Za-z0-9_-]{{1,1000}}"
ACCELERATOR = "[a-z][a-z0-9-]+(:[1-9][0-9]*)?"
SUBSCRIPTION, TOPIC = "projects/[^/]+/subscriptions/[^/]+", "projects/[^/]+/topics/[^/]+"
SECRET_NAME = "projects/[^/]+/secrets/[^/]+/versions/[^/]+"


def looks_like_key(text: str) -> bool:
    """Whether text looks like a key rather than the name of one: "sk-...", or 20 letters and digits on end."""
    return text.startswith(("sk-", "sk_", "Bearer ")) or any(
        not run.isalpha() and not run.isdigit() for run in re.findall("[A-Za-z0-9]{20,}", text)
    )


def check_env_name(name: str) -> str:
    if name and (looks_like_key(name) or not re.fullmatch(ENV_NAME, name)):
        raise ValueError("takes the name of an environment variable that holds the key, not the key itself (value not shown)")
    return name


def check_secret_name(name: str) -> str:
    if name and not re.fullmatch(SECRET_NAME, name):
        raise ValueError("must be the name projects/P/secrets/S/versions/V of a secret, not the secret (value not shown)")
    return name


def split_endpoint_key(text: str) -> tuple[str, str]:
    """The base URL and the name of the key in `URL=env:NAME` or `URL=secret:NAME`."""
    url, _, source = text.rpartition("=")
    kind, _, name = source.partition(":")
    if not url or not name or kind not in ("env", "secret"):
        raise ValueError("must be URL=env:NAME or URL=secret:projects/P/secrets/S/versions/V (value not shown)")
    return check_base_url(url), f"{kind}:{check_env_name(name) if kind == 'env' else check_secret_name(name)}"


def check_endpoints(urls: list[str] | None) -> list[str] | None:
    if urls is not None and "" in urls:
        raise ValueError("must not be empty: is a variable not set?")
    return None if urls is None else list(dict.fromkeys(check_base_url(url) for url in urls))


@contextmanager
def option_named(name: str) -> Iterator[None]:
    """Begin with the option's name what a ValueError says of its value."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"--{name}: {error}") from error


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    match value:
        case str():
            yield value
        case dict():
            for key, member in value.items():
                yield key
                yield from texts_in(member)
        case list():
            for member in value:
                yield from texts_in(member)


def check_languages(languages: list[str]) -> list[str]:
    """Return languages, each once."""
    from transforms.languages.names import LANGUAGE_NAMES  # as below

    known = [*LANGUAGE_NAMES, ANY_LANGUAGE]
    for language in languages:
        if language not in known:
            named = [code for code, name in LANGUAGE_NAMES.items() if name.lower() == language.lower()]
            near = f"; write {named[0]}" if named else hint(language, known)
            raise ValueError(f"{shown(language)} is no language code that is known (en, de, zh){near}")
    return list(dict.fromkeys(languages))


def check_question_language(said: str) -> str:
    """Return "document", or the code of the language that is named by its code or its English name."""
    if said == "document":
        return said
    from transforms.languages.names import LANGUAGE_NAMES, language_code  # a declaration needs none of what it declares

    if not (code := language_code(said)):
        near = hint(said.capitalize(), LANGUAGE_NAMES.values())
        raise ValueError(f"{shown(said)} is neither document nor a language (de, German){near}")
    return code


def hint(name: str, names: Any, cutoff: float = 0.6) -> str:
    near = difflib.get_close_matches(name.replace("-", "_") if name[:1] != "-" else name, list(names), n=1, cutoff=cutoff)
    return f"; did you mean {near[0]}?" if near else ""


def shown(value: Any) -> str:
    """A value for a message: short, and hidden where it might be a secret."""
    text = str(value)
    if looks_like_key(text) or "@" in text:
        return "'(not shown)'"
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


ARRIVAL, ATTRIBUTE, FIELD = ("arrival", "attribute", "field")


@dataclass(frozen=True, slots=True)
class EventTime:
    """Where a document's event time is. `name` is that of the attribute or field; "" for arrival."""

    kind: str = ARRIVAL
    name: str = ""


ON_ARRIVAL = EventTime()


def read_event_time(text: str) -> EventTime:
    """Read `--event_time`; ValueError if it has none of its three forms."""
    kind, colon, name = text.partition(":")
    if (kind == ARRIVAL and not colon) or (kind in (ATTRIBUTE, FIELD) and name):
        return EventTime(kind, name)
    raise ValueError(f"must be arrival, attribute:NAME or field:NAME, not {text[:60]!r}")
