"""What a person reads of a run whose output could not be written: a full disk, a folder that went away, in one line.

Beam tells of it in a text, with the traceback of the worker that met it.
"""

import re

# What file systems raise, at one of the transforms that write; a bug of ours raises something else, and is to be seen whole.
_FAILED = re.compile(
    r"(?:OSError|IOError|FileNotFoundError|FileExistsError|PermissionError|NotADirectoryError|IsADirectoryError|BlockingIOError|"
    r"InterruptedError|TimeoutError|BeamIOError): (?P<why>[^\n]{0,1000}?) "
    r"\[while running 'Write(?:QA|Rejected|DeadLetters|Summary)/"
)
_NUMBER = re.compile(r"\[Errno \d+\] ")


def write_failure(text: str) -> str | None:
    """Why the output could not be written, as a text of Beam says; None where it says something else."""
    found = _FAILED.search(text)
    return f"the output cannot be written: {_NUMBER.sub('', found['why'])}" if found else None
