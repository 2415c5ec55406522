"""Where things are in a checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "beam_pipeline" / "sample" / "documents.jsonl"
DATA = ROOT / "tests" / "data"
SHARED = ROOT.parent / "shared" / "data"
