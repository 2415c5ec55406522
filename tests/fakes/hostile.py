"""A run's output in which documents, models and rows say what would be markup, script or a template if it were taken for that."""

import json
from pathlib import Path

from beam_pipeline.main import main

EVIL = "<script>alert(1)</script>{{7*7}}${7*7}</script><img src=x onerror=alert(2)><!--\u2028'\"&amp;"


def hostile_output(folder: Path) -> Path:
    """Run the pipeline over hostile rows, and put a hostile accepted pair beside what it wrote."""
    source = folder.with_suffix(".jsonl")
    good = {"id": EVIL, "text": f"Before it. {EVIL} After it.", "source": EVIL}
    source.write_text(f"{json.dumps(good)}\n{EVIL}\n", "utf-8")
    main(["--demo", "--input", str(source), "--output", str(folder), "--report", "false"])
    row = {
        **{
            name: EVIL
            for name in ("id", "document_id", "source", "domain", "persona", "question", "answer", "answer_type", "quote")
        },
        "aliases": [EVIL],
        "verdicts": [{"check": EVIL, "passed": False, "model": EVIL, "prompt_version": 1, "detail": EVIL, "verifier": 1}],
        "provenance": {"calls": [{"stage": EVIL, "model": EVIL, "prompt_version": 1, "prompt_sha256": EVIL}]},
    }
    # More of them, enough for a map, of domains that the summary has never heard of.
    others = [
        {**row, "id": f"{n}", "document_id": f"{n}", "question": f"{EVIL} bridge {n}", "domain": f"{EVIL}{n}"} for n in range(9)
    ]
    lines = "".join(f"{json.dumps(each)}\n" for each in [row, *others])
    (folder / "qa" / "qa-00001-of-00002.jsonl").write_text(lines, "utf-8")
    path = folder / "summary.json"
    summary = json.loads(path.read_text("utf-8"))
    summary["domains"][EVIL] = {"accepted": 1, "yield": 1.0}
    summary["reasons"][f"{EVIL}/{EVIL}"] = 1
    summary["answer_types"][EVIL] = 1
    path.write_text(json.dumps(summary), "utf-8")
    return folder
