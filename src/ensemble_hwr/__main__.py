"""Start of the command ``ensemble-hwr``, which is also ``python -m ensemble_hwr``."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the command line, and return its exit code; Ctrl-C during its imports ends it silently."""
    try:
        from ensemble_hwr.cli import main as run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    # Python searches the current folder first with -m: modules of a folder from others would run in place of packages.
    sys.path[:] = [folder for folder in sys.path if folder not in ("", os.getcwd())]
    sys.exit(main())
