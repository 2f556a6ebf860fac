"""Letters from folders, files and the net, and ways of dividing and balancing them."""

from ensemble_hwr.datasets._letters import LetterSet, concatenate

__all__ = ["LetterSet", "concatenate"]
