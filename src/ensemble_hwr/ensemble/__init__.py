"""The hierarchical ensemble classifier."""

from ensemble_hwr.ensemble._explanation import Explanation
from ensemble_hwr.ensemble._hierarchical import HierarchicalEnsembleClassifier

__all__ = ["Explanation", "HierarchicalEnsembleClassifier"]
