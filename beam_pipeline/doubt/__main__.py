"""`python -m beam_pipeline.doubt`."""

import sys

from beam_pipeline.doubt.command import main

if __name__ == "__main__":
    sys.exit(main())
