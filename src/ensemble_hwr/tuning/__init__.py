"""Hyperparameter search with Optuna, for single classifiers and for every member of an ensemble.

Studies can be stopped, resumed and shared by several machines.
"""

from ensemble_hwr.tuning._classifier import TunedClassifier
from ensemble_hwr.tuning._cluster import on_cluster
from ensemble_hwr.tuning._report import write_tuning_report
from ensemble_hwr.tuning._result import TuningProgress as TuningProgress
from ensemble_hwr.tuning._result import TuningResult
from ensemble_hwr.tuning._tune import tune
from ensemble_hwr.tuning._tuned_file import write_tuned_config

__all__ = [
    "TunedClassifier",
    "TuningResult",
    "on_cluster",
    "tune",
    "write_tuned_config",
    "write_tuning_report",
]
