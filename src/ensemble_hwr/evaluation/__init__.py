"""Compare classifiers honestly: equal budgets, several seeds, paired statistics, and a report to look at."""

from ensemble_hwr.evaluation._budget import parameters_of
from ensemble_hwr.evaluation._compare import Progress, compare
from ensemble_hwr.evaluation._contenders import (
    STANDARD_CONTENDERS,
    baseline,
    standard_contenders,
    top_down,
    with_seed,
)
from ensemble_hwr.evaluation._cost import count_macs, count_parameters
from ensemble_hwr.evaluation._displays import ConfusionDisplay, FrontierDisplay, PerClassDisplay
from ensemble_hwr.evaluation._five_by_two import FITS, five_by_two
from ensemble_hwr.evaluation._metrics import confused_pairs, expected_calibration_error, log_loss, per_class, scores
from ensemble_hwr.evaluation._result import Comparison, HierarchyTrace, MemberTrace, OperatingPoint, Run
from ensemble_hwr.evaluation._scaling import EqualParameters, scale_hidden_layers
from ensemble_hwr.evaluation._statistics import (
    PairedTest,
    bca_interval,
    combined_ftest_5x2cv,
    holm,
    mcnemar,
)
from ensemble_hwr.evaluation._summary import pareto_frontier, summarise
from ensemble_hwr.evaluation._table import comparison_table
from ensemble_hwr.evaluation._trace import trace_hierarchy
from ensemble_hwr.evaluation._write import write_report

__all__ = [
    "FITS",
    "STANDARD_CONTENDERS",
    "Comparison",
    "ConfusionDisplay",
    "EqualParameters",
    "FrontierDisplay",
    "HierarchyTrace",
    "MemberTrace",
    "OperatingPoint",
    "PairedTest",
    "PerClassDisplay",
    "Progress",
    "Run",
    "baseline",
    "bca_interval",
    "combined_ftest_5x2cv",
    "compare",
    "comparison_table",
    "confused_pairs",
    "count_macs",
    "count_parameters",
    "expected_calibration_error",
    "five_by_two",
    "holm",
    "log_loss",
    "mcnemar",
    "parameters_of",
    "pareto_frontier",
    "per_class",
    "scale_hidden_layers",
    "scores",
    "standard_contenders",
    "summarise",
    "top_down",
    "trace_hierarchy",
    "with_seed",
    "write_report",
]
