"""Paraphrases of benchmark items: how many are found, and how many look-alikes are taken for one.

    make quality QUALITY_ARGS="paraphrases --failures"
    python -m tests.quality.semantic --endpoint http://127.0.0.1:8001/v1 --model all-MiniLM-L6-v2

`make quality` uses vectors of all-MiniLM-L6-v2 that are in the repository (tests/data/paraphrases.npz, int8, made by the
second command with `--write`), so no model is needed. The second command asks any endpoint, and shows what each least
cosine (`--embedding_similarity` of a run) would find with that model: other models spread their cosines differently.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.places import DATA
from tests.quality.cases import PARTS, Area, Case, labelled, part_of
from transforms.benchmarks.paraphrase import SIMILARITY, asks_the_same, core_question, difference, take_apart
from transforms.inference.config import EmbeddingConfig, ModelConfig
from transforms.inference.runtime import close_runtime, get_runtime
from transforms.inference.scheduling.embedding_batches import EmbeddingAnswer, EmbeddingCall
from transforms.text import stable_hash

VECTORS = DATA / "paraphrases.npz"
# The other set is labelled for all tiers together; two of its kinds are for this one.
KINDS = {"paraphrase": True, "look_alike": False}

Vectors = Mapping[str, NDArray[np.float32]]


def read_rows() -> list[dict[str, Any]]:
    return labelled("paraphrases")


def other_rows() -> list[dict[str, Any]]:
    """The rows of the other set that are for this tier; the benchmark's answers are not in it."""
    rows = labelled("decontamination") if (DATA / "decontamination.jsonl").is_file() else []
    return [{**row, "paraphrase": KINDS[row["kind"]]} for row in rows if row["kind"] in KINDS]


def texts_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every text that has to be embedded, once."""
    return list(dict.fromkeys(core_question(row[name]) for row in rows for name in ("question", "benchmark_question")))


def read_vectors(path: Path = VECTORS) -> Vectors:
    """The vectors in the repository, by the hash of their text."""
    with np.load(path) as stored:
        vectors = stored["vectors"].astype(np.float32)
        keys = stored["keys"]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return dict(zip(keys.tolist(), vectors, strict=True))


def write_vectors(vectors: Vectors, path: Path = VECTORS) -> None:
    exact = np.array(list(vectors.values()))
    rounded = np.rint(exact * (127 / np.abs(exact).max(axis=1, keepdims=True))).astype(np.int8)
    np.savez_compressed(path, keys=np.array(list(vectors)), vectors=rounded)


def ask_vectors(endpoint: str, model: str, texts: Sequence[str]) -> Vectors:
    """The vectors of texts from an endpoint, by the hash of their text."""
    answers: SimpleQueue[EmbeddingAnswer] = SimpleQueue()
    config = EmbeddingConfig(ModelConfig((endpoint,), model, request_timeout_s=600.0))
    try:
        get_runtime().embed(EmbeddingCall("quality", "quality", tuple(texts), config, 0, answers.put))
        answer = answers.get()
    finally:
        close_runtime()
    if answer.error is not None:
        raise SystemExit(str(answer.error))
    vectors = np.array(answer.vectors, dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return dict(zip(map(stable_hash, texts), vectors, strict=True))


def judge(rows: Sequence[Mapping[str, Any]], vectors: Vectors, answers: bool, least: float = SIMILARITY) -> Iterator[Case]:
    """Each row as a case; `answers` says whether the benchmark is taken to come with its answers."""
    for number, row in enumerate(rows):
        one, other = (vectors[stable_hash(core_question(row[name]))] for name in ("question", "benchmark_question"))
        cosine = float(one @ other)
        known = row.get("benchmark_answer", "") if answers else ""
        found = asks_the_same(row["question"], [row["answer"]], "", row["benchmark_question"], known, cosine, least)
        why = difference(take_apart(row["question"]), take_apart(row["benchmark_question"]), cosine, least)
        said = f"similarity {cosine:.2f}{f', differs in {why}' if why else ''}"
        shown = f"{row['question']} / {row['benchmark_question']}"
        yield Case(str(number + 1), row["kind"], part_of(row), row["paraphrase"], found, said, shown)


def _area(name: str, rows: Callable[[], list[dict[str, Any]]], answers: bool) -> Area:
    if not VECTORS.is_file():
        return Area(name, "paraphrase", notes=(f"no {VECTORS.name}: see tests/quality/semantic.py",))
    vectors = read_vectors()
    measured = [row for row in rows() if all(stable_hash(text) in vectors for text in texts_of([row]))]
    cases = list(judge(measured, vectors, answers))
    missing = len(rows()) - len(measured)
    note = " ".join(
        f"{PARTS[part]}: {sum(case.found for case in wrong)} of {len(wrong)} look-alikes flagged;"
        for part in PARTS
        for wrong in [[case for case in cases if case.part == part and not case.expected]]
    )
    notes = [note.rstrip(";"), f"{missing} rows have no vector in {VECTORS.name} and are not measured"]
    return Area(name, "paraphrase", cases, notes if missing else notes[:1])


def paraphrases() -> Area:
    """The labelled set, the benchmark's answers not known."""
    return _area("paraphrases", read_rows, answers=False)


def paraphrases_with_answers() -> Area:
    """The same, the benchmark's answers known."""
    return _area("  with the items' answers", read_rows, answers=True)


def far_paraphrases() -> Area:
    """The other set, whose paraphrases share hardly a word with their item."""
    return _area("  in no word the same", other_rows, answers=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--write", action="store_true", help=f"keep the vectors in {VECTORS.name}")
    options = parser.parse_args()
    rows, others = read_rows(), other_rows()
    vectors = ask_vectors(options.endpoint, options.model, texts_of([*rows, *others]))
    if options.write:
        write_vectors(vectors)
    print(f"{len(rows)} labelled pairs: paraphrases found, look-alikes flagged, at each least cosine")
    print(f"{'':8}{'tune':>24}{'held out':>24}{'with answers: tune':>26}{'held out':>24}")
    for least in [*np.arange(0.5, 0.96, 0.05).round(2).tolist(), SIMILARITY]:
        figures = ""
        for answers in (False, True):
            cases = list(judge(rows, vectors, answers, least))
            for part in PARTS:
                recall, false = (
                    [case.found for case in cases if case.part == part and case.expected is e] for e in (True, False)
                )
                figures += f"{np.mean(recall):>14.1%}{np.mean(false):>10.1%}"
        print(f"{least:<8}{figures}")


if __name__ == "__main__":
    main()
