"""`python -m beam_pipeline.audit`."""

import sys

from beam_pipeline.audit.command import main

if __name__ == "__main__":
    sys.exit(main())
