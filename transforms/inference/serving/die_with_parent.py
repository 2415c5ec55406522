"""Runs a command that ends when its standard input does: `python -I die_with_parent.py COMMAND ...`.

A model server is several processes that hold a GPU. Whatever way the process dies that started them, the system closes
its end of the pipe, and then nothing of the server is left. Only the standard library, in a process of its own.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

NOT_FOUND = 127
"""Exit status where there is no such command, as a shell's."""

TERM_S = 10.0


def end_group(group: int, number: int) -> None:
    """Send a signal to every process of a group that there is."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def die_with_parent(end: Callable[[], object]) -> None:
    """Call a function when standard input ends, in a thread of its own: then the parent is gone, whatever way it died."""

    def wait_for_end_of_input() -> None:
        # os.read, not sys.stdin: a thread inside a buffered reader breaks the interpreter's shutdown.
        while os.read(0, 4096):
            pass
        end()

    threading.Thread(target=wait_for_end_of_input, daemon=True).start()


def main() -> int:
    """Run the command; returns its exit status, as a shell would say it."""
    try:
        child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        print(f"cannot start {sys.argv[1]}: {error.strerror}", flush=True)
        return NOT_FOUND
    over = threading.Event()

    def end() -> None:
        end_group(child.pid, signal.SIGTERM)
        if not over.wait(TERM_S):
            end_group(child.pid, signal.SIGKILL)

    die_with_parent(end)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=end, daemon=True).start())
    status = child.wait()
    over.set()
    end_group(child.pid, signal.SIGKILL)  # what the server leaves behind still holds the GPU
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
