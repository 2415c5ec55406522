"""What the rules cost, with no model and no runner: documents and pairs a second, on one core.

Screening is measured with the fingerprint that every kept document makes to find its copies, checks on pairs of
the documents themselves. CPU time, so that a busy machine does not show.
"""

import json
import random
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tests.places import ROOT, SAMPLE
from transforms.check import check_pair
from transforms.duplicates.document_copies import Fingerprint
from transforms.grounding.find import find_in_text
from transforms.inference.journal.reply_index import ReplyIndex, hash_key, pack_record, unpack_records
from transforms.records import Document, Persona, PersonaTask, QAPair
from transforms.reward.score import reward
from transforms.screen import ScreenConfig, screen_document, screen_text
from transforms.text import neutralise

SHARED = ROOT.parent / "shared" / "data" / "documents.jsonl"
REWARDS = ROOT / "tests" / "data" / "reward.jsonl"
SEED = 20_260_101
_WARM_UP = 20  # documents: langdetect's profiles and compiled expressions are loaded once a process
_TERM = re.compile(r"\b[A-Z][a-z]{3,}(?: [A-Z][a-z]+)?\b|\b\d[\d,.]*\d(?: [a-z]{3,})?")


def real_texts() -> tuple[str, list[str]]:
    """The labelled real documents where they are at hand, else the sample corpus; with a name for what it is."""
    path, name = (SHARED, "real documents") if SHARED.exists() else (SAMPLE, "sample documents")
    return name, [json.loads(line)["text"] for line in path.read_text("utf-8").split("\n") if line]


def screen_texts(texts: Sequence[str]) -> int:
    """What the screening stage does to texts on one core; returns how many it keeps."""
    config, kept = ScreenConfig(), 0
    for number, text in enumerate(texts):
        for result in screen_document(Document(f"d{number}", text), config):
            if isinstance(result, Document):
                fingerprint = Fingerprint(result.text, result.where, result.id)
                kept += any(fingerprint.buckets(config.exact_duplicates, config.near_duplicates))
    return kept


def pairs_of(texts: Sequence[str]) -> list[QAPair]:
    """Pairs as a model might write them: a term of each document, asked for in words that do not say it."""
    rng = random.Random(SEED)
    pairs = []
    for number, text in enumerate(texts):
        task = PersonaTask(Document(f"d{number}", text), "Other", Persona("reader"))
        terms = _TERM.findall(text[:20_000]) or ["nothing"]
        for term in rng.sample(terms, min(3, len(terms))):
            kind = "number" if term[0].isdigit() else "name"
            question = "Which entry of the catalogue did Ada Lovelace copy into her notebook on 4 May 1843 in London?"
            pairs.append(QAPair(task, question, term, kind, (term.lower(), f"the {term}")))
    return pairs


def check_pairs(pairs: Sequence[QAPair]) -> int:
    """The rules on pairs; returns how many pass."""
    return sum(check_pair(pair) is None for pair in pairs)


def find_answers(texts: Sequence[str]) -> None:
    """Three searches of each text, for what few of them say."""
    for text in texts:
        for answer, answer_type in (("1,234 km", "number"), ("4 May 1923", "date"), ("Nobody Atall", "name")):
            find_in_text(answer, text, answer_type)


def score_all(rows: Sequence[Mapping[str, Any]]) -> None:
    """A reward for each labelled response."""
    for row in rows:
        reward(row["response"], row["ground_truth"], row["answer_type"], row["aliases"])


def full_index() -> ReplyIndex:
    """As many replies as it has room for."""
    index, random_numbers = ReplyIndex(), np.random.default_rng(0)
    for number in range(70):
        piece = unpack_records(b"".join(pack_record("", place, 1) for place in range(256))).repeat(256)
        piece["hash"] = random_numbers.integers(0, 1 << 64, len(piece), dtype=np.uint64)
        index.add(number, piece)
    return index


def seconds(call: Callable[[], object], repeat: int) -> float:
    """CPU seconds of a call, the median of several."""
    taken = []
    for _ in range(repeat):
        started = time.process_time()
        call()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def throughput(repeat: int) -> None:
    """Print what a core does in a second."""
    name, texts = real_texts()
    words = statistics.mean(len(text.split()) for text in texts)
    pairs = pairs_of(texts)
    screen_texts(texts[:_WARM_UP])
    check_pairs(pairs[:_WARM_UP])
    rewards = [json.loads(line) for line in REWARDS.read_text("utf-8").splitlines()]
    index, keys = full_index(), [f"{number:032x}" for number in range(500)]
    print(f"\nrules on one core, {len(texts)} {name} of {words:,.0f} words on average, medians of {repeat}")
    # What is done, how often, and the least a second that is no regression, on a core of some years ago.
    for what, unit, count, floor, call in (
        ("screening, with fingerprints", "documents", len(texts), 150, lambda: screen_texts(texts)),
        ("screening, the rules alone", "documents", len(texts), 300, lambda: [screen_text(text) for text in texts]),
        ("making safe for a prompt", "documents", len(texts), 5_000, lambda: [neutralise(text) for text in texts]),
        ("checks on a pair", "pairs", len(pairs), 200, lambda: check_pairs(pairs)),
        ("finding an answer", "characters", 3 * sum(map(len, texts)), 500_000, lambda: find_answers(texts)),
        ("rewards", "responses", len(rewards), 500, lambda: score_all(rewards)),
        ("misses in a full index of replies", "keys", len(keys), 50_000, lambda: [index.find(hash_key(key)) for key in keys]),
    ):
        rate = count / seconds(call, repeat)
        print(f"{what:<35}{rate:>13,.0f} {unit}/s{'' if rate >= floor else f'    BELOW {floor:,}'}", flush=True)
    print(f"{check_pairs(pairs)} of {len(pairs)} pairs pass")
