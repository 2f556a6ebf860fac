"""``python -m ensemble_hwr`` is the command ``ensemble-hwr``."""

import sys

from ensemble_hwr.cli import main

if __name__ == "__main__":
    sys.exit(main())
