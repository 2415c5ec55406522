"""What the launcher of the Flex Template starts: the pipeline's own command line, from the installed package.

In a folder of its own, because Python puts the folder of a script first on its path.
"""

import sys

from beam_pipeline.main import main

if __name__ == "__main__":
    sys.exit(main())
