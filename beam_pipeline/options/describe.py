"""Write what is generated from the options: `templates/metadata.json` and the table of `beam_pipeline/options/README.md`.

`python -m beam_pipeline.options.describe` rewrites both; with `--check` it changes nothing and exits 1
where a file is not what the options say.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from beam_pipeline.exit_codes import FAILED, OK, UNUSABLE
from beam_pipeline.options.checks import NEEDS
from beam_pipeline.options.command_line import OPTIONS, Option
from beam_pipeline.options.values import STREAMING
from transforms.stages import MODEL_STAGES, SWITCHES

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path("beam_pipeline", "options", "README.md")
BEGIN, END = "<!-- options: begin -->", "<!-- options: end -->"

# What Dataflow must know before it starts a job. The graph runs both ways, so it "supports streaming", and the parameter
# of that name decides; what is delivered twice would break its counts, so never at least once. A default mode is
# only for templates that have both.
MODES = {"streaming": True, "supportsAtLeastOnce": False, "supportsExactlyOnce": True}

# A worker is elsewhere, so a path is never a local one.
REMOTE_PATH = r"[a-z][a-z0-9+.-]*://[^\n\r]+"
_BASE_URL = r"https?://[^\s,;@]+/v1/?"
BASE_URLS = rf"{_BASE_URL}(\s*,\s*{_BASE_URL})*"

# Beam's own flag, the only one that a launch has no other way to say: the service refuses parameters that it does not know.
STREAMING_PARAMETER = {
    "name": "streaming",
    "label": "Streaming",
    "helpText": "Run without an end: read a Pub/Sub subscription, or watch a folder for new files.",
    "groupName": STREAMING,
    "paramType": "BOOLEAN",
    "isOptional": True,
    "defaultValue": "false",
}


def metadata() -> dict[str, Any]:
    """The metadata of the Dataflow Flex Template, one parameter for each option."""
    return {
        "name": "Documents to verified question-answer pairs",
        "description": "Turns pretraining documents into verified question-answer pairs for reinforcement learning, "
        "with every model call going to an OpenAI-compatible endpoint.",
        **MODES,
        "parameters": list(_parameters()),
    }


def _parameters() -> Iterator[dict[str, Any]]:
    """The parameters in the order of the options, Beam's flag at the head of its group."""
    for group, options in groupby(OPTIONS.values(), attrgetter("group")):
        if group == STREAMING:
            yield STREAMING_PARAMETER
        yield from map(_parameter, options)


def _parameter(option: Option) -> dict[str, Any]:
    parameter: dict[str, Any] = {
        "name": option.name,
        "label": _label(option.name),
        "helpText": option.description,
        "groupName": option.group,
        "paramType": option.param_type,
        "isOptional": not option.required,
    }
    if option.default_text:
        parameter["defaultValue"] = option.default_text
    if option.choices:
        parameter["enumOptions"] = [{"value": choice, "label": choice} for choice in option.choices]
    # What a value looks like that no worker would have to refuse.
    inferred = REMOTE_PATH if option.param_type.startswith("GCS_") else BASE_URLS if option.split == "urls" else ""
    if regex := option.regex or inferred:
        parameter["regexes"] = [f"^{regex}$"]
    return parameter | _shown_with(option)


def _shown_with(option: Option) -> dict[str, Any]:
    """The parameter that a form shows this one with, and the value that it must have if not any will do that is not empty."""
    if option.stage:
        parent, _, trigger = SWITCHES.get(option.stage, "").removeprefix("--").partition(" ")
    else:
        parent, trigger = NEEDS.get(option.name, ("", ""))[0], ""
    if parent == STREAMING_PARAMETER["name"] or (parent and OPTIONS[parent].is_flag):
        trigger = "true"
    if not parent or (not trigger and OPTIONS[parent].default_text):
        return {}
    return {"parentName": parent, **({"parentTriggerValues": [trigger]} if trigger else {})}


def _label(name: str) -> str:
    words = f"{name[:-2]} (seconds)" if name.endswith("_s") else name
    return words.replace("_", " ").capitalize().replace("Api ", "API ").replace(" api ", " API ")


def options_table() -> str:
    """The table of all options; one row stands for a setting of every stage."""
    rows, group = ["| Group | Flag | Default | Help |", "|---|---|---|---|"], ""
    for option in OPTIONS.values():
        if option.stage not in ("", MODEL_STAGES[0]):
            continue
        flag = f"`--{option.stage and '<stage>_'}{option.setting or option.name}`"
        if option.choices:
            flag += f" {' / '.join(option.choices)}"
        default = "required" if option.required else f"`{option.default_text}`" if option.default_text else ""
        if option.stage:
            default = "the general one"
        heading = option.group if option.group != group else ""
        group = option.group
        rows.append(f"| {heading} | {flag} | {default} | {option.description.replace('|', '/')} |")
    return "\n".join(rows)


def with_table(page: str, table: str) -> str:
    """The page with the table between its markers; ValueError if one is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE}: the option table needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def generated(root: Path) -> dict[Path, str]:
    """What each generated file must hold."""
    page = root / PAGE
    return {
        root / "templates" / "metadata.json": json.dumps(metadata(), indent=2, ensure_ascii=False) + "\n",
        page: with_table(page.read_text("utf-8"), options_table()),
    }


def stale(root: Path) -> dict[Path, str]:
    """What the generated files that are not what the options say must hold."""
    files = generated(root).items()
    return {path: text for path, text in files if not path.is_file() or path.read_text("utf-8") != text}


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Rewrite or check the generated files of a checkout."""
    parser = argparse.ArgumentParser(
        prog="python -m beam_pipeline.options.describe", description="Rewrite the files that are generated from the options."
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where a file is stale")
    arguments = parser.parse_args(argv)
    if not (root / PAGE).is_file():
        print(f"beam_pipeline.options.describe works on a checkout of the project: there is no {PAGE} here", file=sys.stderr)
        return UNUSABLE
    found = stale(root)
    for path, text in found.items():
        if arguments.check:
            print(f"{path.relative_to(root)} is not what the options say: run 'make options'", file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(root)}")
    return FAILED if arguments.check and found else OK


if __name__ == "__main__":
    sys.exit(main())
