"""`python -m beam_pipeline.estimate`."""

import sys

from beam_pipeline.estimate.command import main

if __name__ == "__main__":
    sys.exit(main())
