"""`python -m beam_pipeline`: the same as `webscale-qa run`."""

import sys

from beam_pipeline.cli import main

if __name__ == "__main__":
    sys.exit(main(["run", *sys.argv[1:]]))
