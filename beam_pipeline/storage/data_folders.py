"""Folders of data: which of their files are rows or texts, and which only say something about them.

A folder in a form that somebody else defined is read as that says: what Hugging Face's `datasets` saved, or the Hub's layout.
Of any other folder all files of a known format are taken, at any depth; beside files of rows, pages and texts are notes
about them. What a run of this program wrote is left out: its replies and verdicts are no corpus.
"""

import json
import os
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from importlib.util import find_spec

from apache_beam.io.filesystems import FileSystems

from beam_pipeline.storage.files import format_of

# A pattern of one folder, and the files that it matches with their bytes.
Find = Callable[[str], dict[str, int]]

_NOTES = ("text", "html")
_NO_ROWS = ("dataset_info.json", "dataset_dict.json", "dataset_infos.json", "state.json")
# What reads the addresses of a kind, and which extra of Beam brings it.
# Beside these options lies what a run writes.
_RUN = "options.yaml"
_OF_RUN = re.compile(
    r"(?:journal|preview)/.+|(qa|rejected|dead_letters|summaries)/(?:\1-[^/]*\d{5}-of-\d{5}\.\w+|beam-temp-\1-.+)"
    r"|(?:summary\.json|report\.html|audit\.md)"
)
_EXTRAS = {"s3": ("boto3", "aws"), "azfs": ("azure.storage.blob", "azure"), "hdfs": ("hdfs", "hadoop")}
_DOWNLOADS = {
    "hf": "download it first: hf download --repo-type dataset OWNER/NAME --local-dir FOLDER; then --input FOLDER",
    **dict.fromkeys(("http", "https", "ftp"), "download it first, as with curl -LO; then name the file"),
    "file": "name the path without file://",
}


def scheme_hint(path: str) -> str:
    """What to do about an address that cannot be read as it is; "" for one that can, or that nobody here knows."""
    scheme = FileSystems.get_scheme(path) or ""
    if scheme in _DOWNLOADS:
        return _DOWNLOADS[scheme]
    module, extra = _EXTRAS.get(scheme, ("", ""))
    return f'{scheme}:// needs more of Beam: pip install "apache-beam[{extra}]"' if module and not _is_there(module) else ""


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of what holds it
        return False


def files_of_folder(folder: str, find: Find) -> dict[str, int]:
    """The files of a folder that are rows or texts, in order, with their bytes."""
    local = FileSystems.get_scheme(folder) is None
    if saved := dict(_saved_data_sets(folder)) if local else {}:
        return saved
    name = without_wildcards(folder) if local else folder
    for inside in ("data/*.parquet", "*.parquet"):  # as the Hub lays them out: data/train-00000-of-00004.parquet
        if found := find(f"{name}/{inside}"):
            return found
    there = find(f"{name}/**")
    runs = runs_among(there)
    of_runs = {path for path in there if run_of(path, runs)}
    found = {path: size for path, size in there.items() if path.startswith(folder) and _is_data(folder, path)}
    if found and found.keys() <= of_runs and folder in runs:
        raise ValueError(f"{folder}: is the output folder of a run, and no corpus; of its pairs the files are {folder}/qa/*")
    found = {path: size for path, size in found.items() if path not in of_runs}
    rows = {path: size for path, size in found.items() if format_of(path) not in _NOTES}
    return rows or found


def runs_among(paths: Iterable[str]) -> frozenset[str]:
    """The folders of which files say that a run wrote there."""
    return frozenset(path.rpartition("/")[0] for path in paths if path.rpartition("/")[2] == _RUN)


def run_of(path: str, runs: Container[str]) -> str:
    """The output folder, of those `runs`, of which a file is a part by its name; "" where there is none."""
    parts = path.split("/")
    inside = ((("/".join(parts[:-depth])), "/".join(parts[-depth:])) for depth in (1, 2, 3))
    return next((folder for folder, name in inside if folder in runs and _OF_RUN.fullmatch(name)), "")


def without_wildcards(path: str) -> str:
    """A pattern that matches a path whatever characters are in it; what else it matches differs in those."""
    return re.sub(r"[*?\[]", "?", path)


def _is_data(folder: str, path: str) -> bool:
    inside = path[len(folder) :].strip("/").split("/")
    hidden = any(part.startswith((".", "_")) for part in inside)
    return format_of(path) is not None and not hidden and inside[-1] not in _NO_ROWS


def _saved_data_sets(folder: str) -> Iterator[tuple[str, int]]:
    """The files of a data set, or of a dictionary of them, as `save_to_disk` wrote it.

    `state.json` names them: what lies beside them is what `map` and `filter` kept for themselves.
    """
    splits = _read(folder, "dataset_dict.json").get("splits", [])
    for inside in (folder, *(os.path.join(folder, str(split)) for split in splits)):
        for entry in _read(inside, "state.json").get("_data_files", ()):
            path = os.path.join(inside, str(entry.get("filename", "")) if isinstance(entry, Mapping) else "")
            if os.path.isfile(path):
                yield path, os.path.getsize(path)


def _read(folder: str, name: str) -> Mapping[str, list[object]]:
    """A file of JSON that lists things; nothing where it is not there or is none."""
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            read = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    lists = read.items() if isinstance(read, dict) else ()
    return {key: value for key, value in lists if isinstance(value, list)}
