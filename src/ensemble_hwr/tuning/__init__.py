"""Tune every member of an ensemble with Optuna: in studies that can be stopped, resumed and shared."""

from ensemble_hwr.tuning._classifier import TunedClassifier
from ensemble_hwr.tuning._cluster import on_cluster
from ensemble_hwr.tuning._progress import Progress
from ensemble_hwr.tuning._report import write_tuning_report
from ensemble_hwr.tuning._result import Tuned, Tuning
from ensemble_hwr.tuning._run import tune
from ensemble_hwr.tuning._storage import dashboard_command
from ensemble_hwr.tuning._summary import summary
from ensemble_hwr.tuning._tuned_file import write_tuned

__all__ = [
    "Progress",
    "Tuned",
    "TunedClassifier",
    "Tuning",
    "dashboard_command",
    "on_cluster",
    "summary",
    "tune",
    "write_tuned",
    "write_tuning_report",
]
