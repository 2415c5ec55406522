"""Why an output could not be written, read out of what Beam says."""

import pytest

from beam_pipeline.run.write_failure import write_failure

BEHIND = "[while running 'WriteQA/WriteFiles/Write/WriteImpl/WriteBundles']"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"OSError: [Errno 28] No space left on device {BEHIND}", "No space left on device"),
        (f"RuntimeError: OSError: [Errno 122] Disk quota exceeded {BEHIND}", "Disk quota exceeded"),
        (f"Traceback:\n  File x\nPermissionError: [Errno 13] no: '/o/qa' {BEHIND}\nmore", "no: '/o/qa'"),
        ("BeamIOError: Unable to rename [while running 'WriteRejected/x']", "Unable to rename"),
        (f"TypeError: a bug of ours {BEHIND}", None),
        ("OSError: [Errno 28] No space left on device [while running 'Filter/Ask']", None),
        ("OSError: " + "x" * 100_000, None),
        ("OSError: " * 20_000, None),
    ],
)
def test_why(text: str, why: str | None) -> None:
    assert write_failure(text) == (why and f"the output cannot be written: {why}")
