"""Who is compared: the flat baseline of the field, flat controls of equal parameters, and the hierarchy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from ensemble_hwr.ensemble import MLP, HierarchicalEnsembleClassifier
from ensemble_hwr.exceptions import ConfigError

COMMITTEE_SIZE = 3
STANDARD_CONTENDERS = ("baseline", "flat", "committee", "hard", "hierarchical")


@dataclass(frozen=True)
class EqualParameters:
    """A contender that is given as many parameters as another one turned out to have.

    Attributes
    ----------
    template : MLPClassifier, Pipeline that ends in one, or VotingClassifier of such
        Its hidden layers are scaled, their proportions kept; a committee shares the parameters evenly.
    reference : str
        Name of the contender whose parameters are matched.
    """

    template: BaseEstimator
    reference: str = "hierarchical"

    def __post_init__(self) -> None:
        _check_scalable(self.template)

    def sized(self, n_parameters: int, X: NDArray[Any], n_classes: int) -> BaseEstimator:
        """Return the template, scaled.

        Parameters
        ----------
        n_parameters : int
            Parameters in all.
        X : ndarray of shape (n_rows, n_features)
            The training rows: features that are learned are fitted on them, to find how many there are.
        n_classes : int
            Number of classes.

        Returns
        -------
        estimator
            An unfitted clone.
        """
        return scale_hidden_layers(self.template, n_parameters, X, n_classes)


def baseline() -> MLP:
    """Return the flat baseline of the field: MLP (100, 100, 100), logistic, Adam, early stopping, on raw pixels.

    Examples
    --------
    >>> from ensemble_hwr.evaluation import baseline
    >>> baseline().hidden_layer_sizes
    (100, 100, 100)
    """
    return MLP((100, 100, 100), activation="logistic", solver="adam", early_stopping=True)


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
    flat : MLPClassifier or Pipeline that ends in one, optional
        What the flat MLP is scaled from; the hierarchy's router by default.

    Returns
    -------
    dict of str to contender
        ``baseline``, the flat MLP of the field; ``flat``, one MLP with as many parameters as the hierarchy;
        ``committee``, averaged flat MLPs with as many in all; ``hard``, the classic top-down use of the same
        router and specialists; ``hierarchical``.
    """
    template = hierarchy.router if flat is None else flat
    mlp = template.steps[-1][1] if isinstance(template, Pipeline) else template
    if not isinstance(mlp, MLPClassifier):
        raise ConfigError(
            f"flat and committee are scaled from an MLPClassifier, but the router is a {type(mlp).__name__}; "
            "name an MLP to scale as `flat`."
        )
    if not views:
        raise ConfigError("views is empty; give the committee one view at least, such as 'passthrough'.")
    chosen = [views[i % len(views)] for i in range(max(COMMITTEE_SIZE, len(views)))]
    committee = VotingClassifier(
        [(f"view{i}", Pipeline([("view", clone_view(view)), ("mlp", clone(mlp))])) for i, view in enumerate(chosen)],
        voting="soft",
    )
    return {
        "baseline": baseline(),
        "flat": EqualParameters(template),
        "committee": EqualParameters(committee),
        "hard": top_down(hierarchy),
        "hierarchical": hierarchy,
    }


def top_down(hierarchy: HierarchicalEnsembleClassifier) -> HierarchicalEnsembleClassifier:
    """Return the classic top-down use of a hierarchy: the winning group's specialist decides, nobody else speaks.

    Examples
    --------
    >>> from ensemble_hwr import HierarchicalEnsembleClassifier
    >>> from ensemble_hwr.evaluation import top_down
    >>> top_down(HierarchicalEnsembleClassifier(confusables="derived"))
    HierarchicalEnsembleClassifier(certainty=1.0, min_mass=0.0, routing='hard',
                                   trust=1.0)
    """
    classic: HierarchicalEnsembleClassifier = clone(hierarchy).set_params(
        routing="hard", trust=1.0, confusables=None, expert=None, min_mass=0.0, certainty=1.0
    )
    return classic


def with_seed(estimator: BaseEstimator, seed: int) -> BaseEstimator:
    """Clone an estimator with a seed for every ``random_state`` in it.

    Its own is the seed itself; each one inside it is drawn from the seed, so that the members of a committee differ
    though their settings are the same.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from ensemble_hwr import MLP
    >>> from ensemble_hwr.evaluation import with_seed
    >>> with_seed(MLP(), 7).random_state
    7
    >>> with_seed(make_pipeline("passthrough", MLP()), 7)[-1].random_state
    327741615
    """
    seeded = clone(estimator)
    names = sorted(name for name in seeded.get_params() if name.split("__")[-1] == "random_state")
    rng = np.random.RandomState(seed)
    drawn = {name: int(rng.randint(np.iinfo(np.int32).max)) for name in names if name != "random_state"}
    own = {"random_state": seed} if "random_state" in names else {}
    seeded.set_params(**drawn, **own)
    return seeded


def clone_view(view: Any) -> Any:
    """Clone a transformer; "passthrough" stands for itself."""
    return view if isinstance(view, str) else clone(view)


def scale_hidden_layers(estimator: BaseEstimator, n_parameters: int, X: NDArray[Any], n_classes: int) -> BaseEstimator:
    """Scale the hidden layers of an MLP, or of every MLP of a committee, to hold so many parameters in all.

    Parameters
    ----------
    estimator : MLPClassifier, Pipeline that ends in one, or VotingClassifier of such
        Template; not changed.
    n_parameters : int
        Parameters in all.
    X : ndarray of shape (n_rows, n_features)
        The training rows: features that are learned are fitted on them, to find how many there are.
    n_classes : int
        Number of classes.

    Returns
    -------
    estimator
        An unfitted clone with the nearest number of parameters that whole units allow.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPClassifier
    >>> from ensemble_hwr.evaluation import scale_hidden_layers
    >>> scale_hidden_layers(MLPClassifier((10,)), 1_500, np.zeros((1, 20)), n_classes=9).hidden_layer_sizes
    (50,)
    """
    _check_scalable(estimator)
    if isinstance(estimator, VotingClassifier):
        share = n_parameters // len(estimator.estimators)
        members = [(name, scale_hidden_layers(member, share, X, n_classes)) for name, member in estimator.estimators]
        return clone(estimator).set_params(estimators=members)
    if isinstance(estimator, Pipeline):
        features = clone(estimator[:-1]).fit(X).transform(X[:1]) if len(estimator) > 1 else X
        scaled = clone(estimator)
        name, last = scaled.steps[-1]
        return scaled.set_params(**{name: scale_hidden_layers(last, n_parameters, features, n_classes)})
    layers = np.atleast_1d(np.asarray(estimator.hidden_layer_sizes))
    sizes = _nearest_sizes(layers, n_parameters, np.shape(X)[1], n_classes)
    return clone(estimator).set_params(hidden_layer_sizes=sizes)


def _check_scalable(template: BaseEstimator) -> None:
    """Refuse what has no hidden layers, before anything is fitted."""
    if isinstance(template, VotingClassifier):
        for _, member in template.estimators:
            _check_scalable(member)
    elif isinstance(template, Pipeline):
        _check_scalable(template.steps[-1][1])
    elif not np.size(getattr(template, "hidden_layer_sizes", ())):
        raise ConfigError(
            f"a contender of equal parameters is scaled by its hidden layers, and a {type(template).__name__} here has "
            "none; give an MLP with one hidden layer or more, a Pipeline that ends in one, or a committee."
        )


def _nearest_sizes(layers: NDArray[Any], n_parameters: int, n_features: int, n_classes: int) -> tuple[int, ...]:
    """Widths in the proportions of `layers` whose MLP has the number of parameters nearest to the one wanted."""
    outputs = 1 if n_classes == 2 else n_classes

    def widths(scale: float) -> tuple[int, ...]:
        return tuple(max(1, round(width * scale)) for width in layers.tolist())

    def parameters(scale: float) -> int:
        sizes = (n_features, *widths(scale), outputs)
        return sum((a + 1) * b for a, b in pairwise(sizes))

    low, high = 0.0, 1.0
    while parameters(high) < n_parameters:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if parameters(middle) < n_parameters else (low, middle)
    return widths(min((low, high), key=lambda scale: abs(parameters(scale) - n_parameters)))
