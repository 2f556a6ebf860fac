"""The hierarchical ensemble classifier."""

from ensemble_hwr.ensemble._epoch_mlp import EpochMLP
from ensemble_hwr.ensemble._explanation import Explanation
from ensemble_hwr.ensemble._hierarchical import HierarchicalEnsembleClassifier
from ensemble_hwr.ensemble._jobs import fit_one
from ensemble_hwr.ensemble._keeping import keeping
from ensemble_hwr.ensemble._mlp import MLP
from ensemble_hwr.ensemble._watching import watching

__all__ = ["MLP", "EpochMLP", "Explanation", "HierarchicalEnsembleClassifier", "fit_one", "keeping", "watching"]
