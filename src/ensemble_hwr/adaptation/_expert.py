"""The expert of a writer: corrections of a model's log-probabilities, and the weight that the writer's samples support.

The expert is the last layer of the model's networks, trained further on the writer's samples with a penalty on its
distance from the model. In its dual form, every sample has one coefficient per class, and a row is corrected by the
samples that it resembles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp, softmax

from ensemble_hwr._typing import FloatArray, Fold, IntArray

N_FOLDS = 5
WEIGHTS = np.linspace(0.0, 1.0, 11)
PRIOR = 1.0  # nats of log-likelihood that a weight of 1 must gain over the model alone
DEGREE = 3  # of the kernel: a higher one limits corrections to rows that are more similar to a sample
_MAX_STEPS = 500
_TOLERANCE = 1e-4  # largest change of a coefficient in the last step


@dataclass(frozen=True)
class WriterSamples:
    """The samples of a writer, prepared for fitting an expert.

    Attributes
    ----------
    kernel : ndarray of shape (n_samples, n_samples)
        Similarities of the samples.
    log_model : ndarray of shape (n_samples, n_classes)
        Logarithms of the model's probabilities.
    codes : ndarray of int, shape (n_samples,)
        Columns of the samples' classes.
    alpha : float
        Penalty on the squared distance from the model.
    temperature : float
        Divisor of the model's log-probabilities during the fit. Above 1, samples that the model classifies with
        confidence have coefficients too.
    """

    kernel: FloatArray
    log_model: FloatArray
    codes: IntArray
    alpha: float
    temperature: float

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: IntArray) -> WriterSamples:
        """Return a part of the samples."""
        kernel = self.kernel[np.ix_(rows, rows)]
        return WriterSamples(kernel, self.log_model[rows], self.codes[rows], self.alpha, self.temperature)

    def offset(self) -> FloatArray:
        """Return the model's log-probabilities, tempered for the classes that have samples.

        Other classes keep their small probabilities: without samples of their own they must not lose to the others,
        except where the model prefers them to the class of a sample.
        """
        relative = self.log_model - self.log_model.max(axis=1, keepdims=True)
        has_samples = np.isin(np.arange(relative.shape[1]), self.codes)
        offset: FloatArray = np.where(has_samples, relative / self.temperature, relative)
        return offset

    def corrected(self) -> IntArray:
        """Return the columns that the expert corrects: classes of the samples, and classes predicted for them."""
        return np.unique(np.concatenate([self.codes, self.log_model.argmax(axis=1)]))


def similarity(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the kernel between two sets of unit vectors."""
    found: FloatArray = (first @ second.T) ** DEGREE
    return found


def fit_coefficients(samples: WriterSamples, start: FloatArray | None = None) -> FloatArray:
    """Return the coefficients of the samples: a penalised multinomial logistic regression with an offset.

    Each step minimises an upper bound of the loss (Boehning 1992), from a point ahead in the direction of the last step
    (Nesterov 1983).

    Parameters
    ----------
    samples : WriterSamples
    start : ndarray of shape (n_samples, n_classes), optional
        Coefficients to start from, such as those of the earlier samples.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
    """
    offset = samples.offset()
    target = np.zeros_like(offset)
    target[np.arange(len(samples)), samples.codes] = 1.0
    inverse = np.linalg.inv(samples.kernel / 2 + samples.alpha * np.eye(len(samples)))
    coefficients = np.zeros_like(offset) if start is None else start.copy()
    ahead, momentum = coefficients, 1.0
    for _ in range(_MAX_STEPS):
        residual = target - softmax(offset + samples.kernel @ ahead, axis=1) - samples.alpha * ahead
        step = inverse @ residual
        moved = ahead + step
        if np.abs(step).max() < _TOLERANCE:
            coefficients = moved
            break
        if (step * (moved - coefficients)).sum() < 0:
            momentum = 1.0
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = moved + (momentum - 1) / faster * (moved - coefficients)
        coefficients, momentum = moved, faster
    return coefficients


def pooled(log_model: FloatArray, corrections: FloatArray, columns: IntArray, weight: float) -> FloatArray:
    """Return log-probabilities after corrections, whose total over the corrected columns never changes.

    This is the logarithmic opinion pool of the model and the expert within the set of corrected classes.
    """
    found = log_model.copy()
    inside = found[:, columns]
    total = logsumexp(inside, axis=1, keepdims=True)
    found[:, columns] = total + log_softmax(inside + weight * corrections[:, columns], axis=1)
    return found


@dataclass(frozen=True)
class Evidence:
    """What the samples of a writer show for each weight of the expert.

    Attributes
    ----------
    likelihood : ndarray of shape (n_weights, n_samples)
        Log-probability of each sample's class.
    correct : ndarray of bool, shape (n_weights, n_samples)
        Whether each sample is classified correctly, where it could be held out.
    fold : ndarray of int, shape (n_samples,)
        Fold in which a sample was held out; -1 for the only sample of a class, which was not.
    """

    likelihood: FloatArray
    correct: NDArray[np.bool_]
    fold: IntArray

    def weight(self, kept: NDArray[np.bool_] | None = None) -> int:
        """Return the position of the weight with the largest likelihood after the prior, over the samples to keep."""
        gain = self.likelihood - self.likelihood[0]
        total = gain.sum(axis=1) if kept is None else gain[:, kept].sum(axis=1)
        return int(np.argmax(total - PRIOR * WEIGHTS))

    def before_and_after(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return whether held-out samples are classified correctly by the model, and by the adapted model.

        The weight for the samples of a fold is that of the other samples.
        """
        held_out = self.fold >= 0
        after = self.correct[0].copy()
        for fold in np.unique(self.fold[held_out]):
            after[self.fold == fold] = self.correct[self.weight(self.fold != fold), self.fold == fold]
        return self.correct[0, held_out], after[held_out]


def gather_evidence(samples: WriterSamples, coefficients: FloatArray) -> Evidence:
    """Evaluate every weight on the samples.

    A sample of a class with m samples is evaluated by an expert that was fitted on m - 1 of them, without it. Such an
    expert is weaker than the one that is used, most of all for m = 1, where it had no sample of the class. As in the
    .632 bootstrap, the log-likelihood is therefore a mean of that by the expert without the sample, with weight
    1 - 1/m, and that by the expert that was fitted on it, with weight 1/m. The only sample of a class supports a weight
    as far as the model misses it, and the prior stands against that.

    Parameters
    ----------
    samples : WriterSamples
    coefficients : ndarray of shape (n_samples, n_classes)
        Of the expert that was fitted on all samples.
    """
    fitted = samples.temperature * (samples.kernel @ coefficients)
    held_out = fitted.copy()
    for train, test in folds_of(samples.codes):
        part = fit_coefficients(samples.take(train), coefficients[train])
        held_out[test] = samples.temperature * (samples.kernel[np.ix_(test, train)] @ part)
    counts = np.bincount(samples.codes)[samples.codes]
    outside, correct = _evaluated(samples, held_out)
    inside, _ = _evaluated(samples, fitted)
    share = (counts - 1) / counts
    return Evidence(share * outside + (1 - share) * inside, correct, fold_numbers(samples.codes))


def _evaluated(samples: WriterSamples, corrections: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the log-probability of each sample's class, and whether it is predicted, for each weight."""
    rows, columns = np.arange(len(samples)), samples.corrected()
    found = [pooled(samples.log_model, corrections, columns, weight) for weight in WEIGHTS]
    likelihood = np.stack([logs[rows, samples.codes] for logs in found])
    return likelihood, np.stack([logs.argmax(axis=1) == samples.codes for logs in found])


def folds_of(codes: IntArray) -> Iterator[Fold]:
    """Yield the rows to fit on and to evaluate on, for each fold."""
    numbers = fold_numbers(codes)
    for fold in range(N_FOLDS):
        test = np.flatnonzero(numbers == fold)
        if len(test):
            yield np.flatnonzero(numbers != fold), test


def fold_numbers(codes: IntArray) -> IntArray:
    """Return the fold of each sample; samples of one class are spread over folds, a single one is in none (-1)."""
    fold = np.full(len(codes), -1, np.intp)
    for place, code in enumerate(np.unique(codes)):
        members = np.flatnonzero(codes == code)
        if len(members) > 1:
            fold[members] = (place + np.arange(len(members))) % N_FOLDS
    return fold
