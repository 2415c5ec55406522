"""Runs the pipeline: options, reading, output, engines, report, export, estimate, the embedded endpoint."""

import os
import sys

__version__ = "0.1.0"


def _refuse_shadows() -> None:
    """End the program in one line where files of the folder that it was started in hide our other packages.

    `python -m` looks for modules in the current folder first; the installed command `webscale-qa` does not.
    """
    here, ours = os.path.realpath(sys.path[0] or "."), os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    for name in ("prompts", "transforms"):
        hiding = next((path for path in (f"{name}.py", name) if os.path.exists(os.path.join(here, path))), "")
        if hiding and here != ours:
            print(f"error: {hiding} in this folder hides our package {name}; call webscale-qa, or go elsewhere", file=sys.stderr)
            raise SystemExit(2)


if sys.argv[:1] == ["-m"]:  # `python -m beam_pipeline...`, before its module is looked for
    _refuse_shadows()
