"""What the rules cost, with no model and no runner: documents and pairs a second, on one core.

Screening is measured with the fingerprint that every kept document makes to find its copies, checks on pairs of
the documents themselves. CPU time, so that a busy machine does not show.
"""

import json
import random
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from transforms.check import check_pair
from transforms.duplicates.document_copies import Fingerprint
from transforms.records import Document, Persona, PersonaTask, QAPair
from transforms.screen import ScreenConfig, screen_document
from transforms.text import neutralise

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "beam_pipeline" / "sample" / "documents.jsonl"
SHARED = ROOT.parent / "shared" / "data" / "documents.jsonl"
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
    screening = seconds(lambda: screen_texts(texts), repeat)
    making_safe = seconds(lambda: [neutralise(text) for text in texts], repeat)
    checking = seconds(lambda: check_pairs(pairs), repeat)
    print(f"\nrules on one core, {len(texts)} {name} of {words:,.0f} words on average, medians of {repeat}")
    print(f"screening, with fingerprints   {len(texts) / screening:>8,.0f} documents/s")
    print(f"making safe for a prompt       {len(texts) / making_safe:>8,.0f} documents/s")
    print(
        f"checks on a pair               {len(pairs) / checking:>8,.0f} pairs/s    ({check_pairs(pairs)} of {len(pairs)} pass)",
        flush=True,
    )
