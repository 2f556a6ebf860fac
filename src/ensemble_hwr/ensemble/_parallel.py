"""Fit many members in parallel: the longest first, one BLAS thread each, the voters of a committee as separate fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pickle import PicklingError
from threading import local
from typing import Any

import numpy as np
from joblib import Parallel, cpu_count, delayed, effective_n_jobs
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import get_active_backend
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch
from threadpoolctl import threadpool_limits

from ensemble_hwr._processes import worker_backend
from ensemble_hwr._sklearn import _safe_indexing
from ensemble_hwr._typing import IntArray
from ensemble_hwr.ensemble._hooks import CachedFits, fits_reported
from ensemble_hwr.ensemble._members import fit_member
from ensemble_hwr.exceptions import FittingError

UNITS_PER_STEP = 2000  # a step costs as much as this many hidden units cost per row
_thread = local()  # each Python thread has its own number of OpenMP threads


@dataclass(frozen=True)
class FitTask:
    """One fit.

    Attributes
    ----------
    name : str
        Name of the member that is fitted.
    estimator : estimator
        Seeded; not fitted.
    rows : ndarray of shape (n_rows,)
        Positions of the rows to fit on.
    target : ndarray of shape (n_rows,)
        Their labels.
    params : mapping
        Further keywords of `fit`.
    """

    name: str
    estimator: BaseEstimator
    rows: IntArray
    target: NDArray[Any]
    params: Mapping[str, Any]


def run_tasks(tasks: Sequence[FitTask], X: Any, n_jobs: int | None = None, verbose: int = 0) -> list[BaseEstimator]:
    """Run fits in parallel.

    Processes share the rows by a memory map, and each selects those of its task. Fits in the current cache are reused,
    and new ones are stored at once.

    Parameters
    ----------
    tasks : sequence of FitTask
        The fits.
    X : array-like of shape (n_samples, n_features)
        The rows of all tasks.
    n_jobs : int, optional
        Processes, as joblib counts them; at most as many as there are cores, and one inside another's process.
    verbose : int
        For joblib.

    Returns
    -------
    list of estimator
        Fitted, in the order of the tasks.
    """
    split = [split_voting(task) for task in tasks]
    fitted = iter(_run([part for parts in split for part in parts], X, n_jobs, verbose))
    return [
        assemble_voting(task, parts, [next(fitted) for _ in parts]) for task, parts in zip(tasks, split, strict=True)
    ]


def fit_classifier(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    name: str = "classifier",
    n_jobs: int | None = None,
    fit_params: Mapping[str, Any] | None = None,
) -> BaseEstimator:
    """Fit any classifier as ensemble members are fitted: with one BLAS thread, and with the current fit cache.

    The voters of a VotingClassifier are fitted in parallel, and each is cached.

    Parameters
    ----------
    estimator : classifier
        It is cloned.
    X : array-like of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,)
        Labels.
    name : str, default="classifier"
        Name of the classifier in messages.
    n_jobs : int, optional
        Number of processes.
    fit_params : mapping, optional
        Further keywords of its ``fit``, such as ``sample_weight``.

    Returns
    -------
    classifier
        Fitted; the same as ``clone(estimator).fit(X, y)``.

    See Also
    --------
    fit_cache : Reuse finished fits.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> from ensemble_hwr.ensemble import fit_classifier
    >>> X, y = load_iris(return_X_y=True)
    >>> fit_classifier(MemberMLPClassifier((5,), learning_rate_init=0.02, random_state=0), X, y).score(X, y) > 0.9
    True
    """
    labels = np.asarray(y)
    rows = X if hasattr(X, "shape") else np.asarray(X)
    task = FitTask(name, clone(estimator), np.arange(len(labels)), labels, dict(fit_params or {}))
    return run_tasks([task], rows, n_jobs)[0]


def split_voting(task: FitTask) -> list[FitTask]:
    """Return one task for each voter of a VotingClassifier; for any other estimator the task itself.

    Voters are fitted on all rows, with positions in place of labels. With metadata routing only the VotingClassifier
    itself can route what each voter requests, so it is not split.
    """
    if type(task.estimator) is not VotingClassifier or get_config()["enable_metadata_routing"]:
        return [task]
    codes = np.unique(task.target, return_inverse=True)[1]
    return [
        replace(task, name=f"{task.name}, {name}", estimator=clone(voter), target=codes)
        for name, voter in task.estimator.estimators
        if voter != "drop"
    ]


def assemble_voting(task: FitTask, parts: Sequence[FitTask], fitted: Sequence[BaseEstimator]) -> BaseEstimator:
    """Return the fitted estimator of a task from the fitted estimators of its parts."""
    if parts[0] is task:
        return fitted[0]
    committee, voters = task.estimator, iter(fitted)
    declared = committee.estimators
    committee.estimators = [
        (name, voter if voter == "drop" else FrozenEstimator(next(voters))) for name, voter in declared
    ]
    committee.fit(task.rows[:, None], task.target)  # fits no voter, but sets the classes and checks the parameters
    committee.estimators = declared
    committee.estimators_ = list(fitted)
    committee.named_estimators_ = Bunch(
        **{name: voter if voter == "drop" else voter.estimator for name, voter in committee.named_estimators_.items()}
    )
    return committee


def _run(tasks: Sequence[FitTask], X: Any, n_jobs: int | None, verbose: int) -> list[BaseEstimator]:
    """Run the fits that are not cached, the longest first."""
    contents = [(task.rows, task.target, dict(task.params), task.estimator) for task in tasks]
    cached = CachedFits.of([task.name for task in tasks], contents, X)
    fitted = {number: found for number, found in enumerate(cached.get_all()) if found is not None}
    missing = sorted(set(range(len(tasks))) - set(fitted), key=lambda number: -effort(tasks[number]))
    parallel = _in_parallel(processes(n_jobs, len(missing)), verbose)
    efforts = {number: effort(tasks[number]) for number in missing}
    with one_thread(), _explain_failures(), fits_reported(efforts) as report_finished:
        for number, estimator in parallel(delayed(_fit)(number, tasks[number], X) for number in missing):
            fitted[number] = estimator
            cached.put(number, estimator)
            report_finished(number)
    return [fitted[number] for number in range(len(tasks))]


def effort(task: FitTask) -> float:
    """Estimate the relative duration of a fit: rows times epochs times the cost per row of the networks in it."""
    params = task.estimator.get_params() if hasattr(task.estimator, "get_params") else {}
    stems = [name.removesuffix("hidden_layer_sizes") for name in params if name.endswith("hidden_layer_sizes")]
    return len(task.rows) * (sum(_effort_per_row(params, stem) for stem in stems) or 1.0)


def _effort_per_row(params: Mapping[str, Any], stem: str) -> float:
    epochs = params.get(f"{stem}max_iter", 1)
    batch = params.get(f"{stem}batch_size", 200)
    units = float(np.sum(params[f"{stem}hidden_layer_sizes"]))
    return float(epochs) * (units + UNITS_PER_STEP / (batch if isinstance(batch, int) else 200))


def processes(n_jobs: int | None, n_fits: int) -> int:
    """Return the number of processes for some fits."""
    backend, _ = get_active_backend()
    if backend.nesting_level:
        return 1
    wanted = int(effective_n_jobs(n_jobs))
    on_this_machine = type(backend).__module__.startswith("joblib._parallel_backends")
    return max(1, min(wanted, cpu_count(), n_fits)) if on_this_machine else wanted


def _in_parallel(n_jobs: int, verbose: int) -> Parallel:
    """Return a Parallel that yields each fit as soon as it is finished, where its backend can."""
    backend, _ = get_active_backend()
    at_once = "generator_unordered" if backend.supports_return_generator else "list"
    return Parallel(n_jobs=n_jobs, verbose=verbose, batch_size=1, return_as=at_once, backend=worker_backend())


def _fit(number: int, task: FitTask, X: Any) -> tuple[int, BaseEstimator]:
    with one_thread():
        return number, fit_member(task.name, task.estimator, _take(X, task.rows), task.target, task.params)


def _take(X: Any, rows: IntArray) -> Any:
    """Return some rows: a read-only view where they are contiguous, such as all of them, else a copy."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return read_only(X[rows[0] : rows[-1] + 1])
    return _safe_indexing(X, rows)


def read_only(X: Any) -> Any:
    """Return a view of rows that cannot be written to, so that a transformer with ``copy=False`` makes its own copy."""
    if sparse.issparse(X) and X.format in ("csr", "csc"):
        return type(X)((read_only(X.data), X.indices, X.indptr), shape=X.shape, copy=False)
    if isinstance(X, np.ndarray):
        X = X.view()
        X.flags.writeable = False
    return X


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS and OpenMP to one thread inside the block.

    A nested block costs nothing: searching for the libraries takes as long as fitting a small member.
    """
    if getattr(_thread, "limited", False):
        yield
        return
    _thread.limited = True
    try:
        with threadpool_limits(1):
            yield
    finally:
        _thread.limited = False


@contextmanager
def _explain_failures() -> Iterator[None]:
    """Raise a FittingError with a remedy where a process was killed or rows cannot be sent to one."""
    try:
        yield
    except TerminatedWorkerError as error:
        raise FittingError(
            "a process that fitted members was killed, perhaps for lack of memory; use fewer processes (n_jobs), or "
            "fewer rows"
        ) from error
    except PicklingError as error:
        reason = str(error.__cause__ or error).strip('"\n').splitlines()[-1]  # the cause is a whole traceback
        raise FittingError(
            f"rows or members cannot be sent to other processes: {reason}; make room in the folder "
            "for temporary files (JOBLIB_TEMP_FOLDER names another), or use one process (n_jobs=1)"
        ) from error
