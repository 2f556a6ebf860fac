"""Structure of estimators: transformers, the classifier at the end, parts, random states and weights; tiny weights.

Composites are scikit-learn's Pipeline, VotingClassifier and StackingClassifier, and two kinds of this library, which
declare their structure by a class attribute, so that this module imports none of them:

- ``_wraps = "estimator"``: a classifier around another one, which is the parameter of that name and, once fitted, the
  attribute ``estimator_``;
- ``_features_network = ("features", "features_", "mlp_")``: a classifier of features and a network; the names are
  those of the parameter, of the fitted features and of the fitted network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline

from ensemble_hwr._sklearn import _num_samples, _safe_indexing
from ensemble_hwr._typing import FloatArray, IntArray


def steps_of(transformer: Any) -> list[Any]:
    """Return the steps of a transformer, nested Pipelines flattened, without "passthrough" and None."""
    if transformer is None or isinstance(transformer, str):
        return []
    if isinstance(transformer, Pipeline):
        return [part for _, step in transformer.steps for part in steps_of(step)]
    return [transformer]


def unwrap(estimator: Any, *, networks: bool = False) -> tuple[list[Any], Any]:
    """Return the transformers before the classifier at the end of an estimator, and that classifier.

    Parameters
    ----------
    estimator : classifier
        Fitted or not; parts are the fitted ones where there are any.
    networks : bool, default=False
        Whether a fitted classifier of features and a network counts as those features followed by that network.

    Returns
    -------
    transformers : list of transformer
        In the order in which they are applied.
    classifier : classifier

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from ensemble_hwr import GradientFeatures, MemberMLPClassifier
    >>> from ensemble_hwr._composites import unwrap
    >>> unwrap(make_pipeline(GradientFeatures(), MemberMLPClassifier()))
    ([GradientFeatures()], MemberMLPClassifier())
    """
    if isinstance(estimator, Pipeline):
        before = [part for _, step in estimator.steps[:-1] for part in steps_of(step)]
        further, classifier = unwrap(estimator.steps[-1][1], networks=networks)
        return [*before, *further], classifier
    if hasattr(type(estimator), "_wraps"):
        return unwrap(wrapped_classifier(estimator), networks=networks)
    if networks and hasattr(type(estimator), "_features_network"):
        _, features, network = type(estimator)._features_network
        if hasattr(estimator, network):
            return steps_of(getattr(estimator, features)), getattr(estimator, network)
    return [], estimator


def wrapped_classifier(wrapper: Any) -> Any:
    """Return the classifier inside a wrapper: the fitted one where there is one."""
    name = type(wrapper)._wraps
    return getattr(wrapper, f"{name}_", getattr(wrapper, name))


def children(estimator: Any) -> list[Any]:
    """Return the parts of a composite estimator, fitted ones if there are any; an empty list for other estimators.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from ensemble_hwr import GradientFeatures, MemberMLPClassifier
    >>> from ensemble_hwr._composites import children
    >>> children(make_pipeline(GradientFeatures(), "passthrough", MemberMLPClassifier()))
    [GradientFeatures(), MemberMLPClassifier()]
    """
    kind = type(estimator)
    if isinstance(estimator, Pipeline):
        parts = [step for _, step in estimator.steps]
    elif hasattr(kind, "_wraps"):
        parts = [wrapped_classifier(estimator)]
    elif hasattr(kind, "_features_network"):
        declared, features, network = kind._features_network
        parts = [getattr(estimator, features, getattr(estimator, declared)), getattr(estimator, network, None)]
    elif hasattr(estimator, "estimators_") and hasattr(estimator, "named_estimators_"):
        parts = [*estimator.estimators_, getattr(estimator, "final_estimator_", None)]
    elif hasattr(estimator, "named_estimators"):
        parts = [*(part for _, part in estimator.estimators), getattr(estimator, "final_estimator", None)]
    else:
        parts = []
    return [part for part in parts if part is not None and not isinstance(part, str)]


def replace_classifier(estimator: Any, make: Callable[[Any], Any]) -> Any:
    """Return an unfitted clone whose classifier at the end is what `make` returns for it.

    Pipelines and wrappers around the classifier are kept; of a VotingClassifier every voter is replaced.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from ensemble_hwr import GradientFeatures, MemberMLPClassifier
    >>> from ensemble_hwr._composites import replace_classifier
    >>> pipeline = make_pipeline(GradientFeatures(), MemberMLPClassifier())
    >>> replace_classifier(pipeline, lambda mlp: mlp.set_params(max_iter=1))[-1]
    MemberMLPClassifier(max_iter=1)
    """
    fresh = clone(estimator)
    if isinstance(fresh, Pipeline):
        name, last = fresh.steps[-1]
        return fresh.set_params(**{name: replace_classifier(last, make)})
    if hasattr(type(fresh), "_wraps"):
        name = type(fresh)._wraps
        return fresh.set_params(**{name: replace_classifier(getattr(fresh, name), make)})
    if isinstance(fresh, VotingClassifier):
        voters = [
            (name, voter if voter == "drop" else replace_classifier(voter, make)) for name, voter in fresh.estimators
        ]
        return fresh.set_params(estimators=voters)
    return make(fresh)


def random_state_names(estimator: BaseEstimator) -> list[str]:
    """Return the sorted names of every ``random_state`` among an estimator's parameters and those of its parts."""
    return sorted(name for name in estimator.get_params() if name.split("__")[-1] == "random_state")


def seed_all(estimator: BaseEstimator, rng: np.random.RandomState | None) -> BaseEstimator:
    """Return a clone with every ``random_state`` drawn from `rng`; without an `rng` they are kept."""
    fresh = clone(estimator)
    if rng is not None:
        names = random_state_names(fresh)
        fresh.set_params(**{name: int(rng.randint(np.iinfo(np.int32).max)) for name in names})
    return fresh


def vote_weights(committee: VotingClassifier) -> FloatArray:
    """Return the weights of the voters that are not dropped, scaled to sum to 1.

    Examples
    --------
    >>> from sklearn.ensemble import VotingClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr._composites import vote_weights
    >>> voters = [("a", GaussianNB()), ("b", "drop"), ("c", GaussianNB())]
    >>> vote_weights(VotingClassifier(voters, voting="soft", weights=[3, 5, 1])).tolist()
    [0.75, 0.25]
    """
    given = np.ones(len(committee.estimators)) if committee.weights is None else np.asarray(committee.weights, float)
    kept = given[[voter != "drop" for _, voter in committee.estimators]]
    weights: FloatArray = kept / kept.sum()
    return weights


def weight_params(estimator: BaseEstimator | None, sample_weight: Any, name: str) -> dict[str, Any]:
    """Return the keywords that pass `sample_weight` to an estimator's fit, down to the last step of a Pipeline.

    Parameters
    ----------
    estimator : estimator or None
        The estimator to fit; None stands for one that accepts weights.
    sample_weight : array-like of shape (n_samples,)
        The weights.
    name : str
        Name of the estimator in the error message.

    Returns
    -------
    dict of str to array-like
        Keywords of fit.

    Raises
    ------
    TypeError
        If its fit accepts no weights.
    """
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        return {f"{step}__{key}": value for key, value in weight_params(last, sample_weight, name).items()}
    if estimator is not None:
        accepted = signature(estimator.fit).parameters
        any_keyword = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in accepted.values())
        if "sample_weight" not in accepted and not any_keyword:
            raise TypeError(
                f"sample_weight was given, but the {name} is a {type(estimator).__name__}, whose fit accepts none; "
                "leave the weights out or choose an estimator that accepts them"
            )
    return {"sample_weight": sample_weight}


def params_of_rows(params: Mapping[str, Any], rows: IntArray, n_samples: int) -> dict[str, Any]:
    """Select rows of the keywords of a fit that have one value per sample; other keywords stay as they are.

    Parameters
    ----------
    params : mapping of str to object
        Keywords of a fit on `n_samples` samples.
    rows : ndarray of int
        Positions of the samples to select.
    n_samples : int
        Number of samples.

    Returns
    -------
    dict of str to object
        Keywords of a fit on the selected samples.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr._composites import params_of_rows
    >>> params_of_rows({"groups": ["a", "b", "c"], "mode": "abc"}, np.array([0, 2]), n_samples=3)
    {'groups': ['a', 'c'], 'mode': 'abc'}
    """

    def per_sample(value: Any) -> bool:
        return hasattr(value, "__len__") and not isinstance(value, str) and _num_samples(value) == n_samples

    return {name: _safe_indexing(value, rows) if per_sample(value) else value for name, value in params.items()}


def is_tiny(weights: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which weights of a network are so near 0 that they have no effect, but can make it slow.

    The L2 penalty shrinks the weights of units without gradient until they are subnormal: below 1e-38 in float32. Some
    processors multiply by such numbers up to a hundred times more slowly.
    """
    tiny: NDArray[np.bool_] = np.abs(weights) < 1e6 * np.finfo(weights.dtype).tiny
    return tiny
