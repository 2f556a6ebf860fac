"""Standard contenders of a comparison: simple baselines, flat controls of equal budgets, and the hierarchy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from ensemble_hwr._composites import random_state_names, unwrap
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.evaluation.scaling import SCALABLE, EqualMacs, EqualParameters, features_of, with_view
from ensemble_hwr.exceptions import ConfigError

COMMITTEE_SIZE = 3


def baseline() -> MemberMLPClassifier:
    """Return the flat baseline: MLP (100, 100, 100), logistic, Adam, early stopping, on raw pixels.

    Examples
    --------
    >>> from ensemble_hwr.evaluation.contenders import baseline
    >>> baseline().hidden_layer_sizes
    (100, 100, 100)
    """
    return MemberMLPClassifier((100, 100, 100), activation="logistic", solver="adam", early_stopping=True)


def logistic_regression(template: BaseEstimator) -> BaseEstimator:
    """Return multinomial logistic regression on the features of another classifier, without its augmentation.

    C = 3 was chosen by cross-validation on training letters; features are not standardized, which was less accurate.

    Parameters
    ----------
    template : classifier
        Usually the flat contender: a Pipeline, an AugmentedMLPClassifier, an AugmentedClassifier, or a committee of
        such, whose first voter is used.

    Returns
    -------
    LogisticRegression, or a Pipeline that ends in one
        Not fitted.

    Examples
    --------
    >>> from ensemble_hwr import AugmentedMLPClassifier, GradientFeatures
    >>> from ensemble_hwr.evaluation.contenders import logistic_regression
    >>> logistic_regression(AugmentedMLPClassifier((600,), features=GradientFeatures(grid=9)))
    Pipeline(steps=[('view', GradientFeatures(grid=9)),
                    ('classify', LogisticRegression(C=3.0, max_iter=1000))])
    """
    if isinstance(template, VotingClassifier):
        template = template.estimators[0][1]
    transformers = [clone(transformer) for transformer in features_of(template)]
    linear = LogisticRegression(C=3.0, max_iter=1000)
    if not transformers:
        return linear
    view = transformers[0] if len(transformers) == 1 else make_pipeline(*transformers)
    return Pipeline([("view", view), ("classify", linear)])


def standard_contenders(
    hierarchy: HierarchicalEnsembleClassifier, *, views: Sequence[Any], flat: BaseEstimator | None = None
) -> dict[str, BaseEstimator | EqualParameters | EqualMacs]:
    """Return a hierarchy with the contenders that it should be compared with.

    Parameters
    ----------
    hierarchy : HierarchicalEnsembleClassifier
        The hierarchy to evaluate.
    views : sequence of transformer or "passthrough"
        Feature extractors of its members, each once. The committee has a flat MLP on each, and at least three MLPs.
    flat : MLPClassifier, AugmentedMLPClassifier, Pipeline that ends in one, or AugmentedClassifier of such, optional
        Template of the flat MLP; the hierarchy's router by default. Each member of the committee has one of the views
        in place of the template's features, and the template's augmentation.

    Returns
    -------
    dict of str to contender
        - ``baseline``: the flat baseline, on raw samples;
        - ``logreg``: logistic regression on the features of ``flat``;
        - ``flat``: one MLP with as many parameters as the hierarchy;
        - ``flat_macs``: one MLP that needs as many MACs per sample as the hierarchy needs on average;
        - ``flat_macs_cheap``: the same on the cheapest of `views`;
        - ``committee``: averaged flat MLPs with as many parameters in total as the hierarchy;
        - ``top_down``: the classic top-down use of the same router and specialists;
        - ``hierarchical``: the hierarchy.

    Raises
    ------
    ConfigError
        If the template is not an MLP, or there is no view.

    Examples
    --------
    >>> from ensemble_hwr import HierarchicalEnsembleClassifier, MemberMLPClassifier
    >>> from ensemble_hwr.evaluation import standard_contenders
    >>> mlp = MemberMLPClassifier((50,))
    >>> contenders = standard_contenders(HierarchicalEnsembleClassifier(mlp, mlp), views=["passthrough"])
    >>> list(contenders)[:4], list(contenders)[4:]
    (['baseline', 'logreg', 'flat', 'flat_macs'], ['flat_macs_cheap', 'committee', 'top_down', 'hierarchical'])
    """
    template = hierarchy.router if flat is None else flat
    _, mlp = unwrap(template)
    if not isinstance(mlp, SCALABLE):
        raise ConfigError(
            "flat contenders and committee are scaled from an MLPClassifier or an AugmentedMLPClassifier, but "
            f"the router is a {type(mlp).__name__}; give an MLP to scale as `flat`"
        )
    if not views:
        raise ConfigError("views: got none; give at least one view for the committee, such as 'passthrough'")
    chosen = [views[i % len(views)] for i in range(max(COMMITTEE_SIZE, len(views)))]
    members = [(f"view{i}", with_view(view, template)) for i, view in enumerate(chosen)]
    return {
        "baseline": baseline(),
        "logreg": logistic_regression(template),
        "flat": EqualParameters(template),
        "flat_macs": EqualMacs(template),
        "flat_macs_cheap": EqualMacs(template, views=tuple(views)),
        "committee": EqualParameters(VotingClassifier(members, voting="soft")),
        "top_down": top_down(hierarchy),
        "hierarchical": hierarchy,
    }


def top_down(hierarchy: HierarchicalEnsembleClassifier) -> HierarchicalEnsembleClassifier:
    """Return the classic top-down variant of a hierarchy: only the specialist of the most probable group is applied.

    Examples
    --------
    >>> from ensemble_hwr import HierarchicalEnsembleClassifier
    >>> from ensemble_hwr.evaluation.contenders import top_down
    >>> top_down(HierarchicalEnsembleClassifier(confusables="derived"))
    HierarchicalEnsembleClassifier(confidence_threshold=1.0, min_mass=0.0, routing='top_down',
                                   trust=1.0)
    """
    classic: HierarchicalEnsembleClassifier = clone(hierarchy).set_params(
        routing="top_down",
        trust=1.0,
        confusables=None,
        expert=None,
        min_mass=0.0,
        confidence_threshold=1.0,
        calibration=None,
    )
    return classic


def with_seed(estimator: BaseEstimator, seed: int) -> BaseEstimator:
    """Return a clone of an estimator with every ``random_state`` in it derived from a seed.

    The estimator's own ``random_state`` is the seed. Those of nested estimators are drawn from the seed, so that
    members of a committee differ even with equal parameters.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> from ensemble_hwr.evaluation.contenders import with_seed
    >>> with_seed(MemberMLPClassifier(), 7).random_state
    7
    >>> with_seed(make_pipeline("passthrough", MemberMLPClassifier()), 7)[-1].random_state
    327741615
    """
    seeded = clone(estimator)
    names = random_state_names(seeded)
    rng = np.random.RandomState(seed)
    drawn = {name: int(rng.randint(np.iinfo(np.int32).max)) for name in names if name != "random_state"}
    own = {"random_state": seed} if "random_state" in names else {}
    seeded.set_params(**drawn, **own)
    return seeded


class EncodedLabelsClassifier(ClassifierMixin, BaseEstimator):
    """Classifier of any labels around one that accepts only the codes 0, 1, 2, ...

    Parameters
    ----------
    estimator : classifier
        Fitted on the codes of the sorted labels.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels.
    estimator_ : classifier
        The fitted classifier.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr.evaluation.contenders import EncodedLabelsClassifier
    >>> model = EncodedLabelsClassifier(GaussianNB()).fit([[0.0], [0.1], [1.0], [1.1]], ["no", "no", "yes", "yes"])
    >>> model.predict([[0.9]])
    array(['yes'], dtype='<U3')
    >>> model.estimator_.classes_
    array([0, 1])
    """

    _wraps: ClassVar[str] = "estimator"

    def __init__(self, estimator: BaseEstimator) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit the classifier on the codes of the labels.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels.
        **fit_params
            Parameters of the classifier's ``fit``.

        Returns
        -------
        self
        """
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        self.estimator_ = clone(self.estimator).fit(X, codes, **fit_params)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.floating]:
        """Return the probabilities of the classifier, in the order of the labels.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        probabilities: NDArray[np.floating] = np.asarray(self.estimator_.predict_proba(X))
        return probabilities

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label of each sample.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        labels: NDArray[Any] = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return labels
