"""`python -m beam_pipeline.compare`."""

import sys

from beam_pipeline.compare.command import main

if __name__ == "__main__":
    sys.exit(main())
