"""The operations page names counters that the pipeline counts, and files and options that there are."""

import re

from beam_pipeline.options.command_line import OPTIONS
from tests.places import ROOT

PAGES = [ROOT / "templates" / "OPERATIONS.md", *sorted((ROOT / "templates" / "serving").glob("*.md"))]
# Flags of others: our scripts' and an estimate's, and those that the recipes give the servers.
ELSEWHERE = (
    "templates/*.sh",
    "templates/Dockerfile",
    "templates/serving/*.yaml",
    "beam_pipeline/estimate/command.py",
    "beam_pipeline/estimate/sizing.py",
    "tests/graph_contract.py",
)


def sources() -> str:
    return "\n".join(
        path.read_text("utf-8") for folder in ("transforms", "beam_pipeline") for path in (ROOT / folder).rglob("*.py")
    )


def test_the_counters_to_watch_are_counted() -> None:
    page, code = PAGES[0].read_text("utf-8"), sources()
    tables = re.findall(r"^\| Counter of .*?\n\n", page, re.MULTILINE | re.DOTALL)
    named = [
        name for table in tables for row in table.strip().splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]
    assert len(tables) == 2 and len(named) > 15
    steps = re.findall(r"such as `([^`]+)`, as `ptransform`", page)
    labels = (ROOT / "tests" / "data" / "graph" / "batch.txt").read_text("utf-8").split()
    assert steps and set(steps) <= set(labels), "no such step in the graph"
    for name in named:
        stem = re.sub(r"<\w+>$", "", name).removesuffix("_ms")
        if name == "cumulativeThrottlingSeconds":
            assert "ThrottlingSignaler(" in code
        elif stem in ("documents/", "tasks/"):
            assert f'"{stem[:-1]}"' in code and 'f"{part}/{ending}"' in code
        else:
            assert f'"{stem}' in code, f"nothing counts {name}"


def test_the_flags_that_the_pages_name_are_there() -> None:
    others = "\n".join(path.read_text("utf-8") for glob in ELSEWHERE for path in ROOT.glob(glob))
    for page in PAGES:
        text = re.sub(
            r"(?m)^(gcloud|helm) .*$|`--no-cache-idle-slots`|SGLang `--tp-size.*?`|`--(tensor|quanti|kv-cache).*?`",
            "",
            page.read_text("utf-8"),
        )
        for name in re.findall(r"--([a-z][a-z0-9_-]+)", text):
            assert name in OPTIONS or f"--{name}" in others, f"{page.name} names --{name}"
