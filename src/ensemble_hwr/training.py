"""Train one contender of a config and evaluate it on held-out letters."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from joblib.parallel import get_active_backend
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from ensemble_hwr._composites import weight_params
from ensemble_hwr._typing import FloatArray, Fold, IntArray, PathLike
from ensemble_hwr.config import ExperimentConfig, build_hierarchy, load_config, load_letters
from ensemble_hwr.config.building import build_contender
from ensemble_hwr.config.data_schema import RandomSplit
from ensemble_hwr.config.letters import build_normalizer, build_split, describe_data, training_sources, training_weight
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier, fit_classifier, fit_progress
from ensemble_hwr.ensemble import fit_cache as use_fit_cache
from ensemble_hwr.evaluation import EqualParameters
from ensemble_hwr.evaluation.contenders import with_seed
from ensemble_hwr.evaluation.metrics import confused_pairs, per_class, reliability, scores
from ensemble_hwr.evaluation.scaling import count_parameters_when_fitted
from ensemble_hwr.exceptions import ConfigError, DataError
from ensemble_hwr.persistence import DiskFitCache, save_model
from ensemble_hwr.persistence.models import check_savable, hash_rows

__all__ = ["TrainedModel", "train"]

CONTENDERS = ("hierarchical", "top_down", "baseline", "logreg", "flat", "committee")
CONFUSED_PAIRS = 5

_LOGGER = logging.getLogger(__name__)

Callback = Callable[["TrainingProgress"], None]


@dataclass(frozen=True)
class TrainingProgress:
    """Progress of one step of :func:`train`.

    Attributes
    ----------
    step : str
        What is being done, such as ``"normalizing"`` or ``"fitting hierarchical on 2730 letters"``.
    done : int
        Number of letters processed in this step; for fits, the percentage of their work.
    total : int or None
        Number of letters to process; for fits, 100; None for a step that is not counted.

    See Also
    --------
    train : Reports its progress by these objects.
    """

    step: str
    done: int = 0
    total: int | None = None


@dataclass(frozen=True)
class TrainedModel:
    """A trained model, its figures on the test letters and the data it was trained on.

    Attributes
    ----------
    model : Pipeline
        Fitted. Its steps are ``"normalize"``, a :class:`~ensemble_hwr.LetterNormalizer`, and ``"classify"``, the
        contender; ``predict`` takes pictures or paths.
    figures : dict
        Evaluation on the test letters of the config: ``letters`` (their number), ``accuracy``, ``macro_f1``,
        ``log_loss``, ``expected_calibration_error``, ``per_class``, ``confused_pairs``, ``reliability``;
        ``accuracy_without_suspected_errors`` where letters are flagged as suspected label errors; ``per_source`` where
        sources are known. Empty if the split has no test part. After a refit, the figures are those of the model that
        was trained on the training part alone.
    metadata : dict
        Origin of the model: ``contender``, ``random_state``, ``config``, ``data`` and ``trained_on``, the number of
        training letters of each source; after a refit also ``refit`` and ``evaluated_after_training_on``. All values
        are serializable as JSON.
    training_hashes : ndarray of uint64 or None
        Return value of :func:`~ensemble_hwr.persistence.models.hash_rows` for the training letters.

    See Also
    --------
    train : Returns a trained model.
    """

    model: Pipeline
    figures: dict[str, Any]
    metadata: dict[str, Any]
    training_hashes: NDArray[np.uint64] | None = None

    def save(self, file: PathLike, metadata: Mapping[str, Any] | None = None) -> Path:
        """Save the model with its figures and metadata.

        Parameters
        ----------
        file : path
            The model file; :func:`~ensemble_hwr.load_model` reads it.
        metadata : mapping, optional
            Additional entries for the manifest, serializable as JSON.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ModelError
            If the file cannot be written.
        """
        manifest = {**(metadata or {}), **self.metadata, "figures": self.figures}
        return save_model(self.model, file, metadata=manifest, training_hashes=self.training_hashes)


def train(
    config: ExperimentConfig | PathLike,
    contender: str = "hierarchical",
    *,
    refit: Literal["all"] | None = None,
    data: PathLike | None = None,
    random_state: int | None = None,
    n_jobs: int | None = None,
    fit_cache: DiskFitCache | None = None,
    on_progress: Callback | None = None,
) -> TrainedModel:
    """Train one contender of a config and evaluate it on the test letters.

    The command ``ensemble-hwr train`` does the same and writes the model file. The classifier is trained on normalized
    letters, also where the letters are stored as rows of pixels, because the model normalizes each picture it gets.

    Parameters
    ----------
    config : ExperimentConfig or path
        As returned by :func:`~ensemble_hwr.config.load_config`, or the path of a TOML file.
    contender : str, default="hierarchical"
        ``"hierarchical"``, ``"top_down"``, ``"baseline"``, ``"logreg"``, ``"flat"``, ``"committee"``, or a name from
        the config's ``[contenders]``. ``"flat"`` and ``"committee"`` get as many parameters as the hierarchy has, which
        is built first to count them.
    refit : {"all"}, optional
        ``"all"`` evaluates a model that is trained on the training part of the split, then trains the returned model on
        all letters. Its figures are those of the first model, a slightly pessimistic estimate. By default the model
        that was evaluated is returned.
    data : path, optional
        Folder or file of the letters, where it differs from the config's.
    random_state : int, optional
        Seed for every ``random_state`` of the contender, 0 or greater. By default the first of the config's seeds.
    n_jobs : int, optional
        Number of processes for normalizing and fitting, as joblib counts them. Within
        :func:`~ensemble_hwr.tuning.on_cluster`, members are fitted by all workers of the cluster.
    fit_cache : DiskFitCache, optional
        Stores each fitted member, so that a run that was stopped can be resumed without fitting it again.
    on_progress : callable, optional
        Called with a :class:`TrainingProgress` at the start of each step and as its letters are processed.

    Returns
    -------
    TrainedModel
        The fitted pipeline, its figures on the test letters, and the metadata for the model file.

    Raises
    ------
    ConfigError
        If the contender is not in the config, or cannot be built from it.
    ModelError
        If there is a `fit_cache` and the contender could not be saved; nothing is fitted then.
    DataError
        If letters are missing, cannot be read, or cannot be split.

    See Also
    --------
    ensemble_hwr.compare : Compare several contenders with several seeds.
    ensemble_hwr.tuning.tune : Search for better parameters first.

    Examples
    --------
    >>> from ensemble_hwr import train
    >>> from ensemble_hwr.config import load_demo
    >>> few_letters = ["data.n=520", "data.letters='ABCD'", "hierarchy.group_size=2"]
    >>> config = load_demo([*few_letters, "hierarchy.confusables=['BD']", "members={}"])
    >>> trained = train(config, random_state=0)
    >>> trained.figures["accuracy"] > 0.9
    True
    >>> trained.metadata["trained_on"]
    {'generated': 363}
    >>> trained.model.classes_
    array(['A', 'B', 'C', 'D'], dtype='<U1')
    """
    if not isinstance(config, ExperimentConfig):
        config = load_config(config)
    known = [*CONTENDERS, *config.contenders]
    if contender not in known:
        raise ConfigError(f"contender: got {contender!r}; allowed: {', '.join(known)}")
    if refit not in (None, "all"):
        raise ConfigError(f"refit: got {refit!r}; allowed: 'all', None")
    random_state = config.seeds[0] if random_state is None else random_state
    report = _logged(on_progress)
    letters, rows = load_rows(config, data=data, n_jobs=n_jobs, normalize_rows=True, on_progress=on_progress)
    training, test = _fold(config, letters, random_state)
    fit = _ContenderFit(
        config, contender, random_state, n_jobs if _on_this_machine() else -1, report, saved=fit_cache is not None
    )
    with nullcontext() if fit_cache is None else use_fit_cache(fit_cache):
        classifier = fit(letters, rows, training)
        figures = {}
        if len(test):
            report(TrainingProgress("evaluating"))
            figures = evaluate_classifier(classifier, rows[test], letters.take(test))
        origin = {"contender": contender, "random_state": random_state, **_origin(config, letters, training)}
        if refit == "all" and len(test):
            origin = {**origin, "refit": refit, "evaluated_after_training_on": origin["trained_on"]}
            fit = replace(fit, config=_without_test_part(config), step="refitting")
            training, _ = _fold(fit.config, letters, random_state)
            classifier = fit(letters, rows, training)
            origin["trained_on"] = _origin(config, letters, training)["trained_on"]
    model = Pipeline([("normalize", build_normalizer(config)), ("classify", classifier)])
    return TrainedModel(model, figures, origin, hash_rows(rows[np.unique(training)]))


def load_rows(
    config: ExperimentConfig,
    *,
    data: PathLike | None = None,
    n_jobs: int | None = None,
    normalize_rows: bool = False,
    on_progress: Callback | None = None,
) -> tuple[LetterSet, NDArray[np.float32]]:
    """Load or generate the letters of a config and convert them to rows of ink.

    Letters that are stored as rows are not normalized, unless `normalize_rows`.
    """
    report = _logged(on_progress)
    report(TrainingProgress("generating letters" if config.data.format == "generated" else "reading letters"))
    letters = load_letters(config, data=data)
    normalizer = None if letters.is_rows and not normalize_rows else build_normalizer(config, n_jobs)
    report(TrainingProgress("normalizing", 0, len(letters)))
    rows = letters.to_rows(
        normalizer, on_progress=lambda done, total: report(TrainingProgress("normalizing", done, total))
    )
    return letters, rows


def _fold(config: ExperimentConfig, letters: LetterSet, random_state: int) -> Fold:
    """Return the positions of the training and of the test letters."""
    split = build_split(config, letters)
    return split(random_state) if callable(split) else split


def _without_test_part(config: ExperimentConfig) -> ExperimentConfig:
    """Return the config with a split that has all letters in its training part."""
    return config.model_copy(update={"split": RandomSplit(kind="random", test_size=0)})


def _logged(on_progress: Callback | None) -> Callback:
    """Return a callback that also logs the start of each step."""

    def report(event: TrainingProgress) -> None:
        if not event.done:
            _LOGGER.info(event.step)
        if on_progress is not None:
            on_progress(event)

    return report


def evaluate_classifier(classifier: Any, rows: NDArray[np.float32], letters: LetterSet) -> dict[str, Any]:
    """Evaluate a fitted classifier on labelled rows; the result is described at :class:`TrainedModel`.

    Raises
    ------
    DataError
        If there are no letters, or a label is not one of the classifier's classes.
    """
    check_labels(letters, classifier.classes_)
    return evaluate_predictions(classifier.predict_proba(rows), classifier.classes_, letters)


def check_labels(letters: LetterSet, classes: NDArray[Any]) -> None:
    """Raise DataError if there are no letters, or a label is not one of the classes."""
    if not len(letters):
        raise DataError(f"{letters!r}: there are no letters to test on")
    unknown = sorted(set(letters.target.tolist()) - set(classes.tolist()))
    if unknown:
        known = ", ".join(label if isinstance(label, str) else repr(label) for label in classes.tolist())
        raise DataError(f"{letters!r}: label {unknown[0]!r} is not a class of the model; its classes are {known}")


def evaluate_predictions(probabilities: FloatArray, classes: NDArray[Any], letters: LetterSet) -> dict[str, Any]:
    """Evaluate the probabilities of labelled letters; the result is described at :class:`TrainedModel`."""
    predicted = classes[probabilities.argmax(axis=1)]
    return {
        **_scores(letters, probabilities, classes),
        **_scores_per_source(letters, probabilities, classes),
        "per_class": per_class(letters.target, predicted, classes),
        "confused_pairs": confused_pairs(letters.target, predicted, n=CONFUSED_PAIRS),
        "reliability": reliability(letters.target, probabilities, classes),
    }


@dataclass(frozen=True)
class _ContenderFit:
    """Fit one contender on the training part of the letters."""

    config: ExperimentConfig
    contender: str
    random_state: int
    n_jobs: int | None
    report: Callback
    step: str = "fitting"
    saved: bool = False

    def __call__(self, letters: LetterSet, rows: NDArray[np.float32], training: IntArray) -> BaseEstimator:
        """Build the contender and fit it."""
        X, y = rows[training], letters.target[training]
        weight = training_weight(self.config, letters)
        weight = None if weight is None else weight[training]
        classes, sources = sorted(set(letters.target.tolist())), training_sources(self.config, letters)
        estimator = build_contender(self.config, self.contender, classes, sources=sources, n_jobs=self.n_jobs)
        if isinstance(estimator, EqualParameters):
            hierarchy = build_hierarchy(self.config, classes, sources=sources, n_jobs=self.n_jobs)
            estimator = self._scaled(estimator, hierarchy, X, y, weight)
        return self._fitted(with_seed(estimator, self.random_state), X, y, weight)

    def _scaled(
        self, template: EqualParameters, hierarchy: Any, X: NDArray[Any], y: NDArray[Any], weight: FloatArray | None
    ) -> BaseEstimator:
        """Scale a template to the number of parameters of the hierarchy."""
        fit_params = {} if weight is None else {"sample_weight": weight}
        self.report(TrainingProgress("counting the hierarchy's parameters"))
        n_parameters = count_parameters_when_fitted(with_seed(hierarchy, self.random_state), X, y, **fit_params)
        try:
            return template.sized(n_parameters, X, len(set(y.tolist())))
        except ConfigError as error:
            raise ConfigError(f"contender {self.contender!r}: {error}") from error

    def _fitted(self, classifier: Any, X: NDArray[Any], y: NDArray[Any], weight: FloatArray | None) -> BaseEstimator:
        """Fit a classifier; finished members of a hierarchy, or parts of a committee, go to the cache."""
        if self.saved:
            check_savable(classifier)
        fit_params = {} if weight is None else weight_params(classifier, weight, self.contender)
        step = f"{self.step} {self.contender} on {len(y)} letters"
        self.report(TrainingProgress(step, 0, 100))
        with fit_progress(lambda share: self.report(TrainingProgress(step, max(1, round(100 * share)), 100))):
            if isinstance(classifier, HierarchicalEnsembleClassifier):
                return classifier.fit(X, y, **fit_params)
            return fit_classifier(classifier, X, y, name=self.contender, n_jobs=self.n_jobs, fit_params=fit_params)


def _on_this_machine() -> bool:
    """Return whether joblib's active backend works on this machine, not on a cluster."""
    backend, _ = get_active_backend()
    return type(backend).__module__.startswith("joblib._parallel_backends")


def _origin(config: ExperimentConfig, letters: LetterSet, training: IntArray) -> dict[str, Any]:
    """Return the config, the data, and the number of different training letters of each source."""
    trained_on = letters.take(np.unique(training))
    sources = [""] * len(trained_on) if trained_on.source is None else trained_on.source.tolist()
    counts = Counter(source or config.name for source in sources)
    return {
        "config": config.model_dump(mode="json"),
        "data": describe_data(config, letters),
        "trained_on": dict(sorted(counts.items())),
    }


def _scores(letters: LetterSet, probabilities: FloatArray, classes: NDArray[Any]) -> dict[str, Any]:
    measured: dict[str, Any] = {"letters": len(letters), **scores(letters.target, probabilities, classes)}
    if letters.suspect is not None and letters.suspect.any() and not letters.suspect.all():
        right = classes[probabilities.argmax(axis=1)] == letters.target
        measured["accuracy_without_suspected_errors"] = float(right[~letters.suspect].mean())
    return measured


def _scores_per_source(letters: LetterSet, probabilities: FloatArray, classes: NDArray[Any]) -> dict[str, Any]:
    if letters.source is None:
        return {}
    rows_of = {source: letters.source == source for source in sorted(set(letters.source.tolist()) - {""})}
    per_source = {
        source: _scores(letters.take(where), probabilities[where], classes) for source, where in rows_of.items()
    }
    return {"per_source": per_source}
