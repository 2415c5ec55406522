"""Runs the pipeline: options, reading, output, engines, report, export, estimate, the embedded endpoint."""

import os
import sys
from importlib.util import find_spec

__version__ = "0.1.0"


def _refuse_shadows() -> None:
    """End the program in one line where files of the folder that it was started in hide our other packages.

    `python -m` looks for modules in the current folder first; the installed command `webscale-qa` does not.
    """
    ours = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    for name in ("prompts", "transforms"):
        found = find_spec(name)
        if found is None or os.path.realpath(found.origin or "") != os.path.join(ours, name, "__init__.py"):
            hiding = next((path for path in (f"{name}.py", name) if os.path.exists(path)), f"something called {name}")
            print(f"error: {hiding} in this folder hides our package {name}: call webscale-qa, or go elsewhere", file=sys.stderr)
            raise SystemExit(2)


if sys.argv[:1] == ["-m"]:  # `python -m beam_pipeline...`, before its module is looked for
    _refuse_shadows()
