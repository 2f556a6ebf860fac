"""Private names of scikit-learn, imported in this module alone, so that a release that moves one changes one line."""

from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, InvalidParameterError, StrOptions
from sklearn.utils._repr_html.estimator import _VisualBlock
from sklearn.utils.validation import _check_sample_weight, _num_samples

__all__ = [
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "StrOptions",
    "_VisualBlock",
    "_check_sample_weight",
    "_fit_context",
    "_num_samples",
    "_safe_indexing",
]
