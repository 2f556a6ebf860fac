"""Compare classifiers on equal terms: equal budgets, several seeds, paired statistics, and an HTML report."""

from ensemble_hwr.evaluation._compare import compare, five_by_two
from ensemble_hwr.evaluation._cost import count_macs, count_parameters
from ensemble_hwr.evaluation._displays import ConfusionDisplay, FrontierDisplay, PerClassDisplay
from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.evaluation._table import comparison_table
from ensemble_hwr.evaluation._write import write_report
from ensemble_hwr.evaluation.contenders import standard_contenders
from ensemble_hwr.evaluation.metrics import expected_calibration_error
from ensemble_hwr.evaluation.results import Comparison
from ensemble_hwr.evaluation.scaling import EqualParameters
from ensemble_hwr.evaluation.statistics import bca_interval, holm, mcnemar

__all__ = [
    "Comparison",
    "ConfusionDisplay",
    "EqualParameters",
    "FrontierDisplay",
    "PerClassDisplay",
    "bca_interval",
    "compare",
    "comparison_table",
    "count_macs",
    "count_parameters",
    "expected_calibration_error",
    "five_by_two",
    "holm",
    "mcnemar",
    "standard_contenders",
    "summarise",
    "write_report",
]
