"""The READMEs: short sentences, links that lead somewhere, nothing said twice, commands that run.

A block of `bash` or `python` runs offline in a copy of the checkout, or stands behind a line `<!-- needs: ... -->`. A
command of make only has to be a target: the others are run here, and `make demo` as what it runs.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.places import ROOT

BIN = Path(sys.executable).parent
# Folders that git leaves out or that are made, by name.
ELSEWHERE = re.compile(r"^(\..+|build|dist|(demo|llm)_output|node_modules|.*\.egg-info)$")
NEEDS = re.compile(r"^<!-- needs: .+ -->$")
COMMAND = re.compile(r"^\$? ?(webscale-qa|python3?|make|gcloud|export|pip|templates/|java|curl) ")
DEMO = "webscale-qa run --demo --input beam_pipeline/sample/documents.jsonl --output demo_output"
LONGEST_PAGE = 300
MEAN_WORDS = 20
REPEATED_WORDS = 6


def markdown(name: str) -> list[Path]:
    """The pages of that name in the checkout."""
    return sorted(
        path for path in ROOT.rglob(name) if not any(ELSEWHERE.match(part) for part in path.relative_to(ROOT).parts[:-1])
    )


READMES = markdown("README.md")
# The two pages beside them must not repeat them, nor link to what is not there.
PAGES = [*READMES, *sorted((ROOT / "templates").glob("*/SIZING.md")), *sorted((ROOT / "templates").glob("OPERATIONS.md"))]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


class Block(NamedTuple):
    """A fenced block: its language, whether it stands behind a line of `needs`, and its text."""

    language: str
    marked: bool
    text: str


def split(page: Path) -> tuple[list[str], list[Block]]:
    """The lines outside of fenced blocks, and the blocks."""
    prose: list[str] = []
    blocks: list[Block] = []
    fence, language, lines = "", "", []
    for line in page.read_text("utf-8").splitlines():
        found = re.match(r"^(`{3,})(\w*)$", line)
        if fence and line == fence:
            marked = bool(prose) and bool(NEEDS.match(next((one for one in reversed(prose) if one), "")))
            blocks.append(Block(language, marked, "\n".join(lines)))
            prose.append("<!-- a block -->")
            fence, lines = "", []
        elif fence:
            lines.append(line)
        elif found:
            fence, language = found.groups()
        else:
            prose.append(line)
    assert not fence, f"{name_of(page)}: a block without an end"
    return prose, blocks


def paragraphs(page: Path) -> Iterator[str]:
    """The running text: paragraphs and list items, without headings, tables and comments."""
    current: list[str] = []
    for line in [*split(page)[0], ""]:
        item = re.match(r"^\s*([-*]|\d+\.) ", line)
        if not line.strip() or item or re.match(r"^(#|\||<!--)", line):
            if current:
                yield " ".join(current)
            current = []
            if not item:
                continue
        current.append(re.sub(r"^\s*([-*]|\d+\.) ", "", line).strip())


def sentences(page: Path) -> list[str]:
    # A link is its words; a piece of code is one word.
    texts = (re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text) for text in paragraphs(page))
    texts = (re.sub(r"`[^`]*`", lambda code: code.group().replace(" ", "\N{NO-BREAK SPACE}"), text) for text in texts)
    return [one for text in texts for one in re.split(r"(?<=[.!?])[*\")]*[ ]+(?=[\"'(*`A-Z0-9-])", text) if words(one)]


def words(sentence: str) -> list[str]:
    return [word for word in sentence.split(" ") if re.search(r"\w", word)]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: list[str] = []
    for line in split(page)[0]:
        if line.startswith("#"):
            slug = re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
            found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)


def test_the_front_page_is_short() -> None:
    page = ROOT / "README.md"
    assert len(page.read_text("utf-8").splitlines()) <= LONGEST_PAGE
    lengths = [len(words(sentence)) for sentence in sentences(page)]
    assert len(lengths) > 50 and sum(lengths) / len(lengths) < MEAN_WORDS


def test_links_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        text = re.sub(r"`[^`]*`", "", "\n".join(split(page)[0]))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"^[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists() or (anchor and anchor not in anchors(file)):
                broken.append(f"{name_of(page)}: {target}")
    assert not broken


def test_no_sentence_stands_in_two_files() -> None:
    seen: dict[str, str] = {}
    twice = []
    for page in PAGES:
        for sentence in sentences(page):
            key = " ".join(re.findall(r"\w+", sentence.lower()))
            if len(key.split()) > REPEATED_WORDS and seen.setdefault(key, name_of(page)) != name_of(page):
                twice.append(f"{seen[key]} and {name_of(page)}: {sentence}")
    assert not twice


def test_commands_stand_in_blocks_that_are_looked_at() -> None:
    for page in READMES:
        for block in split(page)[1]:
            first = next((line for line in block.text.splitlines() if line.strip()), "")
            assert block.language in ("bash", "python") or not COMMAND.match(first), f"{name_of(page)}: {first}"


def test_targets_of_make_are_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        code = [block.text for block in split(page)[1]] + re.findall(r"`([^`]+)`", "\n".join(split(page)[0]))
        named = set(re.findall(r"^make ([a-z-]+)", "\n".join(code), re.MULTILINE))
        assert named <= targets, name_of(page)


def runnable(page: Path) -> list[Block]:
    """The blocks that run in a fresh checkout, without those that only call make."""
    blocks = (block for block in split(page)[1] if block.language in ("bash", "python") and not block.marked)
    return [block for block in blocks if not all(line.startswith("make ") for line in block.text.splitlines())]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with the output of the demo in it."""
    folder = tmp_path_factory.mktemp("checkout") / "webscale-qa"
    shutil.copytree(
        ROOT,
        folder,
        ignore=lambda _, names: [name for name in names if ELSEWHERE.match(name) or name in ("__pycache__", "tests")],
    )
    run_block(folder, Block("bash", False, DEMO))
    return folder


def run_block(folder: Path, block: Block) -> None:
    """Run a block as a reader would, with nothing to be reached but this machine."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
    for proxy in ("http_proxy", "https_proxy"):
        environment[proxy] = environment[proxy.upper()] = "http://127.0.0.1:9"
    environment["no_proxy"] = environment["NO_PROXY"] = "127.0.0.1,localhost"
    command = ["bash", "-euo", "pipefail", "-c"] if block.language == "bash" else [sys.executable, "-c"]
    done = subprocess.run(
        [*command, block.text], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{block.text}\nexited {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", [page for page in READMES if runnable(page)], ids=name_of)
def test_commands_run_as_they_stand(page: Path, checkout: Path) -> None:
    assert (BIN / "webscale-qa").exists(), "the command is not installed: run 'make setup'"
    for block in runnable(page):
        run_block(checkout, block)
