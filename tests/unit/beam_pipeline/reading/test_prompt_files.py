"""A user's own prompts: a folder with the files that differ."""

from collections.abc import Callable
from pathlib import Path

import pytest

from beam_pipeline.reading.prompt_files import NO_FOLDER, read_prompt_files
from prompts.load import PromptError, load_domains
from prompts.prompt_file import prompt_text
from tests.fakes.object_store import ObjectStore

FILTER = "---\nversion: 7\n---\n## Task: filter\n\nKeep all.\n<!-- after the document -->\nTask: filter\n"
DOMAINS = "- {slug: pottery, name: Pottery, description: clay}\n- {slug: math, name: Maths, description: numbers}\n"
EXEMPLAR = (
    '{"id": "mine", "persona": "potter", "passage": "Clay is fired at 900 degrees.", '
    '"question": "At how many degrees is clay fired?", "answer": "900", "answer_type": "number"%s}\n'
)
FILES = {"filter.md": FILTER, "domains.yaml": DOMAINS, "exemplars/pottery.jsonl": EXEMPLAR % ""}


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., str]:
    """Make a folder of files."""

    def make(files: dict[str, str], name: str = "mine") -> str:
        for file, text in files.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return str(tmp_path / name)

    return make


@pytest.mark.parametrize("name", ["mine", "mine [new]", "*"])
@pytest.mark.parametrize("scheme", ["", "store:/"])
def test_every_kind_of_file_is_read(folder: Callable[..., str], name: str, scheme: str) -> None:
    if scheme and name != "mine":
        pytest.skip("a bucket's folder with wildcards in its name")
    assert ObjectStore.scheme() == "store"
    folder({"filter.md": "a neighbour, which is not read"}, name.replace("[", "("))
    own = read_prompt_files(scheme + folder(FILES, name))
    assert [(prompt.name, prompt.version) for prompt in own.prompts] == [("filter", 7)]
    assert [domain.slug for domain in own.domains] == ["pottery", "math"]
    bank = own.bank(own.domains)
    assert [exemplar.answer for exemplar in bank["Pottery"]] == ["900"]
    assert len(bank["Maths"]) > 5, "the shipped bank of a domain whose file is not in the folder"


def test_what_is_for_people_is_ignored(folder: Callable[..., str]) -> None:
    own = read_prompt_files(folder({**FILES, "README.md": "Mine.", ".hidden": "", ".git/config": "", "exemplars/.x.jsonl": ""}))
    assert ([prompt.name for prompt in own.prompts], list(own.banks)) == (["filter"], ["pottery"])


def test_without_a_folder_there_is_none() -> None:
    assert read_prompt_files("") == NO_FOLDER


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("fliter.md", "filter.md"),
        ("check.md", ""),
        ("filter.txt", "filter.md"),
        ("Filter.md", "filter.md"),
        ("domain.yaml", "domains.yaml"),
        ("domains.yml", "domains.yaml"),
        ("exemplar/math.jsonl", "exemplars/math.jsonl"),
        ("exemplars/math.json", "exemplars/math.jsonl"),
        ("exemplars/filter.md", ""),
        ("math.jsonl", "exemplars/math.jsonl"),
        ("prompts/filter.md", "filter.md"),
        ("load.py", ""),
        ("notes", ""),
    ],
)
def test_a_name_that_nothing_reads_is_refused_and_the_nearest_named(folder: Callable[..., str], name: str, near: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_prompt_files(folder({**FILES, name: "x"}))
    said = str(caught.value)
    assert f"mine/{name}: nothing reads a file of this name" in said and "\n" not in said
    assert f"did you mean {near}?" in said if near else True
    assert said.endswith("there are " + said.rpartition("there are ")[2]) and "system.md, filter.md" in said
    assert "exemplars/<slug>.jsonl" in said and "domains.yaml" in said


def test_a_bank_of_no_domain_is_refused(folder: Callable[..., str]) -> None:
    own = read_prompt_files(folder({"exemplars/mth.jsonl": EXEMPLAR % ""}))
    with pytest.raises(
        ValueError, match=r"mth\.jsonl: no domain of this run has this slug; did you mean exemplars/math\.jsonl\?"
    ):
        own.bank(load_domains())


def test_a_row_of_another_domain_is_refused(folder: Callable[..., str]) -> None:
    own = read_prompt_files(folder({"exemplars/math.jsonl": EXEMPLAR % ', "domain": "coding"'}))
    with pytest.raises(PromptError, match="exemplar mine names the domain 'coding'; the file's name says math"):
        own.bank(load_domains())


def test_the_judges_prompt_is_refused_unless_it_is_the_shipped_one(folder: Callable[..., str]) -> None:
    assert read_prompt_files(folder({"filter.md": FILTER, "reward_judge.md": prompt_text("reward_judge")})).prompts
    with pytest.raises(
        ValueError, match=r"reward_judge\.md: no stage of a run reads it, but the judge of a reward: change .*export"
    ):
        read_prompt_files(folder({"reward_judge.md": FILTER}))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("filter.md", "Keep all.", "no front matter"),
        ("domains.yaml", "a: b", "must be a list of domains"),
        ("exemplars/math.jsonl", "{", r"math\.jsonl:1: not JSON"),
    ],
)
def test_a_broken_file_is_named_by_its_path(folder: Callable[..., str], name: str, text: str, message: str) -> None:
    path = folder({name: text})
    with pytest.raises(PromptError, match=f"{path}/.*{message}"):
        read_prompt_files(path).bank(load_domains())


def test_a_folder_without_prompts_is_refused(folder: Callable[..., str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no file of prompts, such as filter\.md"):
        read_prompt_files(folder({"README.md": "nothing yet"}))
    with pytest.raises(ValueError, match="gone: no such folder"):
        read_prompt_files(str(tmp_path / "gone"))
    with pytest.raises(ValueError, match="is a file; name the folder that it is in"):
        read_prompt_files(folder(FILES) + "/filter.md")


def test_what_was_replaced_is_said(folder: Callable[..., str]) -> None:
    files = {
        **FILES,
        "verify.md": prompt_text("verify"),
        "ask_back.md": prompt_text("ask_back"),
        "synthesize.md": prompt_text("synthesize").replace("Never a sentence.", ""),
    }
    said = dict(read_prompt_files(folder(files)).replaced(("filter", "classify", "synthesize", "verify")))
    assert said["filter.md"].startswith("version 7 instead of ")
    assert said["verify.md"] == "the same as the shipped one"
    assert said["ask_back.md"] == "not used: this run has no such stage; add --ask_back"
    assert "give it a number of its own" in said["synthesize.md"]
    assert said["domains.yaml"] == "2 domains instead of 10"
    assert said["exemplars/pottery.jsonl"] == "1 exemplar instead of 0"
