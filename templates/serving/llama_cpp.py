"""Serves a model file on this machine with llama.cpp, for as long as a command runs, or until Ctrl-C:

    pip install -r requirements-llm.txt
    python templates/serving/llama_cpp.py MODEL.gguf                                     # prints the URL, and serves
    python templates/serving/llama_cpp.py MODEL.gguf webscale-qa run --input ... --output ...

The command finds the server by OPENAI_BASE_URL, as the pipeline does without --endpoint. It listens on loopback only. Its
model is called as the file, without .gguf. Exit code: that of the command; 2 where the model cannot be served.
"""

import argparse
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

# A slot takes what the others leave of the context: one holds the longest document with its prompts and a reply.
SLOTS, CONTEXT = 4, 32_768
UNUSABLE, STOPPED = 2, 130


def start(model: Path, port: int = 0) -> Any:
    """Load a model and serve it; the port is a free one unless given. ImportError, OSError or RuntimeError where that fails."""
    import xllamacpp  # of the extra "llm": nothing else needs it

    if not model.is_file():
        raise FileNotFoundError(f"{model}: there is no such file")
    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(model), {model.stem}
    params.hostnames, params.port = ["127.0.0.1"], port
    params.n_parallel, params.n_ctx, params.kv_unified = SLOTS, CONTEXT, True
    # Else a slot that waits for the next call of its document is emptied as soon as another one gets work.
    params.cache_idle_slots = False
    params.verbosity = 1  # errors only: the command has its own words
    return xllamacpp.Server(params)


def main() -> int:
    """Serve while a command runs; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="port to listen on; a free one if it is not given")
    parser.add_argument("model", type=Path, help="GGUF file")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run against it")
    given = parser.parse_args()
    try:
        server = start(given.model, given.port)
    except ImportError:
        print("error: llama.cpp is not installed: pip install -r requirements-llm.txt", file=sys.stderr)
        return UNUSABLE
    except (OSError, RuntimeError) as error:
        print(f"error: {given.model} cannot be served: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:  # while it is loaded, which takes a while
        return STOPPED
    url = f"{server.listening_address}/v1"
    print(f"model {given.model.stem} at {url}", flush=True)
    if not given.command:
        with suppress(KeyboardInterrupt):
            signal.pause()
        return STOPPED
    running = subprocess.Popen(given.command, env={**os.environ, "OPENAI_BASE_URL": url})
    # The command ends in its own way and still needs the server for that. A terminal's Ctrl-C reaches it without our help.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: running.terminate())
    return running.wait()


if __name__ == "__main__":
    sys.exit(main())
