"""`python -m beam_pipeline.export`."""

import sys

from beam_pipeline.export.command import main

if __name__ == "__main__":
    sys.exit(main())
