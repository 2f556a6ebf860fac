"""Schemas of the estimators of scikit-learn that a model file may hold."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from ensemble_hwr.persistence._specifications import (
    COMMON,
    LARGEST,
    MAX_FEATURES,
    SMALLEST,
    Array,
    Classes,
    Derived,
    Each,
    Either,
    Fitted,
    Named,
    Number,
    OneOf,
    Plain,
    Schema,
    floats,
)


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


def _zero_tiny_weights(model: Any) -> None:
    """Replace the arrays of a network by ones without tiny weights, which files of earlier versions have."""
    from ensemble_hwr._composites import is_tiny  # imports scikit-learn

    for name in ("coefs_", "intercepts_"):
        setattr(model, name, [np.where(is_tiny(array), 0, array) for array in getattr(model, name)])


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


def _number_of_classes(model: Any) -> str | None:
    """Return what is wrong with the number of classes."""
    return None if model.n_classes_ == len(model.classes_) else "n_classes_ does not fit classes_"


def _calibrators(model: Any) -> str | None:
    """Return what is wrong with the calibrators of a classifier."""
    n_classes = len(model.classes)
    if len(model.calibrators) not in ({1} if model.method == "temperature" or n_classes == 2 else {n_classes}):
        return f"{len(model.calibrators)} calibrators do not fit {n_classes} classes"
    return None


_COUNT = Number(0, LARGEST, whole=True)
_AMOUNT = Number(or_none=True)
_ITERATIONS = Plain()


MLP = Schema(
    fitted={
        "classes_": Classes(),
        "coefs_": Each(floats("?", "?")),
        "intercepts_": Each(floats("?")),
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
    finish=_zero_tiny_weights,
)
_LINEAR = {
    "classes_": Classes(),
    "n_features_in_": COMMON["n_features_in_"],
    "coef_": floats("scores", "features"),
    "intercept_": floats("scores"),
}
_SGD_OPTIONAL = {
    "n_iter_": _ITERATIONS,
    "t_": Number(),
    "_expanded_class_weight": floats("classes"),
    "loss": OneOf(("perceptron", "hinge")),
    **{name: Plain() for name in ("learning_rate", "epsilon", "power_t", "average", "penalty", "alpha", "l1_ratio")},
    "eta0": Number(),
    "C": Number(),
    **{f"_{kind}_coef": Either(floats("scores", "features"), floats("features")) for kind in ("standard", "average")},
    **{f"_{kind}_intercept": floats("scores") for kind in ("standard", "average")},
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
    "class_count_": floats("classes", low=0),
}
_COUNTED = {
    **_NAIVE,
    "feature_count_": floats("classes", "features"),
    "feature_log_prob_": floats("classes", "features"),
    "class_log_prior_": Array("f", ("classes",), low=-float("inf")),
}
_SCALE = {
    "n_features_in_": COMMON["n_features_in_"],
    "scale_": Array("f", ("features",), SMALLEST),
}
_LABELS = {"classes_": Classes()}

SKLEARN_SCHEMAS: Mapping[str, Schema] = {
    # networks and linear classifiers
    "sklearn.neural_network._multilayer_perceptron.MLPClassifier": MLP,
    "sklearn.linear_model._logistic.LogisticRegression": Schema(_LINEAR, {"n_iter_": _ITERATIONS}),
    "sklearn.linear_model._ridge.RidgeClassifier": Schema(
        {
            "n_features_in_": COMMON["n_features_in_"],
            "coef_": Either(floats("?", "features"), floats("features")),
            "intercept_": Either(floats("?"), Number()),
            "_label_binarizer": Fitted(),
        },
        {"classes_": Classes(), "n_iter_": _ITERATIONS, "solver_": Plain()},
        rule=_ridge,
    ),
    "sklearn.linear_model._stochastic_gradient.SGDClassifier": Schema(_LINEAR, _SGD_OPTIONAL),
    "sklearn.linear_model._perceptron.Perceptron": Schema(_LINEAR, _SGD_OPTIONAL),
    "sklearn.svm._classes.LinearSVC": Schema(_LINEAR, {"n_iter_": _ITERATIONS}),
    # discriminants, naive Bayes, neighbours, kernels
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis": Schema(
        {**_LINEAR, "priors_": floats("classes", low=0, high=1), "means_": floats("classes", "features")},
        {
            "xbar_": floats("features"),
            "scalings_": floats("features", "?"),
            "covariance_": floats("features", "features"),
            "explained_variance_ratio_": Array("f", ("?",), nan=True),
            "_max_components": _COUNT,
            "_n_features_out": _COUNT,
        },
    ),
    "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis": Schema(
        {
            "classes_": Classes(),
            "n_features_in_": COMMON["n_features_in_"],
            "priors_": floats("classes", low=SMALLEST, high=1),
            "means_": floats("classes", "features"),
            "scalings_": Each(floats("?", low=SMALLEST), "classes"),
            "rotations_": Each(floats("features", "?"), "classes"),
        },
        {"covariance_": Each(floats("features", "features"), "classes")},
    ),
    "sklearn.naive_bayes.GaussianNB": Schema(
        {
            **_NAIVE,
            "theta_": floats("classes", "features"),
            "var_": floats("classes", "features", low=SMALLEST),
            "class_prior_": floats("classes", low=SMALLEST, high=1 + 1e-6),
            "epsilon_": Number(0),
        }
    ),
    "sklearn.naive_bayes.MultinomialNB": Schema(_COUNTED),
    "sklearn.naive_bayes.BernoulliNB": Schema(_COUNTED),
    "sklearn.naive_bayes.ComplementNB": Schema({**_COUNTED, "feature_all_": floats("features")}),
    "sklearn.neighbors._nearest_centroid.NearestCentroid": Schema(
        {
            "classes_": Classes(),
            "n_features_in_": COMMON["n_features_in_"],
            "centroids_": floats("classes", "features"),
        },
        {
            "class_prior_": floats("classes", low=SMALLEST, high=1),
            "within_class_std_dev_": floats("features", low=0),
            "deviations_": floats("classes", "features"),
        },
    ),
    "sklearn.neighbors._classification.KNeighborsClassifier": Schema(
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
    "sklearn.svm._classes.SVC": _SVC,
    "sklearn.svm._classes.NuSVC": _SVC,
    "sklearn.dummy.DummyClassifier": Schema(
        {
            "classes_": Classes(),
            "n_classes_": Number(1, MAX_FEATURES, whole=True),
            "n_outputs_": OneOf((1,)),
            "class_prior_": floats("classes", low=0, high=1 + 1e-6),
            "_strategy": OneOf(("prior", "most_frequent", "stratified", "uniform")),
            "sparse_output_": OneOf((False,)),
        },
        rule=_number_of_classes,
    ),
    # composites
    "sklearn.pipeline.Pipeline": Schema(),
    "sklearn.ensemble._voting.VotingClassifier": Schema(
        {"classes_": Classes(), "le_": Fitted("same"), "estimators_": Each(Fitted("positions"))},
        {"named_estimators_": Plain(), "n_features_in_": COMMON["n_features_in_"]},
    ),
    "sklearn.ensemble._stacking.StackingClassifier": Schema(
        {
            "classes_": Classes(),
            "_label_encoder": Fitted("same"),
            "final_estimator_": Fitted("positions"),
            "estimators_": Each(Fitted("positions"), "stacked"),
            "stack_method_": Each(OneOf(("predict_proba", "decision_function", "predict"))),
        },
        {"named_estimators_": Plain(), "_n_feature_outs": Plain(), "n_features_in_": COMMON["n_features_in_"]},
    ),
    "sklearn.ensemble._bagging.BaggingClassifier": Schema(
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
    "sklearn.calibration.CalibratedClassifierCV": Schema(
        {"classes_": Classes(), "calibrated_classifiers_": Each(Fitted())},
        {"n_features_in_": COMMON["n_features_in_"]},
    ),
    "sklearn.calibration._CalibratedClassifier": Schema(
        {
            "estimator": Fitted(),
            "calibrators": Each(Fitted()),
            "classes": Classes(),
            "method": OneOf(("sigmoid", "isotonic", "temperature")),
        },
        rule=_calibrators,
    ),
    "sklearn.calibration._SigmoidCalibration": Schema({"a_": Number(), "b_": Number()}),
    "sklearn.isotonic.IsotonicRegression": Schema(
        {"X_thresholds_": floats("thresholds"), "y_thresholds_": floats("thresholds", low=-1e-6, high=1 + 1e-6)},
        {"X_min_": Number(), "X_max_": Number(), "increasing_": OneOf((True, False)), "f_": Derived()},
    ),
    "sklearn.calibration._TemperatureScaling": Schema({"beta_": Number(SMALLEST)}),
    # labels and transformers
    "sklearn.preprocessing._label.LabelEncoder": Schema(_LABELS),
    "sklearn.preprocessing._label.LabelBinarizer": Schema(
        _LABELS, {"y_type_": OneOf(("binary", "multiclass")), "sparse_input_": OneOf((False,))}
    ),
    "sklearn.decomposition._pca.PCA": Schema(
        {
            "n_features_in_": COMMON["n_features_in_"],
            "components_": floats("components", "features"),
            "mean_": floats("features"),
            "n_components_": Number(1, MAX_FEATURES, whole=True),
            "explained_variance_": floats("components", low=-1e-6),
        },
        {
            "explained_variance_ratio_": Array("f", ("components",), nan=True),
            "singular_values_": floats("components"),
            "noise_variance_": Number(),
            "n_samples_": _COUNT,
            "_fit_svd_solver": Plain(),
        },
    ),
    "sklearn.decomposition._truncated_svd.TruncatedSVD": Schema(
        {"n_features_in_": COMMON["n_features_in_"], "components_": floats("components", "features")},
        {
            "explained_variance_ratio_": Array("f", ("components",), nan=True),
            "explained_variance_": floats("components"),
            "singular_values_": floats("components"),
        },
    ),
    "sklearn.preprocessing._data.StandardScaler": Schema(
        {
            "n_features_in_": COMMON["n_features_in_"],
            "mean_": Array("f", ("features",), or_none=True),
            "scale_": Array("f", ("features",), SMALLEST, or_none=True),
        },
        {"var_": Array("f", ("features",), 0, or_none=True), "n_samples_seen_": Plain()},
    ),
    "sklearn.preprocessing._data.MinMaxScaler": Schema(
        {**_SCALE, "min_": floats("features")},
        {
            **{name: floats("features") for name in ("data_min_", "data_max_", "data_range_")},
            "n_samples_seen_": _COUNT,
        },
    ),
    "sklearn.preprocessing._data.MaxAbsScaler": Schema(
        _SCALE, {"max_abs_": floats("features"), "n_samples_seen_": _COUNT}
    ),
    "sklearn.preprocessing._data.RobustScaler": Schema(
        {
            "n_features_in_": COMMON["n_features_in_"],
            "center_": Array("f", ("features",), or_none=True),
            "scale_": Array("f", ("features",), SMALLEST, or_none=True),
        }
    ),
    "sklearn.preprocessing._data.PowerTransformer": Schema(
        {"n_features_in_": COMMON["n_features_in_"], "lambdas_": floats("features", low=-100, high=100)},
        {"_scaler": Fitted(transforms=True)},
    ),
    "sklearn.preprocessing._data.QuantileTransformer": Schema(
        {
            "n_features_in_": COMMON["n_features_in_"],
            "n_quantiles_": Number(1, MAX_FEATURES, whole=True),
            "references_": floats("quantiles", low=0, high=1),
            "quantiles_": floats("quantiles", "features"),
        }
    ),
    "sklearn.preprocessing._data.Normalizer": Schema(),
    "sklearn.preprocessing._data.Binarizer": Schema(),
    "sklearn.feature_selection._variance_threshold.VarianceThreshold": Schema(
        {"n_features_in_": COMMON["n_features_in_"], "variances_": floats("features", low=0)}
    ),
}
