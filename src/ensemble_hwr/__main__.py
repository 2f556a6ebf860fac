"""``python -m ensemble_hwr`` is the command ``ensemble-hwr``."""

import os
import sys

if __name__ == "__main__":
    # Python searches the current folder first with -m: modules of a folder from others would run in place of packages.
    sys.path[:] = [folder for folder in sys.path if folder not in ("", os.getcwd())]
    from ensemble_hwr.cli import main

    sys.exit(main())
