"""Time to fit a hierarchy, compared with two processes, a flat MLP of equal parameters, HiClass and more threads.

    python -m benchmarks fitting             ten minutes on two idle cores
    python -m benchmarks fitting --quick     a minute

The hierarchy is that of ``benchmarks.trust``: a router, six specialists, four experts for confusable letters and one
expert for all letters. Its trust is estimated on one held-out half unless stated otherwise. Every member is trained for
as many epochs as the flat MLP. Ratios are medians over rounds in which all models are fitted in turn. One process and
two are compared on more letters and epochs, since the start of two processes takes more than a second.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from benchmarks.figures import Figure, ratio, time_in_turn
from benchmarks.letters import letters_to_time
from benchmarks.trust import hierarchy
from ensemble_hwr import GradientFeatures, HierarchicalEnsembleClassifier, MemberMLPClassifier, generate_letters
from ensemble_hwr.evaluation import count_parameters
from ensemble_hwr.evaluation.peers import HiClassClassifier
from ensemble_hwr.evaluation.scaling import scale_hidden_layers

Work = Callable[[], Any]


def measure(quick: bool = False) -> list[Figure]:
    """Time all fits."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Got `batch_size` less than 1 or larger", UserWarning)
        return [*of_models(quick), *of_processes(quick)]


def of_models(quick: bool) -> list[Figure]:
    """Time the hierarchy and other models, in one process."""
    letters = letters_to_time(780 if quick else 5200, 26)
    X, y = letters.train, letters.train_target
    epochs, repeats = (5, 3) if quick else (30, 5)
    found = time_in_turn(functions(X, y, epochs), repeats)
    fast = "half"
    return [
        Figure(f"the hierarchy on {len(y):,} letters ({letters.kind}), one process", median(found[fast]), "s"),
        _bounded("the hierarchy against the flat MLP of equal parameters", found, (fast, "flat"), "2", 8),
        _bounded("the same with trust from three folds", found, ("folds", "flat"), "", 15),
        _bounded(
            "the top-down hierarchy against HiClass on the same members", found, ("top-down", "hiclass"), "1", 2.5
        ),
        _bounded("two BLAS threads allowed against one", found, ("two threads", fast), "1", 2),
    ]


def functions(X: Any, y: Any, epochs: int) -> dict[str, Work]:
    """Return the functions to time."""
    model = hierarchy(0, epochs, cv=0.5)
    flat = flat_of_equal_parameters(X, y, epochs)
    member = make_pipeline(GradientFeatures(grid=7), MemberMLPClassifier((60,), batch_size=50, max_iter=epochs))
    classic = HierarchicalEnsembleClassifier(member, member, router_target="groups", random_state=0)
    return {
        "half": partial(_fit, model, X, y),
        "folds": partial(_fit, hierarchy(0, epochs, cv=3), X, y),
        "flat": partial(_fit, flat, X, y),
        "top-down": partial(_fit, classic, X, y),
        "hiclass": partial(_fit, HiClassClassifier(member, random_state=0), X, y),
        "two threads": partial(_fit, model, X, y, threads=2),
    }


def of_processes(quick: bool) -> list[Figure]:
    """Time a long fit with one process and with two."""
    n_letters, epochs, n_products, repeats = (780, 5, 50, 1) if quick else (20_800, 60, 500, 3)
    letters = generate_letters(n_letters, writers=max(n_letters // 104, 2), random_state=0)
    X, y = letters.to_rows(), letters.target
    product = np.random.default_rng(0).random((600, 600))
    model = hierarchy(0, epochs, cv=0.5)
    found = time_in_turn(
        {
            "one": partial(_fit, model, X, y),
            "two": partial(_fit, clone(model).set_params(n_jobs=2), X, y),
            "alone": partial(multiply_in_processes, product, 1, n_products),
            "both": partial(multiply_in_processes, product, 2, n_products),
        },
        repeats,
    )
    target = "1.75" if joblib.cpu_count() > 1 else ""
    gain, possible = ratio(found["one"], found["two"]), 2 * ratio(found["alone"], found["both"])
    return [
        Figure(
            f"the hierarchy on {n_letters:,} letters (generated), {epochs} epochs, one process",
            median(found["one"]),
            "s",
        ),
        Figure("the same, two processes against one", gain, "times as fast", target),
        Figure("matrix products alone, two processes against one", possible, "times as fast"),
    ]


def flat_of_equal_parameters(X: Any, y: Any, epochs: int) -> Any:
    """Return a flat MLP with as many parameters as the whole hierarchy."""
    some = np.random.default_rng(0).permutation(len(y))[: min(len(y), 780)]
    n_parameters = count_parameters(hierarchy(0, 1, trust=1.0).fit(X[some], y[some]))
    flat = make_pipeline(
        GradientFeatures(grid=7), MemberMLPClassifier((100,), batch_size=100, max_iter=epochs, random_state=0)
    )
    return scale_hidden_layers(flat, n_parameters, X[:100], len(np.unique(y)))


def _bounded(name: str, found: dict[str, list[float]], which: tuple[str, str], target: str, at_most: float) -> Figure:
    slow, fast = (found[one] for one in which)
    return Figure(name, ratio(slow, fast), "times", target and f"at most {target}", at_most=at_most)


def _fit(model: Any, X: Any, y: Any, threads: int = 1) -> None:
    with threadpool_limits(threads):
        clone(model).fit(X, y)


def multiply_in_processes(matrix: Any, n_processes: int, n_products: int) -> None:
    """Multiply matrices in several processes, `n_products` times in each."""
    joblib.Parallel(n_processes)(joblib.delayed(_multiply)(matrix, n_products) for _ in range(n_processes))


def _multiply(matrix: Any, n_products: int) -> None:
    with threadpool_limits(1):
        for _ in range(n_products):
            matrix @ matrix
