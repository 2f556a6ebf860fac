"""Classifiers of other libraries for hierarchical classification, as scikit-learn classifiers of the same groups."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, has_fit_parameter, validate_data

from ensemble_hwr._sklearn import HasMethods, Interval, StrOptions, _fit_context
from ensemble_hwr._typing import FloatArray
from ensemble_hwr.evaluation.contenders import with_seed
from ensemble_hwr.exceptions import MissingExtraError
from ensemble_hwr.hierarchy import Declaration, NamedSets, batches, class_paths, resolve_groups


class HiClassClassifier(ClassifierMixin, BaseEstimator):
    """HiClass's local classifiers on declared groups, for labels of any type.

    HiClass is trained on paths of text labels, and the order of its columns is that of texts: class 10 before class 2.
    Here nodes and classes have codes of their own, and the probability of a class is the product of the local
    probabilities on its path, which are looked up by code. The ``predict_proba`` of HiClass 5.0.8 is not used: with
    three levels or more, its most probable class differs from that of its ``predict``. Classes that are less deep than
    others get further nodes with a single child.

    Parameters
    ----------
    estimator : classifier
        Template of the local classifiers.
    groups : "batches" or groups, default="batches"
        As in :class:`~ensemble_hwr.HierarchicalEnsembleClassifier`; groups may nest. Derived groups are not possible.
    policy : {"parent_node", "node"}, default="parent_node"
        HiClass's ``LocalClassifierPerParentNode``, one classifier for the children of each node, or its
        ``LocalClassifierPerNode``, one binary classifier for each node.
    random_state : int, default=None
        Seed of the local classifiers. With None they keep their own.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels.
    groups_ : dict of str to ndarray
        Classes of each group, level by level.
    model_ : LocalClassifierPerParentNode or LocalClassifierPerNode
        Fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr.evaluation.peers import HiClassClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> groups = {"round": {"closed": [0, 6, 8, 9], "open": [2, 3, 5]}, "straight": [1, 4, 7]}
    >>> model = HiClassClassifier(LogisticRegression(max_iter=500), groups=groups)
    >>> bool(model.fit(X[::2] / 16, y[::2]).score(X[1::2] / 16, y[1::2]) > 0.9)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "groups": [StrOptions({"batches"}), dict, "array-like"],
        "policy": [StrOptions({"parent_node", "node"})],
        "random_state": [Interval(Integral, 0, None, closed="left"), None],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        *,
        groups: str | Declaration = "batches",
        policy: str = "parent_node",
        random_state: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.groups = groups
        self.policy = policy
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the local classifiers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; every local classifier gets those of its samples.

        Returns
        -------
        self

        Raises
        ------
        MissingExtraError
            If HiClass is not installed.
        HierarchyError
            If the groups do not fit the classes.
        TypeError
            If there are weights, but `estimator` accepts none.
        """
        local = _local_classifier(self.policy)
        rows, labels = validate_data(self, X, y)
        if sample_weight is not None:
            _check_accepts_weights(self.estimator)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        declared = self.groups
        self.groups_ = batches(self.classes_) if isinstance(declared, str) else resolve_groups(declared, self.classes_)
        paths = _coded_paths(self.groups_, self.classes_)
        member = self.estimator if self.random_state is None else with_seed(self.estimator, self.random_state)
        self.model_ = local(member, n_jobs=1).fit(rows, paths[codes], sample_weight)
        self._leaves = [self.model_.separator_.join(path) for path in paths]
        return self

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return the product of the local probabilities on the path of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns follow ``classes_``.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False)
        tree = self.model_.hierarchy_
        waiting = [self.model_.root_]
        share: dict[Any, FloatArray] = {self.model_.root_: np.ones(len(rows))}
        while waiting:
            parent = waiting.pop()
            children = list(tree.successors(parent))
            local = self._local_probabilities(tree, parent, children, rows)
            share.update((child, share[parent] * local[:, i]) for i, child in enumerate(children))
            waiting += [child for child in children if tree.out_degree(child)]
        return np.column_stack([share[leaf] for leaf in self._leaves])

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def _local_probabilities(self, tree: Any, parent: Any, children: list[Any], rows: Any) -> FloatArray:
        """Return the probabilities of the children of a node, which sum to 1."""
        if len(children) == 1:
            return np.ones((len(rows), 1))
        if self.policy == "parent_node":
            local = tree.nodes[parent]["classifier"]
            position = {name: i for i, name in enumerate(local.classes_.tolist())}
            found = local.predict_proba(rows)[:, [position[child] for child in children]]
        else:
            binary = [tree.nodes[child]["classifier"] for child in children]
            found = np.column_stack([one.predict_proba(rows)[:, list(one.classes_).index(1)] for one in binary])
        total = found.sum(axis=1, keepdims=True)
        shares: FloatArray = np.where(total > 0, found / np.where(total > 0, total, 1), 1 / len(children))
        return shares


def _local_classifier(policy: str) -> Any:
    """Return HiClass's class for a policy."""
    try:
        import hiclass
    except ModuleNotFoundError:
        raise MissingExtraError("hiclass", "benchmarks") from None
    return hiclass.LocalClassifierPerParentNode if policy == "parent_node" else hiclass.LocalClassifierPerNode


def _check_accepts_weights(estimator: BaseEstimator) -> None:
    """Raise an error if HiClass would ignore weights, since the fit of the local classifiers accepts none."""
    if not has_fit_parameter(estimator, "sample_weight"):
        raise TypeError(
            f"sample_weight was given, but the estimator is a {type(estimator).__name__}, whose fit has no such "
            "argument; leave the weights out or choose an estimator that accepts them"
        )


def _coded_paths(groups: NamedSets, classes: NDArray[Any]) -> NDArray[np.str_]:
    """Return the path of each class as codes of equal length, padded by nodes of that class alone."""
    names = class_paths(groups, classes)
    depth = max(len(path) for path in names.values())
    width = len(str(max(len(groups), len(classes))))
    number = {name: i for i, name in enumerate(groups)}
    paths = []
    for code, path in enumerate(names.values()):
        leaf = f"c{code:0{width}}"
        paths.append([*(f"g{number[name]:0{width}}" for name in path), *[leaf] * (depth - len(path) + 1)])
    return np.array(paths)
