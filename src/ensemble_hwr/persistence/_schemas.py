"""Schemas of the estimators that a model file may hold: their fitted attributes, and the limits of their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ensemble_hwr.persistence._sklearn_schemas import MLP, SKLEARN_SCHEMAS
from ensemble_hwr.persistence._specifications import (
    COMMON,
    LARGEST,
    MAX_PIXELS_OF_ROW,
    Array,
    Classes,
    Each,
    Fitted,
    Named,
    Number,
    OneOf,
    Plain,
    Schema,
    floats,
)


def _pixels(model: Any) -> str | None:
    """Return what is wrong with the shape of pictures in rows."""
    height, width = model.image_shape_
    if height * width != model.n_features_in_ or height * width > MAX_PIXELS_OF_ROW:
        return f"rows of {model.n_features_in_} pixels do not hold pictures of {height}x{width}"
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


_PICTURES = {
    "n_features_in_": Number(1, MAX_PIXELS_OF_ROW, whole=True),
    "image_shape_": Each(Number(1, MAX_PIXELS_OF_ROW, whole=True)),
}
_SHAPE = {"sigma": (0, 1000), "box": (0, 1000)}
_DIRECTIONS = {"directions": (4, 64), "grid": (1, 64), **_SHAPE}
_LABELS = {"classes_": Classes()}
SCHEMAS: Mapping[str, Schema] = {
    # this library
    "ensemble_hwr.ensemble._hierarchical.HierarchicalEnsembleClassifier": Schema(
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
    "ensemble_hwr.ensemble._augmented_mlp.AugmentedMLPClassifier": Schema(
        fitted={
            "classes_": Classes(),
            "n_features_in_": COMMON["n_features_in_"],
            "features_": Fitted(transforms=True, or_none=True),
            "mlp_": Fitted("positions"),
        },
        optional={"loss_curve_": Plain(), "validation_curve_": Plain(), "n_iter_": Number(0, LARGEST, whole=True)},
    ),
    "ensemble_hwr.ensemble._mlp.MemberMLPClassifier": MLP,
    "ensemble_hwr.ensemble._members.LabelEncodedClassifier": Schema(
        fitted={"classes_": Classes(), "estimator_": Fitted("positions")}
    ),
    "ensemble_hwr.preprocessing.augmentation._classifier.AugmentedClassifier": Schema(
        fitted={"estimator_": Fitted()}, optional=_LABELS
    ),
    "ensemble_hwr.preprocessing.augmentation._augmenter.Augmenter": Schema(),
    "ensemble_hwr.config._additional_letters.AdditionalLetters": Schema(),
    "ensemble_hwr.preprocessing._normalizer.LetterNormalizer": Schema(
        limits={"size": (2, 512), "box": (1, 512)}, bounds=("max_pixels", "timeout")
    ),
    "ensemble_hwr.preprocessing._deskewer.Deskewer": Schema(_PICTURES, limits={"limit": (0, 10)}, rule=_pixels),
    "ensemble_hwr.preprocessing._size_normalizer.SizeNormalizer": Schema(_PICTURES, limits=_SHAPE, rule=_pixels),
    "ensemble_hwr.preprocessing._stroke_width.StrokeWidthNormalizer": Schema(
        _PICTURES, limits={"width": (0, 512), "limit": (1, 100)}, rule=_pixels
    ),
    "ensemble_hwr.preprocessing._gradient.GradientFeatures": Schema(_PICTURES, limits=_DIRECTIONS, rule=_pixels),
    "ensemble_hwr.reading._candidates.CandidateFeatures": Schema(
        fitted={"gradient_": Fitted(transforms=True), "n_features_in_": COMMON["n_features_in_"]}
    ),
    "ensemble_hwr.tuning._classifier.TunedClassifier": Schema(
        fitted={"best_estimator_": Fitted()},
        optional={"best_params_": Plain(), "best_score_": Number(), "cv_results_": Plain()},
    ),
    "ensemble_hwr.adaptation._classifier.AdaptedClassifier": Schema(
        {
            "classes_": Classes(),
            "_own_model": Fitted(or_none=True),
            "labels_": Array("biufU", ("samples",)),
            "hashes_": Array("u", ("samples",), 0, 2.0**64),
            "codes_": Array("i", ("samples", "?"), dtype="int8"),
            "scales_": floats("samples", 1),
            "probability_": floats("samples", "?", low=0, high=1 + 1e-5),
            "coefficients_": floats("samples", "classes"),
            "corrected_": Array("i", ("?",), 0, below="classes"),
            "weight_": Number(0, 1),
        },
        {"gain_": Plain(), "samples_per_class_": Plain(), "confused_": Array("biufU", ("?",))},
    ),
    "ensemble_hwr.alphabets.AlphabetClassifier": Schema({"estimator_": Fitted()}),
    **SKLEARN_SCHEMAS,
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
