"""`python -m beam_pipeline`."""

import sys

if __name__ == "__main__":
    try:
        from beam_pipeline.main import main  # takes a second or two, in which Ctrl-C is no error either
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(main())
