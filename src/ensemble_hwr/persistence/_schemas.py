"""Schemas of the estimators that a model file may hold: their fitted attributes, and the limits of their parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

LARGEST = 1e15  # greatest magnitude of a number: two of them can be multiplied in single precision
SMALLEST = 1e-30  # least value of a divisor
MAX_FEATURES = 1_000_000
MAX_PIXELS_OF_ROW = 512**2


@dataclass(frozen=True)
class Array:
    """Array of some kinds of dtype; dimensions of one name are equal, and ``?`` is any length."""

    kinds: str
    shape: tuple[str | int, ...]
    low: float = -LARGEST
    high: float = LARGEST
    below: str | None = None  # dimension that all values are indices into
    dtype: str | None = None
    nan: bool = False
    or_none: bool = False


@dataclass(frozen=True)
class Number:
    """Number within a range, or None if that is allowed."""

    low: float = -LARGEST
    high: float = LARGEST
    whole: bool = False
    or_none: bool = False


@dataclass(frozen=True)
class Either:
    """Value of one of two specifications."""

    first: Any
    second: Any


@dataclass(frozen=True)
class OneOf:
    """One of some values."""

    choices: tuple[Any, ...]


@dataclass(frozen=True)
class Fitted:
    """Fitted estimator; its classes are those of the estimator that holds it, their positions, or free."""

    classes: str = "free"  # "same", "positions" or "free"
    transforms: bool = False
    or_none: bool = False


@dataclass(frozen=True)
class Each:
    """List or tuple whose items have one specification; `length` is the name of a dimension, ``?`` any."""

    item: Any
    length: str = "?"


@dataclass(frozen=True)
class Named:
    """Mapping of texts to values of one specification."""

    value: Any


@dataclass(frozen=True)
class Classes:
    """Sorted unique labels; their number is the dimension ``classes``."""

    own: bool = True  # else any subset of the classes


@dataclass(frozen=True)
class Plain:
    """Numbers, texts, arrays of them, and lists and mappings of these."""


@dataclass(frozen=True)
class Derived:
    """Object that the estimator itself makes of its other attributes on loading."""


@dataclass(frozen=True)
class Schema:
    """What an estimator of one class may hold.

    Attributes
    ----------
    fitted : mapping
        Attributes of every fitted estimator.
    optional : mapping
        Attributes that only some have.
    limits : mapping
        Ranges of parameters, narrower than those that the class validates itself.
    bounds : tuple of str
        Parameters that bound the work on a picture; values above the default of the class are not taken from a file.
    rule : callable, optional
        Returns what is wrong with attributes that are each valid, or None.
    """

    fitted: Mapping[str, Any] = field(default_factory=dict)
    optional: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    bounds: tuple[str, ...] = ()
    rule: Callable[[Any], str | None] | None = None


COMMON = {
    "n_features_in_": Number(1, MAX_FEATURES, whole=True),
    "feature_names_in_": Array("U", ("features",)),
    "_sklearn_output_config": OneOf(({}, {"transform": "default"})),
}

_COUNT = Number(0, LARGEST, whole=True)
_AMOUNT = Number(or_none=True)
_ITERATIONS = Plain()


def _floats(*shape: str | int, low: float = -LARGEST, high: float = LARGEST) -> Array:
    return Array("f", shape, low, high)


def _mlp_layers(model: Any) -> str | None:
    """Return what is wrong with the layers of a network."""
    widths = [model.n_features_in_, *(len(bias) for bias in model.intercepts_)]
    shapes = [weights.shape for weights in model.coefs_]
    if shapes != list(pairwise(widths)) or model.n_layers_ != len(widths):
        return f"layers of shapes {shapes} do not follow each other"
    n_classes = len(model.classes_)
    if widths[-1] != model.n_outputs_ or model.n_outputs_ != (1 if n_classes == 2 else n_classes):
        return f"{widths[-1]} outputs do not fit {n_classes} classes"
    if model.out_activation_ != ("logistic" if n_classes == 2 else "softmax"):
        return f"out_activation_ {model.out_activation_!r} does not fit {n_classes} classes"
    return None


def _pixels(model: Any) -> str | None:
    """Return what is wrong with the shape of pictures in rows."""
    height, width = model.image_shape_
    if height * width != model.n_features_in_ or height * width > MAX_PIXELS_OF_ROW:
        return f"rows of {model.n_features_in_} pixels do not hold pictures of {height}x{width}"
    return None


def _support_vectors(model: Any) -> str | None:
    """Return what is wrong with the numbers of support vectors; libsvm would read outside of the arrays."""
    if model.kernel not in ("linear", "poly", "rbf", "sigmoid"):
        return f"kernel {model.kernel!r} is not supported"
    if int(model._n_support.sum()) != len(model.support_vectors_):
        return f"_n_support has the sum {model._n_support.sum()} for {len(model.support_vectors_)} support vectors"
    pairs = len(model.intercept_)
    if {len(model._probA), len(model._probB)} not in ({0}, {pairs}):
        return f"_probA and _probB do not fit {pairs} pairs of classes"
    return None


def _ridge(model: Any) -> str | None:
    """Return what is wrong with the classes of a ridge classifier, which its binarizer holds."""
    n_classes = len(model.classes_)
    rows = 1 if model.coef_.ndim == 1 else len(model.coef_)
    if rows != (1 if n_classes == 2 else n_classes):
        return f"{rows} rows of coef_ do not fit {n_classes} classes"
    return None


def _neighbors(model: Any) -> str | None:
    """Return what is wrong with the number of neighbours."""
    if not 1 <= model.n_neighbors <= len(model._fit_X) or model.n_samples_fit_ != len(model._fit_X):
        return f"n_neighbors {model.n_neighbors} does not fit {len(model._fit_X)} samples"
    return None


def _hierarchy(model: Any) -> str | None:
    """Return what is wrong with the members of a hierarchy."""
    groups = {**model.groups_, **getattr(model, "subgroups_", {})}
    sets = {f"specialist:{name}": labels for name, labels in groups.items()}
    sets |= {f"expert:{name}": labels for name, labels in model.confusables_.items()}
    if "router" not in model.members_:
        return "members_ has no router"
    for name, member in model.members_.items():
        if name != "router" and name not in sets:
            return f"member {name!r} has no group and no confusable set"
        classes = getattr(member, "classes_", None)
        if classes is None or not hasattr(member, "predict_proba"):
            return f"member {name!r} is no classifier with probabilities"
        if name != "router" and set(classes.tolist()) != set(sets[name].tolist()):
            return f"member {name!r} has other classes than its set"
    if set(model.trust_) != set(model.members_) - {"router"}:
        return "trust_ and members_ name different members"
    return None


def _number_of_classes(model: Any) -> str | None:
    """Return what is wrong with the number of classes."""
    return None if model.n_classes_ == len(model.classes_) else "n_classes_ does not fit classes_"


def _calibrators(model: Any) -> str | None:
    """Return what is wrong with the calibrators of a classifier."""
    n_classes = len(model.classes)
    if len(model.calibrators) not in ({1} if model.method == "temperature" or n_classes == 2 else {n_classes}):
        return f"{len(model.calibrators)} calibrators do not fit {n_classes} classes"
    return None


_MLP = Schema(
    fitted={
        "classes_": Classes(),
        "coefs_": Each(_floats("?", "?")),
        "intercepts_": Each(_floats("?")),
        "n_features_in_": COMMON["n_features_in_"],
        "n_layers_": Number(2, 1000, whole=True),
        "n_outputs_": Number(1, MAX_FEATURES, whole=True),
        "out_activation_": OneOf(("softmax", "logistic")),
        "_label_binarizer": Fitted("same"),
    },
    optional={
        **dict.fromkeys(("best_loss_", "best_validation_score_", "loss_", "t_", "n_iter_"), _AMOUNT),
        "loss": OneOf(("log_loss",)),
        "_no_improvement_count": _COUNT,
        "validation_scores_": Plain(),
        "loss_curve_": Plain(),
    },
    rule=_mlp_layers,
)
_LINEAR = {
    "classes_": Classes(),
    "n_features_in_": COMMON["n_features_in_"],
    "coef_": _floats("scores", "features"),
    "intercept_": _floats("scores"),
}
_SGD_OPTIONAL = {
    "n_iter_": _ITERATIONS,
    "t_": Number(),
    "_expanded_class_weight": _floats("classes"),
    "loss": OneOf(("perceptron", "hinge")),
    **{name: Plain() for name in ("learning_rate", "epsilon", "power_t", "average", "penalty", "alpha", "l1_ratio")},
    "eta0": Number(),
    "C": Number(),
    **{f"_{kind}_coef": Either(_floats("scores", "features"), _floats("features")) for kind in ("standard", "average")},
    **{f"_{kind}_intercept": _floats("scores") for kind in ("standard", "average")},
}
_SVC = Schema(
    fitted={
        "classes_": Classes(),
        "n_features_in_": COMMON["n_features_in_"],
        "support_": Array("i", ("vectors",), 0),
        "support_vectors_": Array("f", ("vectors", "features"), dtype="float64"),
        "_n_support": Array("i", ("classes",), 0, dtype="int32"),
        "dual_coef_": Array("f", ("classes-1", "vectors"), dtype="float64"),
        "_dual_coef_": Array("f", ("classes-1", "vectors"), dtype="float64"),
        "intercept_": Array("f", ("pairs",), dtype="float64"),
        "_intercept_": Array("f", ("pairs",), dtype="float64"),
        "_probA": Array("f", ("?",), dtype="float64"),
        "_probB": Array("f", ("?",), dtype="float64"),
        "fit_status_": OneOf((0, 1)),
        "_sparse": OneOf((False,)),
        "_gamma": Number(0),
    },
    optional={
        **{name: Plain() for name in ("class_weight_", "_num_iter", "n_iter_", "shape_fit_")},
        **{name: Number() for name in ("nu", "C", "epsilon")},
        "_effective_probability": OneOf((True, False)),
    },
    limits={"degree": (0, 100), "cache_size": (1, 1000)},
    rule=_support_vectors,
)
_NAIVE = {
    "classes_": Classes(),
    "n_features_in_": COMMON["n_features_in_"],
    "class_count_": _floats("classes", low=0),
}
_COUNTED = {
    **_NAIVE,
    "feature_count_": _floats("classes", "features"),
    "feature_log_prob_": _floats("classes", "features"),
    "class_log_prior_": Array("f", ("classes",), low=-float("inf")),
}
_SCALE = {
    "n_features_in_": COMMON["n_features_in_"],
    "scale_": Array("f", ("features",), SMALLEST),
}
_PICTURES = {
    "n_features_in_": Number(1, MAX_PIXELS_OF_ROW, whole=True),
    "image_shape_": Each(Number(1, MAX_PIXELS_OF_ROW, whole=True)),
}
_SHAPE = {"sigma": (0, 1000), "box": (0, 1000)}
_DIRECTIONS = {"directions": (4, 64), "grid": (1, 64), **_SHAPE}
_LABELS = {"classes_": Classes()}
_SKLEARN = "sklearn."
_OWN = "ensemble_hwr."

SCHEMAS: Mapping[str, Schema] = {
    # this library
    _OWN + "ensemble._hierarchical.HierarchicalEnsembleClassifier": Schema(
        fitted={
            "classes_": Classes(),
            "n_features_in_": COMMON["n_features_in_"],
            "groups_": Named(Classes(own=False)),
            "confusables_": Named(Classes(own=False)),
            "members_": Named(Fitted()),
            "trust_": Named(Number(0, 1)),
            "temperature_": Number(1e-6, 1e6),
            "_router_target": OneOf(("classes", "groups")),
        },
        optional={"subgroups_": Named(Classes(own=False))},
        rule=_hierarchy,
    ),
    _OWN + "ensemble._augmented_mlp.AugmentedMLPClassifier": Schema(
        fitted={
            "classes_": Classes(),
            "n_features_in_": COMMON["n_features_in_"],
            "features_": Fitted(transforms=True, or_none=True),
            "mlp_": Fitted("positions"),
        },
        optional={"loss_curve_": Plain(), "validation_curve_": Plain(), "n_iter_": _COUNT},
    ),
    _OWN + "ensemble._mlp.MemberMLPClassifier": _MLP,
    _OWN + "ensemble._members.LabelEncodedClassifier": Schema(
        fitted={"classes_": Classes(), "estimator_": Fitted("positions")}
    ),
    _OWN + "preprocessing.augmentation._classifier.AugmentedClassifier": Schema(
        fitted={"estimator_": Fitted()}, optional=_LABELS
    ),
    _OWN + "preprocessing.augmentation._augmenter.Augmenter": Schema(),
    _OWN + "config._additional_letters.AdditionalLetters": Schema(),
    _OWN + "preprocessing._normalizer.LetterNormalizer": Schema(
        limits={"size": (2, 512), "box": (1, 512)}, bounds=("max_pixels", "timeout")
    ),
    _OWN + "preprocessing._deskewer.Deskewer": Schema(_PICTURES, limits={"limit": (0, 10)}, rule=_pixels),
    _OWN + "preprocessing._size_normalizer.SizeNormalizer": Schema(_PICTURES, limits=_SHAPE, rule=_pixels),
    _OWN + "preprocessing._stroke_width.StrokeWidthNormalizer": Schema(
        _PICTURES, limits={"width": (0, 512), "limit": (1, 100)}, rule=_pixels
    ),
    _OWN + "preprocessing._gradient.GradientFeatures": Schema(_PICTURES, limits=_DIRECTIONS, rule=_pixels),
    _OWN + "reading._candidates.CandidateFeatures": Schema(
        fitted={"gradient_": Fitted(transforms=True), "n_features_in_": COMMON["n_features_in_"]}
    ),
    _OWN + "tuning._classifier.TunedClassifier": Schema(
        fitted={"best_estimator_": Fitted()},
        optional={"best_params_": Plain(), "best_score_": Number(), "cv_results_": Plain()},
    ),
    _OWN + "adaptation._classifier.AdaptedClassifier": Schema(
        {
            "classes_": Classes(),
            "_own_model": Fitted(or_none=True),
            "labels_": Array("biufU", ("samples",)),
            "hashes_": Array("u", ("samples",), 0, 2.0**64),
            "codes_": Array("i", ("samples", "?"), dtype="int8"),
            "scales_": _floats("samples", 1),
            "probability_": _floats("samples", "?", low=0, high=1 + 1e-5),
            "coefficients_": _floats("samples", "classes"),
            "corrected_": Array("i", ("?",), 0, below="classes"),
            "weight_": Number(0, 1),
        },
        {"gain_": Plain(), "samples_per_class_": Plain(), "confused_": Array("biufU", ("?",))},
    ),
    _OWN + "alphabets.AlphabetClassifier": Schema({"estimator_": Fitted()}),
    # networks and linear classifiers
    _SKLEARN + "neural_network._multilayer_perceptron.MLPClassifier": _MLP,
    _SKLEARN + "linear_model._logistic.LogisticRegression": Schema(_LINEAR, {"n_iter_": _ITERATIONS}),
    _SKLEARN + "linear_model._ridge.RidgeClassifier": Schema(
        {
            "n_features_in_": COMMON["n_features_in_"],
            "coef_": Either(_floats("?", "features"), _floats("features")),
            "intercept_": Either(_floats("?"), Number()),
            "_label_binarizer": Fitted(),
        },
        {"classes_": Classes(), "n_iter_": _ITERATIONS, "solver_": Plain()},
        rule=_ridge,
    ),
    _SKLEARN + "linear_model._stochastic_gradient.SGDClassifier": Schema(_LINEAR, _SGD_OPTIONAL),
    _SKLEARN + "linear_model._perceptron.Perceptron": Schema(_LINEAR, _SGD_OPTIONAL),
    _SKLEARN + "svm._classes.LinearSVC": Schema(_LINEAR, {"n_iter_": _ITERATIONS}),
    # discriminants, naive Bayes, neighbours, kernels
    _SKLEARN + "discriminant_analysis.LinearDiscriminantAnalysis": Schema(
        {**_LINEAR, "priors_": _floats("classes", low=0, high=1), "means_": _floats("classes", "features")},
        {
            "xbar_": _floats("features"),
            "scalings_": _floats("features", "?"),
            "covariance_": _floats("features", "features"),
            "explained_variance_ratio_": Array("f", ("?",), nan=True),
            "_max_components": _COUNT,
            "_n_features_out": _COUNT,
        },
    ),
    _SKLEARN + "discriminant_analysis.QuadraticDiscriminantAnalysis": Schema(
        {
            "classes_": Classes(),
            "n_features_in_": COMMON["n_features_in_"],
            "priors_": _floats("classes", low=SMALLEST, high=1),
            "means_": _floats("classes", "features"),
            "scalings_": Each(_floats("?", low=SMALLEST), "classes"),
            "rotations_": Each(_floats("features", "?"), "classes"),
        },
        {"covariance_": Each(_floats("features", "features"), "classes")},
    ),
    _SKLEARN + "naive_bayes.GaussianNB": Schema(
        {
            **_NAIVE,
            "theta_": _floats("classes", "features"),
            "var_": _floats("classes", "features", low=SMALLEST),
            "class_prior_": _floats("classes", low=SMALLEST, high=1 + 1e-6),
            "epsilon_": Number(0),
        }
    ),
    _SKLEARN + "naive_bayes.MultinomialNB": Schema(_COUNTED),
    _SKLEARN + "naive_bayes.BernoulliNB": Schema(_COUNTED),
    _SKLEARN + "naive_bayes.ComplementNB": Schema({**_COUNTED, "feature_all_": _floats("features")}),
    _SKLEARN + "neighbors._nearest_centroid.NearestCentroid": Schema(
        {
            "classes_": Classes(),
            "n_features_in_": COMMON["n_features_in_"],
            "centroids_": _floats("classes", "features"),
        },
        {
            "class_prior_": _floats("classes", low=SMALLEST, high=1),
            "within_class_std_dev_": _floats("features", low=0),
            "deviations_": _floats("classes", "features"),
        },
    ),
    _SKLEARN + "neighbors._classification.KNeighborsClassifier": Schema(
        {
            "classes_": Classes(),
            "n_features_in_": COMMON["n_features_in_"],
            "_y": Array("i", ("samples",), 0, below="classes", dtype="int64"),
            "_fit_X": Array("f", ("samples", "features")),
            "n_samples_fit_": Number(1, MAX_FEATURES, whole=True),
            "outputs_2d_": OneOf((False,)),
            "_fit_method": OneOf(("brute",)),
            "_tree": OneOf((None,)),
            "effective_metric_": OneOf(("euclidean", "manhattan", "minkowski", "chebyshev", "cosine", "sqeuclidean")),
            "effective_metric_params_": Named(Number(1, 100)),
        },
        {"radius": OneOf((None,))},
        rule=_neighbors,
    ),
    _SKLEARN + "svm._classes.SVC": _SVC,
    _SKLEARN + "svm._classes.NuSVC": _SVC,
    _SKLEARN + "dummy.DummyClassifier": Schema(
        {
            "classes_": Classes(),
            "n_classes_": Number(1, MAX_FEATURES, whole=True),
            "n_outputs_": OneOf((1,)),
            "class_prior_": _floats("classes", low=0, high=1 + 1e-6),
            "_strategy": OneOf(("prior", "most_frequent", "stratified", "uniform")),
            "sparse_output_": OneOf((False,)),
        },
        rule=_number_of_classes,
    ),
    # composites
    _SKLEARN + "pipeline.Pipeline": Schema(),
    _SKLEARN + "ensemble._voting.VotingClassifier": Schema(
        {"classes_": Classes(), "le_": Fitted("same"), "estimators_": Each(Fitted("positions"))},
        {"named_estimators_": Plain(), "n_features_in_": COMMON["n_features_in_"]},
    ),
    _SKLEARN + "ensemble._stacking.StackingClassifier": Schema(
        {
            "classes_": Classes(),
            "_label_encoder": Fitted("same"),
            "final_estimator_": Fitted("positions"),
            "estimators_": Each(Fitted("positions"), "stacked"),
            "stack_method_": Each(OneOf(("predict_proba", "decision_function", "predict"))),
        },
        {"named_estimators_": Plain(), "_n_feature_outs": Plain(), "n_features_in_": COMMON["n_features_in_"]},
    ),
    _SKLEARN + "ensemble._bagging.BaggingClassifier": Schema(
        {
            "classes_": Classes(),
            "n_classes_": Number(1, MAX_FEATURES, whole=True),
            "n_features_in_": COMMON["n_features_in_"],
            "estimators_": Each(Fitted("positions"), "bags"),
            "estimators_features_": Each(Array("i", ("?",), 0, below="features"), "bags"),
        },
        {
            "estimator_": Plain(),
            "_seeds": Plain(),
            "estimator_params": Plain(),
            **dict.fromkeys(("_n_samples", "_max_samples", "_max_features"), _COUNT),
        },
        rule=_number_of_classes,
    ),
    _SKLEARN + "calibration.CalibratedClassifierCV": Schema(
        {"classes_": Classes(), "calibrated_classifiers_": Each(Fitted())},
        {"n_features_in_": COMMON["n_features_in_"]},
    ),
    _SKLEARN + "calibration._CalibratedClassifier": Schema(
        {
            "estimator": Fitted(),
            "calibrators": Each(Fitted()),
            "classes": Classes(),
            "method": OneOf(("sigmoid", "isotonic", "temperature")),
        },
        rule=_calibrators,
    ),
    _SKLEARN + "calibration._SigmoidCalibration": Schema({"a_": Number(), "b_": Number()}),
    _SKLEARN + "isotonic.IsotonicRegression": Schema(
        {"X_thresholds_": _floats("thresholds"), "y_thresholds_": _floats("thresholds", low=-1e-6, high=1 + 1e-6)},
        {"X_min_": Number(), "X_max_": Number(), "increasing_": OneOf((True, False)), "f_": Derived()},
    ),
    _SKLEARN + "calibration._TemperatureScaling": Schema({"beta_": Number(SMALLEST)}),
    # labels and transformers
    _SKLEARN + "preprocessing._label.LabelEncoder": Schema(_LABELS),
    _SKLEARN + "preprocessing._label.LabelBinarizer": Schema(
        _LABELS, {"y_type_": OneOf(("binary", "multiclass")), "sparse_input_": OneOf((False,))}
    ),
    _SKLEARN + "decomposition._pca.PCA": Schema(
        {
            "n_features_in_": COMMON["n_features_in_"],
            "components_": _floats("components", "features"),
            "mean_": _floats("features"),
            "n_components_": Number(1, MAX_FEATURES, whole=True),
            "explained_variance_": _floats("components", low=-1e-6),
        },
        {
            "explained_variance_ratio_": Array("f", ("components",), nan=True),
            "singular_values_": _floats("components"),
            "noise_variance_": Number(),
            "n_samples_": _COUNT,
            "_fit_svd_solver": Plain(),
        },
    ),
    _SKLEARN + "decomposition._truncated_svd.TruncatedSVD": Schema(
        {"n_features_in_": COMMON["n_features_in_"], "components_": _floats("components", "features")},
        {
            "explained_variance_ratio_": Array("f", ("components",), nan=True),
            "explained_variance_": _floats("components"),
            "singular_values_": _floats("components"),
        },
    ),
    _SKLEARN + "preprocessing._data.StandardScaler": Schema(
        {
            "n_features_in_": COMMON["n_features_in_"],
            "mean_": Array("f", ("features",), or_none=True),
            "scale_": Array("f", ("features",), SMALLEST, or_none=True),
        },
        {"var_": Array("f", ("features",), 0, or_none=True), "n_samples_seen_": Plain()},
    ),
    _SKLEARN + "preprocessing._data.MinMaxScaler": Schema(
        {**_SCALE, "min_": _floats("features")},
        {
            **{name: _floats("features") for name in ("data_min_", "data_max_", "data_range_")},
            "n_samples_seen_": _COUNT,
        },
    ),
    _SKLEARN + "preprocessing._data.MaxAbsScaler": Schema(
        _SCALE, {"max_abs_": _floats("features"), "n_samples_seen_": _COUNT}
    ),
    _SKLEARN + "preprocessing._data.RobustScaler": Schema(
        {
            "n_features_in_": COMMON["n_features_in_"],
            "center_": Array("f", ("features",), or_none=True),
            "scale_": Array("f", ("features",), SMALLEST, or_none=True),
        }
    ),
    _SKLEARN + "preprocessing._data.PowerTransformer": Schema(
        {"n_features_in_": COMMON["n_features_in_"], "lambdas_": _floats("features", low=-100, high=100)},
        {"_scaler": Fitted(transforms=True)},
    ),
    _SKLEARN + "preprocessing._data.QuantileTransformer": Schema(
        {
            "n_features_in_": COMMON["n_features_in_"],
            "n_quantiles_": Number(1, MAX_FEATURES, whole=True),
            "references_": _floats("quantiles", low=0, high=1),
            "quantiles_": _floats("quantiles", "features"),
        }
    ),
    _SKLEARN + "preprocessing._data.Normalizer": Schema(),
    _SKLEARN + "preprocessing._data.Binarizer": Schema(),
    _SKLEARN + "feature_selection._variance_threshold.VarianceThreshold": Schema(
        {"n_features_in_": COMMON["n_features_in_"], "variances_": _floats("features", low=0)}
    ),
}

SPLITTERS = frozenset(  # the parameter `cv`, which predictions do not use
    f"sklearn.model_selection._split.{name}"
    for name in (
        *("KFold", "StratifiedKFold", "GroupKFold", "StratifiedGroupKFold", "RepeatedKFold", "RepeatedStratifiedKFold"),
        *("ShuffleSplit", "StratifiedShuffleSplit", "GroupShuffleSplit", "PredefinedSplit", "TimeSeriesSplit"),
        *("LeaveOneOut", "LeavePOut", "LeaveOneGroupOut", "LeavePGroupsOut"),
    )
)
CONTAINERS = frozenset({"builtins.dict", "builtins.list", "builtins.tuple", "sklearn.utils._bunch.Bunch"})
