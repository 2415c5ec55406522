"""Documents for benchmarks: the sample corpus's own paragraphs, dealt anew into as many as wanted."""

import json
import random
from pathlib import Path

from tests.places import SAMPLE

# What pretraining corpora of web text have on average, and what the design was measured with.
MEAN_WORDS = 500
SEED = 20_260_101


def paragraphs() -> list[list[str]]:
    """The paragraphs of each good sample document, junk left out."""
    rows = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
    return [
        [part for part in row["text"].split("\n\n") if len(part.split()) >= 20]
        for row in rows
        if not row["id"].startswith("junk-")
    ]


def write_documents(path: Path, count: int, mean_words: int = MEAN_WORDS) -> Path:
    """Write `count` documents of about `mean_words` words as JSONL; the same ones every time.

    Each is the whole of one sample document's paragraphs in a new order, followed by paragraphs of
    others, so that each is about something and no two are near duplicates of each other.
    """
    rng = random.Random(SEED)
    sources = [source for source in paragraphs() if source]
    pool = [part for source in sources for part in source]
    with path.open("w", encoding="utf-8") as file:
        written: set[str] = set()
        while len(written) < count:
            wanted = rng.lognormvariate(0, 0.4) * mean_words
            parts = rng.sample(pool, len(pool))
            words, text = 0, []
            for part in parts:
                text.append(part)
                words += len(part.split())
                if words >= wanted:
                    break
            whole = "\n\n".join(text)
            if whole not in written:
                written.add(whole)
                file.write(json.dumps({"id": f"bench-{len(written)}", "text": whole}) + "\n")
    return path
