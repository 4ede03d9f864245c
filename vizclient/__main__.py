"""`python -m vizclient`."""

import sys

from vizclient.cli import main

if __name__ == "__main__":
    sys.exit(main())
