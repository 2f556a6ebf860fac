"""Who is compared: the flat baseline of the field, flat controls of equal parameters, and the hierarchy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingClassifier

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.evaluation._scaling import SCALABLE, EqualParameters, innermost, seeing
from ensemble_hwr.exceptions import ConfigError

COMMITTEE_SIZE = 3
STANDARD_CONTENDERS = ("baseline", "flat", "committee", "top_down", "hierarchical")


def baseline() -> MemberMLPClassifier:
    """Return the flat baseline of the field: MLP (100, 100, 100), logistic, Adam, early stopping, on raw pixels.

    Examples
    --------
    >>> from ensemble_hwr.evaluation import baseline
    >>> baseline().hidden_layer_sizes
    (100, 100, 100)
    """
    return MemberMLPClassifier((100, 100, 100), activation="logistic", solver="adam", early_stopping=True)


def standard_contenders(
    hierarchy: HierarchicalEnsembleClassifier, *, views: Sequence[Any], flat: BaseEstimator | None = None
) -> dict[str, BaseEstimator | EqualParameters]:
    """Return the contenders that an honest comparison of a hierarchy needs.

    Parameters
    ----------
    hierarchy : HierarchicalEnsembleClassifier
        The hierarchy in question.
    views : sequence of transformer or "passthrough"
        Features that its members see, each view once. The committee has a flat MLP on each, and three at least.
    flat : MLPClassifier, AugmentedMLPClassifier, Pipeline that ends in one, or AugmentedClassifier of such, optional
        What the flat MLP is scaled from; the hierarchy's router by default. In the committee each member has its own
        view in place of the template's, and learns from the same kind of copies.

    Returns
    -------
    dict of str to contender
        ``baseline``, the flat MLP of the field; ``flat``, one MLP with as many parameters as the hierarchy;
        ``committee``, averaged flat MLPs with as many in all; ``top_down``, the classic top-down use of the same
        router and specialists; ``hierarchical``.
    """
    template = hierarchy.router if flat is None else flat
    mlp = innermost(template)
    if not isinstance(mlp, SCALABLE):
        raise ConfigError(
            "flat and committee are scaled from an MLPClassifier or an AugmentedMLPClassifier, but "
            f"the router is a {type(mlp).__name__}; name an MLP to scale as `flat`."
        )
    if not views:
        raise ConfigError("views is empty; give the committee one view at least, such as 'passthrough'.")
    chosen = [views[i % len(views)] for i in range(max(COMMITTEE_SIZE, len(views)))]
    committee = VotingClassifier([(f"view{i}", seeing(view, template)) for i, view in enumerate(chosen)], voting="soft")
    return {
        "baseline": baseline(),
        "flat": EqualParameters(template),
        "committee": EqualParameters(committee),
        "top_down": top_down(hierarchy),
        "hierarchical": hierarchy,
    }


def top_down(hierarchy: HierarchicalEnsembleClassifier) -> HierarchicalEnsembleClassifier:
    """Return the classic top-down use of a hierarchy: the winning group's specialist decides, nobody else speaks.

    Examples
    --------
    >>> from ensemble_hwr import HierarchicalEnsembleClassifier
    >>> from ensemble_hwr.evaluation import top_down
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
    """Clone an estimator with a seed for every ``random_state`` in it.

    Its own is the seed itself; each one inside it is drawn from the seed, so that the members of a committee differ
    though their settings are the same.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> from ensemble_hwr.evaluation import with_seed
    >>> with_seed(MemberMLPClassifier(), 7).random_state
    7
    >>> with_seed(make_pipeline("passthrough", MemberMLPClassifier()), 7)[-1].random_state
    327741615
    """
    seeded = clone(estimator)
    names = sorted(name for name in seeded.get_params() if name.split("__")[-1] == "random_state")
    rng = np.random.RandomState(seed)
    drawn = {name: int(rng.randint(np.iinfo(np.int32).max)) for name in names if name != "random_state"}
    own = {"random_state": seed} if "random_state" in names else {}
    seeded.set_params(**drawn, **own)
    return seeded
