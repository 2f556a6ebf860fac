"""Restrict the answers of a classifier to an alphabet, or fold the two cases of letters into one class.

One classifier of capitals, small letters and digits serves all alphabets: the probabilities of the allowed classes are
renormalized, and those of the two cases of a letter are summed if case does not matter.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._sklearn import HasMethods, _fit_context
from ensemble_hwr.exceptions import DataError

LETTERS = "letters"
"""The alphabet of 26 letters whose case is ignored; its classes are A to Z."""

SHAPES = "shapes"
"""The alphabet of letters and digits in which characters of one shape are one class, such as o, O and 0.

Such characters differ in their size and position in a word only, which a classifier of single letters does not get.
"""

AUTO = "auto"
"""The alphabet of a reader of words that finds out whether all letters of a picture are capitals."""

MARKS = ".,-'!?:&/"
"""Marks that words are read with."""

_SAME_SHAPE = ("cC", "kK", "lI1", "oO0", "pP", "sS", "uU", "vV", "wW", "xX", "zZ")
_RANGES = (string.ascii_uppercase, string.ascii_lowercase, string.digits)


@dataclass(frozen=True)
class Alphabet:
    """Classes of an answer, and the classes of the classifier that each is the sum of.

    Parameters
    ----------
    name : str
        As it was given.
    parts : tuple of (str, tuple of str)
        Classes of the answer, each with the characters that count as it.

    See Also
    --------
    parse_alphabet : Makes one from its name.
    """

    name: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of the answer."""
        return tuple(label for label, _ in self.parts)


def parse_alphabet(alphabet: str | Alphabet) -> Alphabet:
    """Parse the name of an alphabet.

    Parameters
    ----------
    alphabet : str
        ``"letters"``, which are A to Z without regard to case; ``"shapes"``, which are letters and digits, but those of
        one shape are one class; or characters and ranges of characters, such as ``"A-Z"``, ``"A-Z0-9"``,
        ``"a-zA-Z0-9"`` or ``"ABC"``. A range lies within A to Z, a to z or 0 to 9. The mark ``-`` is given first, last
        or after a range. Marks such as those in ``"A-Z.,-"`` are read in words only.

    Returns
    -------
    Alphabet

    Raises
    ------
    DataError
        If there are fewer than two characters, one occurs twice, or a range such as ``"A-z"`` is not allowed.

    Examples
    --------
    >>> from ensemble_hwr.alphabets import parse_alphabet
    >>> parse_alphabet("A-C0-2-").classes
    ('A', 'B', 'C', '0', '1', '2', '-')
    >>> parse_alphabet("letters").parts[:2]
    (('A', ('A', 'a')), ('B', ('B', 'b')))
    >>> [characters for _, characters in parse_alphabet("shapes").parts if len(characters) > 2]
    [('l', 'I', '1'), ('o', 'O', '0')]
    """
    if isinstance(alphabet, Alphabet):
        return alphabet
    if not isinstance(alphabet, str):
        raise DataError(f"alphabet is {alphabet!r}, but it must be text such as 'A-Z' or {LETTERS!r}")
    if alphabet == LETTERS:
        return Alphabet(LETTERS, tuple((letter, (letter, letter.lower())) for letter in string.ascii_uppercase))
    if alphabet == SHAPES:
        alone = [character for group in _RANGES for character in group if character not in "".join(_SAME_SHAPE)]
        return Alphabet(SHAPES, tuple((shape[0], tuple(shape)) for shape in [*alone, *_SAME_SHAPE]))
    characters = list_characters(alphabet)
    twice = sorted({character for character in characters if characters.count(character) > 1})
    if twice:
        raise DataError(f"alphabet {alphabet!r} contains {''.join(twice)!r} more than once; give each character once")
    if len(characters) < 2:
        raise DataError(f"alphabet {alphabet!r} has fewer than two characters; give more, such as 'A-Z'")
    return Alphabet(alphabet, tuple((character, (character,)) for character in characters))


def split_marks(alphabet: str | Alphabet, known: Iterable[str] = ()) -> tuple[Alphabet | None, str]:
    """Split an alphabet into letters and marks, which only words are read with.

    Parameters
    ----------
    alphabet : str or Alphabet
        As for :func:`parse_alphabet`.
    known : iterable of str, default=()
        Classes of a classifier; marks among them count as letters.

    Returns
    -------
    letters : Alphabet or None
        None if there are only marks.
    marks : str

    Examples
    --------
    >>> from ensemble_hwr.alphabets import split_marks
    >>> letters, marks = split_marks("A-C.,-")
    >>> letters.classes, marks
    (('A', 'B', 'C'), '.,-')
    """
    parsed, letters = parse_alphabet(alphabet), set(known)
    marks = "".join(label for label in parsed.classes if label in MARKS and label not in letters)
    if not marks:
        return parsed, ""
    parts = tuple(part for part in parsed.parts if part[0] not in marks)
    return Alphabet(parsed.name, parts) if parts else None, marks


def restrict(
    probabilities: ArrayLike, classes: Sequence[Any] | NDArray[Any], alphabet: str | Alphabet
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Restrict probabilities to the classes of an alphabet.

    Parameters
    ----------
    probabilities : array-like of shape (n, n_classes)
        Probabilities of a classifier.
    classes : sequence of str
        Its classes, in the order of the columns.
    alphabet : str or Alphabet
        As for :func:`parse_alphabet`.

    Returns
    -------
    probabilities : ndarray of shape (n, n_allowed)
        Each row adds up to 1. All classes are equally probable where the allowed classes have no probability at all.
    classes : ndarray of str, shape (n_allowed,)
        The allowed classes in the order of the classifier's classes.

    Raises
    ------
    DataError
        If the classifier lacks a class of the alphabet.

    Examples
    --------
    >>> from ensemble_hwr.alphabets import restrict
    >>> found, labels = restrict([[0.5, 0.25, 0.0, 0.25]], ["5", "S", "Z", "s"], "SZ")
    >>> labels.tolist(), found.tolist()
    (['S', 'Z'], [[1.0, 0.0]])
    """
    labels, members = _columns(classes, parse_alphabet(alphabet))
    given = np.asarray(probabilities, dtype=np.float64)
    chosen = np.stack([given[:, columns].sum(axis=1) for columns in members], axis=1)
    total = chosen.sum(axis=1, keepdims=True)
    possible = total > np.finfo(np.float64).tiny
    return np.where(possible, chosen / np.where(possible, total, 1.0), 1 / len(labels)), np.array(labels)


def with_alphabet(model: Any, alphabet: str | Alphabet) -> Any:
    """Restrict the answers of a fitted model to an alphabet.

    Parameters
    ----------
    model : classifier
        Fitted, with single characters as classes. It is shared with the result, not copied.
    alphabet : str or Alphabet
        As for :func:`parse_alphabet`.

    Returns
    -------
    classifier
        An :class:`AlphabetClassifier` of the model; for a Pipeline, a Pipeline whose last step is one.

    Raises
    ------
    DataError
        If the model lacks a class of the alphabet, or its classes are not characters.

    Examples
    --------
    >>> from ensemble_hwr import generate_letters, load_model
    >>> from ensemble_hwr.alphabets import with_alphabet
    >>> model = with_alphabet(load_model("az"), "AEIOU")
    >>> letters = generate_letters(5, letters="AEIOU", random_state=0, format="pictures")
    >>> model.classes_.tolist(), model.predict_proba(list(letters.data)).shape
    (['A', 'E', 'I', 'O', 'U'], (5, 5))
    """
    if isinstance(model, Pipeline):
        *first, (name, last) = model.steps
        return Pipeline([*first, (name, with_alphabet(last, alphabet))])
    check_is_fitted(model)
    restricted = AlphabetClassifier(model, parse_alphabet(alphabet).name)
    restricted.estimator_ = model
    _columns(model.classes_, parse_alphabet(alphabet))
    return restricted


class AlphabetClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Classifier whose answers are restricted to an alphabet.

    The classifier is fitted on all letters, also on those that the alphabet lacks: a classifier of more classes that is
    restricted to capitals reads capitals at least as well as one of capitals.

    Parameters
    ----------
    estimator : classifier
        It is cloned and fitted. For a fitted model use :func:`with_alphabet`.
    alphabet : str, default=None
        As for :func:`parse_alphabet`. None allows all classes.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone.
    classes_ : ndarray of shape (n_allowed,)
        The allowed classes.
    n_features_in_ : int
        Number of features.

    See Also
    --------
    with_alphabet : Restricts a fitted model.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr import generate_letters
    >>> from ensemble_hwr.alphabets import AlphabetClassifier
    >>> letters = generate_letters(120, letters="AaBb", random_state=0)
    >>> model = AlphabetClassifier(GaussianNB(), "AB").fit(letters.to_rows(), letters.target)
    >>> model.classes_.tolist()
    ['A', 'B']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "alphabet": [str, None],
    }

    def __init__(self, estimator: Any, alphabet: str | None = None) -> None:
        self.estimator = estimator
        self.alphabet = alphabet

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit the classifier on all letters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Labels, also those that the alphabet lacks.
        **fit_params : dict
            Passed to the classifier.

        Returns
        -------
        self

        Raises
        ------
        DataError
            If there are no letters of a class of the alphabet.
        """
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        if self.alphabet is not None:
            _columns(self.estimator_.classes_, parse_alphabet(self.alphabet))
        return self

    @property
    def classes_(self) -> NDArray[Any]:
        """The allowed classes, in the order of the columns of probabilities."""
        check_is_fitted(self)
        classes: NDArray[Any] = self.estimator_.classes_
        return classes if self.alphabet is None else np.array(_columns(classes, parse_alphabet(self.alphabet))[0])

    @property
    def n_features_in_(self) -> int:
        """Number of features of the fitted classifier."""
        check_is_fitted(self)
        return int(self.estimator_.n_features_in_)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Compute the probability of each allowed class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_allowed)
            Rows add up to 1; columns follow `classes_`.
        """
        check_is_fitted(self)
        probabilities: NDArray[Any] = self.estimator_.predict_proba(X)
        if self.alphabet is None:
            return probabilities
        return restrict(probabilities, self.estimator_.classes_, self.alphabet)[0]

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the most probable allowed class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        chosen: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return chosen

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        wrapped = get_tags(self.estimator)
        tags.input_tags = wrapped.input_tags
        tags.classifier_tags.multi_class = wrapped.classifier_tags is None or wrapped.classifier_tags.multi_class
        return tags


def list_characters(alphabet: str) -> list[str]:
    """List the characters of an alphabet, in the order in which they are named.

    Parameters
    ----------
    alphabet : str
        Characters and ranges, as for :func:`parse_alphabet`.

    Returns
    -------
    list of str
        Some may occur more than once.

    Raises
    ------
    DataError
        If the alphabet is ``"auto"``, or a range is empty or not within A to Z, a to z or 0 to 9.

    Examples
    --------
    >>> from ensemble_hwr.alphabets import list_characters
    >>> list_characters("A-C-2")
    ['A', 'B', 'C', '-', '2']
    """
    if alphabet == AUTO:
        raise DataError(
            f"alphabet {AUTO!r} is for the readers of words and pages; give the characters, such as 'A-Z' or 'A-Z0-9'"
        )
    characters: list[str] = []
    position = 0
    while position < len(alphabet):
        first, hyphen, last = alphabet[position], *alphabet[position + 1 : position + 3].ljust(2)
        if hyphen != "-" or not (_range_of(first) and _range_of(last)):
            characters.append(first)
            position += 1
            continue
        characters += _between(first, last, alphabet)
        position += 3
    return characters


def _range_of(character: str) -> str:
    """Return the letters or digits among which a character is; "" if it is neither."""
    return next((group for group in _RANGES if character in group), "")


def _between(first: str, last: str, alphabet: str) -> str:
    """Return the characters of a range."""
    group = _range_of(first)
    if last not in group:
        raise DataError(
            f"alphabet {alphabet!r}: {first}-{last} is not a range; ranges lie within A-Z, a-z or 0-9, such as in "
            "'a-zA-Z', and the mark '-' comes last"
        )
    if first > last:
        raise DataError(f"alphabet {alphabet!r}: {first}-{last} is empty; write {last}-{first}")
    return group[group.index(first) : group.index(last) + 1]


def have_one_shape(first: str, second: str) -> bool:
    """Return whether two characters have one shape, such as o, O and 0, which only words can tell apart.

    Parameters
    ----------
    first, second : str

    Returns
    -------
    bool

    Examples
    --------
    >>> from ensemble_hwr.alphabets import have_one_shape
    >>> have_one_shape("o", "0"), have_one_shape("o", "e")
    (True, False)
    """
    return first == second or any(first in shape and second in shape for shape in _SAME_SHAPE)


def _columns(classes: Sequence[Any] | NDArray[Any], alphabet: Alphabet) -> tuple[list[str], list[list[int]]]:
    """Return the allowed classes in the order of a classifier's classes, and the columns that each is the sum of."""
    place = {label: column for column, label in enumerate(np.asarray(classes).tolist())}
    if not any(isinstance(label, str) for label in place):
        known = ", ".join(map(str, list(place)[:10]))
        raise DataError(
            f"alphabet {alphabet.name!r}: the classes of the model are {known}, which are not characters; fit it with "
            "labels such as 'A' or '0'"
        )
    members = [[place[part] for part in parts if part in place] for _, parts in alphabet.parts]
    missing = [label for label, columns in zip(alphabet.classes, members, strict=True) if not columns]
    if missing:
        known = "".join(str(label) for label in place)
        raise DataError(
            f"alphabet {alphabet.name!r}: {''.join(missing)!r} cannot be read; the classes of the model are {known!r}"
        )
    order = sorted(range(len(members)), key=lambda index: members[index])
    return [alphabet.classes[index] for index in order], [members[index] for index in order]
