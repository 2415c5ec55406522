"""Pins what the image installs: `python templates/pin.py` rewrites `constraints.txt` for the Python that runs it.

pip looks up what a clean installation of its requirements would be, down to the last package; nothing is installed.
Run it with the Python version of the Dockerfile, on Linux.
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = ("requirements.txt", "requirements-crawl.txt")  # as the Dockerfile names them
HEADER = "# What the image installs, for Python {version}: written by templates/pin.py, not by hand.\n"


def pinned(report: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    """One "name==version" for each package of a report of pip, in alphabetical order."""
    found = {package["metadata"]["name"].lower(): package["metadata"]["version"] for package in report["install"]}
    return [f"{name}=={found[name]}" for name in sorted(found)]


def main() -> None:
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    command += [f"--requirement={HERE.parent / name}" for name in REQUIREMENTS]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    lines = pinned(json.loads(done.stdout))
    header = HEADER.format(version=f"{sys.version_info.major}.{sys.version_info.minor}")
    (HERE / "constraints.txt").write_text(header + "\n".join(lines) + "\n", "utf-8")
    print(f"wrote templates/constraints.txt: {len(lines)} packages")


if __name__ == "__main__":
    main()
