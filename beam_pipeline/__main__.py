"""`python -m beam_pipeline`."""

import gc
import sys

from beam_pipeline.exit_codes import STOPPED

if __name__ == "__main__":
    # Modules and graph stay to the end: walking them again and again costs a quarter of the start.
    # `main` switches the collector on again, with what is there by then out of its way.
    gc.disable()
    try:
        from beam_pipeline.main import main  # takes a second or two, in which Ctrl-C is no error either
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    sys.exit(main())
