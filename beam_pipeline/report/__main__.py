"""`python -m beam_pipeline.report`."""

import sys

from beam_pipeline.report.write import main

if __name__ == "__main__":
    sys.exit(main())
