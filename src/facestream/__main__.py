"""``python -m facestream``."""

import sys

from facestream.cli import main

if __name__ == "__main__":
    sys.exit(main())
