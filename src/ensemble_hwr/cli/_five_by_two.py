"""Dietterich's five divisions into halves, for every pair of contenders at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ensemble_hwr.evaluation import PairedTest, Progress

FITS = 10


def five_by_two_tests(
    contenders: Mapping[str, Any],
    X: NDArray[np.float32],
    y: NDArray[np.str_],
    *,
    n_jobs: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> dict[tuple[str, str], PairedTest]:
    """Fit every contender on the same ten halves, and test every pair by the combined 5x2cv F-test.

    Parameters
    ----------
    contenders : mapping
        As :func:`~ensemble_hwr.evaluation.compare` takes them; each is fitted ten times, however many pairs there are.
    X, y : ndarray
        All letters.
    n_jobs, on_progress
        As for `compare`.

    Returns
    -------
    dict of (str, str) to PairedTest
    """
    import numpy as np
    from sklearn.model_selection import RepeatedStratifiedKFold

    from ensemble_hwr.evaluation import combined_ftest_5x2cv, compare

    halves = list(RepeatedStratifiedKFold(n_splits=2, n_repeats=5, random_state=0).split(np.zeros(len(y)), y))
    comparison = compare(
        contenders, X, y, split=lambda fit: halves[fit], seeds=range(FITS), n_jobs=n_jobs, on_progress=on_progress
    )
    accuracy = {
        name: np.reshape(
            [
                (comparison.classes[run.probabilities.argmax(axis=1)] == y[run.test]).mean()
                for run in comparison.of(name)
            ],
            (5, 2),
        )
        for name in contenders
    }
    return {(a, b): combined_ftest_5x2cv(accuracy[a], accuracy[b]) for a, b in combinations(contenders, 2)}
