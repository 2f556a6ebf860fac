"""Many fits at once: the longest first, in as many processes as there are cores, each with one BLAS thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pickle import PicklingError
from typing import Any

import numpy as np
from joblib import Parallel, cpu_count, delayed, effective_n_jobs
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import get_active_backend
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone

from ensemble_hwr._sklearn import _safe_indexing
from ensemble_hwr._typing import IntArray
from ensemble_hwr.ensemble._fit_cache import CachedFits, current_fit_cache
from ensemble_hwr.ensemble._members import check_classes
from ensemble_hwr.ensemble._seats import Job, joined, seats_of
from ensemble_hwr.ensemble._threads import one_thread
from ensemble_hwr.exceptions import FittingError

UNITS_A_STEP = 2000  # a step costs as much as this many hidden units cost a row


def run_jobs(jobs: Sequence[Job], X: Any, n_jobs: int | None = None, verbose: int = 0) -> list[BaseEstimator]:
    """Make fits side by side.

    Rows are shared with the processes by a memory map, and each takes those of its job. What a cache has kept of an
    earlier run is not fitted again, and what is fitted is given to it at once.

    Parameters
    ----------
    jobs : sequence of Job
    X : array-like of shape (n_samples, n_features)
        The rows of all jobs.
    n_jobs : int, optional
        Processes, as joblib counts them; never more than cores on this machine, and one within another's process.
    verbose : int
        For joblib.

    Returns
    -------
    list of estimator
        Fitted, in the order of the jobs.
    """
    divided = [seats_of(job) for job in jobs]
    fitted = iter(_run([seat for seats in divided for seat in seats], X, n_jobs, verbose))
    return [joined(job, seats, [next(fitted) for _ in seats]) for job, seats in zip(jobs, divided, strict=True)]


def fit_classifier(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    name: str = "classifier",
    n_jobs: int | None = None,
    fit_params: Mapping[str, Any] | None = None,
) -> BaseEstimator:
    """Fit any classifier as the members of a hierarchy are fitted: with one BLAS thread, kept where somebody keeps.

    The seats of a soft or hard committee (scikit-learn's VotingClassifier) are fitted side by side, and each is kept.

    Parameters
    ----------
    estimator : classifier
        It is cloned.
    X : array-like of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,)
        Labels.
    name : str, default="classifier"
        What to call it in messages.
    n_jobs : int, optional
        Processes.
    fit_params : mapping, optional
        What its ``fit`` is given besides, such as ``sample_weight``.

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
    job = Job(name, clone(estimator), np.arange(len(labels)), labels, dict(fit_params or {}))
    return run_jobs([job], rows, n_jobs)[0]


def _run(jobs: Sequence[Job], X: Any, n_jobs: int | None, verbose: int) -> list[BaseEstimator]:
    """Make fits, the longest first, that are not kept already."""
    cached = CachedFits.of(current_fit_cache(), jobs, X)
    fitted = {number: kept for number, kept in enumerate(cached.get_all()) if kept is not None}
    missing = sorted(set(range(len(jobs))) - set(fitted), key=lambda number: -effort(jobs[number]))
    parallel = _in_parallel(processes(n_jobs, len(missing)), verbose)
    with one_thread(), _failing_clearly():
        for number, estimator in parallel(delayed(_fit)(number, jobs[number], X) for number in missing):
            fitted[number] = estimator
            cached.put(number, estimator)
    return [fitted[number] for number in range(len(jobs))]


def effort(job: Job) -> float:
    """Guess how long a fit takes, in no unit: rows times epochs times what the networks in it cost a row."""
    params = job.estimator.get_params() if hasattr(job.estimator, "get_params") else {}
    stems = [name.removesuffix("hidden_layer_sizes") for name in params if name.endswith("hidden_layer_sizes")]
    return len(job.rows) * (sum(_effort_a_row(params, stem) for stem in stems) or 1.0)


def processes(n_jobs: int | None, n_fits: int) -> int:
    """Return how many fits to make at once."""
    backend, _ = get_active_backend()
    if backend.nesting_level:
        return 1
    wanted = int(effective_n_jobs(n_jobs))
    on_this_machine = type(backend).__module__.startswith("joblib._parallel_backends")
    return max(1, min(wanted, cpu_count(), n_fits)) if on_this_machine else wanted


def _in_parallel(n_jobs: int, verbose: int) -> Parallel:
    """Return a Parallel that gives each fit as it is finished, where its backend can."""
    backend, _ = get_active_backend()
    at_once = "generator_unordered" if backend.supports_return_generator else "list"
    return Parallel(n_jobs=n_jobs, verbose=verbose, batch_size=1, return_as=at_once)


def _fit(number: int, job: Job, X: Any) -> tuple[int, BaseEstimator]:
    with one_thread():
        job.estimator.fit(_take(X, job.rows), job.target, **job.params)
    check_classes(job.name, job.estimator, job.target)
    return number, job.estimator


def _take(X: Any, rows: IntArray) -> Any:
    """Return some rows: a view of those that follow one another, such as all of them, else a copy."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return X[rows[0] : rows[-1] + 1]
    return _safe_indexing(X, rows)


def _effort_a_row(params: Mapping[str, Any], stem: str) -> float:
    epochs = params.get(f"{stem}max_iter", 1)
    batch = params.get(f"{stem}batch_size", 200)
    units = float(np.sum(params[f"{stem}hidden_layer_sizes"]))
    return float(epochs) * (units + UNITS_A_STEP / (batch if isinstance(batch, int) else 200))


@contextmanager
def _failing_clearly() -> Iterator[None]:
    """Say what to do where a process was killed or rows cannot be handed to one."""
    try:
        yield
    except TerminatedWorkerError as error:
        raise FittingError(
            "a process that fitted members was killed, perhaps for want of memory; use fewer processes (n_jobs), or "
            "fewer rows."
        ) from error
    except PicklingError as error:
        reason = str(error.__cause__ or error).strip('"\n').splitlines()[-1]  # the cause is a whole traceback
        raise FittingError(
            f"rows or members cannot be handed to other processes: {reason}; make room in the folder "
            "for temporary files (JOBLIB_TEMP_FOLDER names another), or use one process (n_jobs=1)."
        ) from error
