"""Pins what the image installs: `python templates/pin.py` rewrites `constraints.txt` for the Python that runs it.

pip looks up what a clean installation of `requirements.txt` would be, down to the last package; nothing is installed.
Run it with the Python version of the Dockerfile, on Linux.
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADER = "# What the image installs, for Python {version}: written by templates/pin.py, not by hand.\n"


def runtime_requirements(text: str) -> str:
    """The lines of requirements.txt that a run needs: those above "# Tests"."""
    return text.partition("\n# Tests\n")[0] + "\n"


def pinned(report: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    """One "name==version" for each package of a report of pip, in alphabetical order."""
    found = {package["metadata"]["name"].lower(): package["metadata"]["version"] for package in report["install"]}
    return [f"{name}=={found[name]}" for name in sorted(found)]


def main() -> None:
    requirements = runtime_requirements((HERE.parent / "requirements.txt").read_text("utf-8"))
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    done = subprocess.run([*command, "-r", "/dev/stdin"], input=requirements, stdout=subprocess.PIPE, text=True, check=True)
    lines = pinned(json.loads(done.stdout))
    header = HEADER.format(version=f"{sys.version_info.major}.{sys.version_info.minor}")
    (HERE / "constraints.txt").write_text(header + "\n".join(lines) + "\n", "utf-8")
    print(f"wrote templates/constraints.txt: {len(lines)} packages")


if __name__ == "__main__":
    main()
