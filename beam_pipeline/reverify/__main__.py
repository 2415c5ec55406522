"""`python -m beam_pipeline.reverify`."""

import sys

from beam_pipeline.reverify.command import main

if __name__ == "__main__":
    sys.exit(main())
