"""A model file served on this machine: the server starts and ends with a command, and what is missing is one line."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.places import ROOT

STARTER = ROOT / "templates" / "serving" / "llama_cpp.py"
# Prints what the server calls its model, and how many tokens it answered.
ASKS = """
import json, os, sys, urllib.request
url = os.environ["OPENAI_BASE_URL"]
body = {"messages": [{"role": "user", "content": "Are you ready?"}], "max_tokens": 4}
request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
with urllib.request.urlopen(f"{url}/models") as models, urllib.request.urlopen(request) as reply:
    print(json.dumps([json.load(models)["data"][0]["id"], json.load(reply)["usage"]["completion_tokens"]]))
sys.exit(7)
"""


def start(*arguments: str, timeout_s: float = 300) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, STARTER, *arguments], capture_output=True, text=True, timeout=timeout_s)


@pytest.mark.skipif(find_spec("xllamacpp") is not None, reason="llama.cpp is installed")
def test_without_llama_cpp_one_line_says_what_to_install(tmp_path: Path) -> None:
    done = start(str(tmp_path / "model.gguf"), "true")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: llama.cpp is not installed: pip install -r requirements-llm.txt\n"


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_llm_asks_for_a_file() -> None:
    # Nor what a make above this test tells those below it.
    environment = {
        name: value for name, value in os.environ.items() if name != "MODEL" and not name.startswith(("MAKE", "MFLAGS"))
    }
    done = subprocess.run(["make", "llm"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    [line] = done.stderr.splitlines()
    assert done.returncode == 2 and done.stdout == "" and "make llm MODEL=FILE.gguf" in line


@pytest.mark.integration
def test_a_command_finds_the_model_and_the_server_ends_with_it() -> None:
    pytest.importorskip("xllamacpp", reason="serves the model: pip install -r requirements-llm.txt")
    model = os.environ.get("LLM_MODEL", "")
    if not Path(model).is_file():
        pytest.skip("needs a model: LLM_MODEL names a GGUF file")
    missing = start("no-such-file.gguf", "true")
    assert missing.returncode == 2 and missing.stderr.splitlines()[-1].startswith("error: no-such-file.gguf")
    done = start(model, sys.executable, "-c", ASKS)
    assert done.returncode == 7, done.stderr
    said, answered = done.stdout.splitlines()
    assert said.startswith(f"model {Path(model).stem} at http://127.0.0.1:")
    name, tokens = json.loads(answered)
    assert name == Path(model).stem and 0 < tokens <= 4
