"""The multi-layer perceptron that members are made of."""

from __future__ import annotations

import warnings
from typing import Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr.ensemble._epoch_callback import on_epoch_end
from ensemble_hwr.ensemble._forward import probabilities


class MemberMLPClassifier(MLPClassifier):
    """scikit-learn's MLPClassifier, fit to be a member.

    It learns the same, bit for bit, and its parameters and attributes are those of
    :class:`~sklearn.neural_network.MLPClassifier`. Three things differ. It can stop early on letters under every
    supported release: up to 1.8, scikit-learn asks whether the labels answered for the held-out part are NaN, which
    text cannot tell. ``max_iter`` is taken as a choice: to reach it is no reason to warn; ``n_iter_`` tells. And of two
    classes both are told by a sigmoid, the first not as 1 less the second, so that a small probability is not rounding.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> y = np.where(X[:, 0] > 0, "B", "P")
    >>> MemberMLPClassifier((10,), early_stopping=True, random_state=0).fit(X, y).classes_.tolist()
    ['B', 'P']
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        self
            The fitted network.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            super().fit(X, y, sample_weight=sample_weight)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities; columns follow ``classes_``.
        """
        check_is_fitted(self)
        return probabilities(self, validate_data(self, X, accept_sparse=["csr", "csc"], reset=False))

    def _score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        return accuracy_score(y, self._predict(X, check_input=False), sample_weight=sample_weight)

    def _update_no_improvement_count(self, *held_out: Any) -> None:
        """Do what scikit-learn does at the end of each epoch, and tell whoever looks on."""
        super()._update_no_improvement_count(*held_out)
        on_epoch_end(self)
