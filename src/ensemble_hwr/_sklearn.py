"""Private names of scikit-learn, imported in this module alone, so that a release that moves one changes one line."""

from sklearn.base import _fit_context as _fit_context
from sklearn.neural_network._base import DERIVATIVES as DERIVATIVES
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer as AdamOptimizer
from sklearn.utils import _safe_indexing as _safe_indexing
from sklearn.utils._param_validation import HasMethods as HasMethods
from sklearn.utils._param_validation import Interval as Interval
from sklearn.utils._param_validation import InvalidParameterError as InvalidParameterError
from sklearn.utils._param_validation import Options as Options
from sklearn.utils._param_validation import StrOptions as StrOptions
from sklearn.utils._repr_html.estimator import _VisualBlock as _VisualBlock
from sklearn.utils.validation import _check_sample_weight as _check_sample_weight
from sklearn.utils.validation import _num_samples as _num_samples
