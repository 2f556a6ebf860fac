"""Compare classifiers on equal terms: equal budgets, several seeds, paired statistics, and an HTML report."""

from ensemble_hwr.evaluation._compare import compare, five_by_two
from ensemble_hwr.evaluation._cost import count_macs, count_parameters
from ensemble_hwr.evaluation._displays import ConfusionDisplay, FrontierDisplay, PerClassDisplay
from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.evaluation._table import comparison_table
from ensemble_hwr.evaluation._write import write_report
from ensemble_hwr.evaluation.contenders import standard_contenders
from ensemble_hwr.evaluation.metrics import confused_pairs, expected_calibration_error, per_class, scores
from ensemble_hwr.evaluation.results import CompareProgress, Comparison, Run
from ensemble_hwr.evaluation.scaling import EqualParameters, scale_hidden_layers
from ensemble_hwr.evaluation.statistics import bca_interval, holm, mcnemar

__all__ = [
    "CompareProgress",
    "Comparison",
    "ConfusionDisplay",
    "EqualParameters",
    "FrontierDisplay",
    "PerClassDisplay",
    "Run",
    "bca_interval",
    "compare",
    "comparison_table",
    "confused_pairs",
    "count_macs",
    "count_parameters",
    "expected_calibration_error",
    "five_by_two",
    "holm",
    "mcnemar",
    "per_class",
    "scale_hidden_layers",
    "scores",
    "standard_contenders",
    "summarise",
    "write_report",
]
