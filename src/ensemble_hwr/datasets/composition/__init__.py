"""Words, lines and pages composed of single letters, with the exact truth about what is where.

For tests and benchmarks of whatever cuts writing into letters, and for teaching it what is not a letter.
"""

from ensemble_hwr.datasets.composition._compose import compose_words
from ensemble_hwr.datasets.composition._truth import ComposedLetter, ComposedLine, ComposedWord, Composition

__all__ = ["ComposedLetter", "ComposedLine", "ComposedWord", "Composition", "compose_words"]
