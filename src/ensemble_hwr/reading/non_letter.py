"""Train non-letter models: classifiers that separate letters from parts of letters and from joined letters.

The literature calls the second class garbage or reject class. `fit_non_letter_model` trains a model for pictures of
words, `fit_stroke_non_letter_model` one for pen strokes; `WordReader` uses both. `fit_mark_model` trains a classifier
of marks, such as periods and hyphens, against all other candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ensemble_hwr._typing import Rows
from ensemble_hwr.alphabets import MARKS
from ensemble_hwr.ensemble import MemberMLPClassifier
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import Picture
from ensemble_hwr.preprocessing import LetterNormalizer
from ensemble_hwr.reading._candidates import LETTER, NON_LETTER, CandidateFeatures, candidate_rows
from ensemble_hwr.segmentation import Lattice, StrokeLattice, cut_strokes, cut_word

_MIN_LETTER_OVERLAP, _MAX_NON_LETTER_OVERLAP = 0.8, 0.65  # intersection over union; examples between are left out
_MIN_MARK_OVERLAP, _MAX_NON_MARK_OVERLAP = 0.55, 0.45  # of marks, which may be a few pixels wide


def fit_non_letter_model(
    pictures: Sequence[Picture],
    owners: Sequence[NDArray[np.integer[Any]]],
    *,
    dots: bool = False,
    classifier: Any = None,
    random_state: int | None = None,
) -> Any:
    """Train a classifier that separates letters from non-letters in pictures of words, for a `WordReader`.

    Non-letters are parts of letters and runs of several letters; the literature calls them garbage or reject class.

    Parameters
    ----------
    pictures : sequence of pictures
        Words, such as `compose_words` returns.
    owners : sequence of ndarray of int, shape (height, width)
        Index of the letter that each pixel belongs to; negative for none.
    dots : bool, default=False
        Whether dots and accents belong to the letter below them, as in a reader of small letters.
    classifier : classifier, default=None
        With ``predict_proba``. None trains an MLP on gradient features and on the geometry of candidates.
    random_state : int, default=None
        Random state of the default classifier.

    Returns
    -------
    classifier
        Fitted, with the classes "letter" and "non_letter".

    Raises
    ------
    DataError
        If nothing can be found in any of the pictures.

    See Also
    --------
    fit_stroke_non_letter_model : The same for pen strokes.

    Examples
    --------
    >>> from ensemble_hwr import compose_words, generate_letters
    >>> from ensemble_hwr.reading import fit_non_letter_model
    >>> letters = generate_letters(260, writers=5, random_state=0)
    >>> words = compose_words(letters, ["HELLO", "WORLD"], gap=(0.0, 0.2), random_state=0)
    >>> model = fit_non_letter_model([word.picture for word in words], [word.owner for word in words], random_state=0)
    >>> model.classes_.tolist()
    ['letter', 'non_letter']
    """
    return _fit(*non_letter_examples(pictures, owners, dots=dots), classifier, random_state)


def fit_stroke_non_letter_model(
    words: Sequence[Sequence[ArrayLike]],
    owners: Sequence[Sequence[int]],
    *,
    classifier: Any = None,
    random_state: int | None = None,
) -> Any:
    """Train a classifier that separates letters from non-letters among pen strokes, for a `WordReader`.

    Parameters
    ----------
    words : sequence of sequences of array-like of shape (n_points, 2 or more)
        Strokes of each word, as `cut_strokes` takes them.
    owners : sequence of sequences of int
        Index of the letter that each stroke belongs to.
    classifier : classifier, default=None
        With ``predict_proba``. None trains an MLP on gradient features and on the geometry of candidates.
    random_state : int, default=None
        Random state of the default classifier.

    Returns
    -------
    classifier
        Fitted, with the classes "letter" and "non_letter".

    Raises
    ------
    DataError
        If there is no word, or the numbers of strokes and owners differ.

    See Also
    --------
    fit_non_letter_model : The same for pictures.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.datasets.handwriting import letter_strokes
    >>> from ensemble_hwr.reading import fit_stroke_non_letter_model
    >>> letters = [letter_strokes(letter) for letter in "HEAT"]
    >>> word = [np.add(stroke, (place, 0, 0)) for place, letter in enumerate(letters) for stroke in letter]
    >>> owner = [place for place, letter in enumerate(letters) for stroke in letter]
    >>> fit_stroke_non_letter_model([word] * 9, [owner] * 9, random_state=0).classes_.tolist()
    ['letter', 'non_letter']
    """
    return _fit(*stroke_non_letter_examples(words, owners), classifier, random_state)


def non_letter_examples(
    pictures: Sequence[Picture], owners: Sequence[NDArray[np.integer[Any]]], *, dots: bool = False
) -> tuple[Rows, NDArray[np.str_]]:
    """Extract labelled letter candidates from pictures of words whose letters are known.

    Candidates that match a letter only in part are left out, and so are pictures in which nothing can be found.

    Parameters
    ----------
    pictures, owners, dots
        As in `fit_non_letter_model`.

    Returns
    -------
    rows : ndarray of float32, shape (n, 784 + 16)
    labels : ndarray of str, shape (n,)
        "letter" or "non_letter".

    Raises
    ------
    DataError
        If nothing can be found in any of the pictures.

    Examples
    --------
    >>> from ensemble_hwr import compose_words, generate_letters
    >>> from ensemble_hwr.reading.non_letter import non_letter_examples
    >>> letters = generate_letters(260, writers=5, random_state=0)
    >>> (word,) = compose_words(letters, ["HELLO"], gap=0.1, random_state=0)
    >>> rows, labels = non_letter_examples([word.picture], [word.owner])
    >>> rows.shape[1], sorted(set(labels.tolist()))
    (800, ['letter', 'non_letter'])
    """
    normalizer = LetterNormalizer(polarity="light", dots=dots, errors="blank")
    rows, labels = [], []
    for picture, owner in zip(pictures, owners, strict=True):
        try:
            lattice = cut_word(picture)
        except PictureError:
            continue
        lattice = lattice.with_dots() if dots else lattice
        overlap = overlap_with_letters(lattice, owner)
        clear = (overlap >= _MIN_LETTER_OVERLAP) | (overlap <= _MAX_NON_LETTER_OVERLAP)
        pixels = normalizer.transform([(candidate.bare or candidate).ink for candidate in lattice.candidates])
        rows.append(candidate_rows(lattice, pixels)[clear])
        labels.append(np.where(overlap[clear] >= _MIN_LETTER_OVERLAP, LETTER, NON_LETTER))
    if not rows:
        raise DataError(f"no ink can be found in any of the {len(pictures)} pictures; give pictures of words")
    return np.concatenate(rows), np.concatenate(labels)


def stroke_non_letter_examples(
    words: Sequence[Sequence[ArrayLike]], owners: Sequence[Sequence[int]]
) -> tuple[Rows, NDArray[np.str_]]:
    """Extract labelled letter candidates from pen strokes of words whose letters are known.

    Parameters
    ----------
    words, owners : sequences
        As in `fit_stroke_non_letter_model`.

    Returns
    -------
    rows : ndarray of float32, shape (n, 784 + 16)
    labels : ndarray of str, shape (n,)
        "letter" for all strokes of one letter and no other stroke, else "non_letter".

    Raises
    ------
    DataError
        If there is no word, or the numbers of strokes and owners differ.

    Examples
    --------
    >>> from ensemble_hwr.reading.non_letter import stroke_non_letter_examples
    >>> stem, bar, second_stem = [(0, 0), (0, 100)], [(0, 100), (60, 100)], [(90, 0), (90, 100)]
    >>> rows, labels = stroke_non_letter_examples([[stem, bar, second_stem]], [[0, 0, 1]])
    >>> labels.tolist().count("letter")
    2
    """
    if not len(words):
        raise DataError("words must hold at least one word, got none")
    normalizer = LetterNormalizer(polarity="light", errors="blank")
    rows, labels = [], []
    for strokes, owner in zip(words, owners, strict=True):
        if len(strokes) != len(owner):
            raise DataError(f"a word has {len(strokes)} strokes, but {len(owner)} owners; give one owner per stroke")
        lattice = cut_strokes(strokes)
        pixels = normalizer.transform([candidate.ink for candidate in lattice.candidates])
        rows.append(candidate_rows(lattice, pixels))
        labels.append(np.where(whole_letters(lattice, owner), LETTER, NON_LETTER))
    return np.concatenate(rows), np.concatenate(labels)


def fit_mark_model(rows: Rows, labels: NDArray[np.str_], *, random_state: int | None = None) -> Any:
    """Train a classifier that separates marks, such as periods, from each other and from all other candidates.

    Parameters
    ----------
    rows : ndarray of float32, shape (n, 784 + 16)
    labels : ndarray of str, shape (n,)
        As `mark_examples` and `stroke_mark_examples` return them.
    random_state : int, default=None

    Returns
    -------
    classifier
        Fitted; its classes are the marks and "non_letter".
    """
    return _fit(rows, labels, None, random_state)


def mark_examples(
    pictures: Sequence[Picture], owners: Sequence[NDArray[np.integer[Any]]], texts: Sequence[str]
) -> tuple[Rows, NDArray[np.str_]]:
    """Extract candidates from pictures of words with marks; those that match a mark only in part are left out.

    Parameters
    ----------
    pictures, owners : sequences
        As in `fit_non_letter_model`.
    texts : sequence of str
        Texts of the words.

    Returns
    -------
    rows : ndarray of float32, shape (n, 784 + 16)
    labels : ndarray of str, shape (n,)
        A mark, or "non_letter" for letters, parts of them and joined letters.

    Examples
    --------
    >>> from ensemble_hwr import compose_words, generate_letters
    >>> from ensemble_hwr.reading.non_letter import mark_examples
    >>> letters = generate_letters(120, letters="TEA.", writers=5, format="pictures", random_state=0)
    >>> (word,) = compose_words(letters, ["TEA."], random_state=0)
    >>> rows, labels = mark_examples([word.picture], [word.owner], ["TEA."])
    >>> labels.tolist().count(".")
    1
    """
    normalizer = LetterNormalizer(polarity="light", errors="blank")
    rows, labels = [], []
    for picture, owner, text in zip(pictures, owners, texts, strict=True):
        lattice = cut_word(picture).with_dots(marks=True)
        overlap = _overlaps(lattice, owner)
        best, letter = overlap.max(axis=1), overlap.argmax(axis=1)
        nearest = np.array([text[place] if text[place] in MARKS else NON_LETTER for place in letter])
        whole = best >= np.where(nearest == NON_LETTER, _MIN_LETTER_OVERLAP, _MIN_MARK_OVERLAP)
        found = np.where(whole, nearest, NON_LETTER)
        clear = whole | (best <= np.where(nearest == NON_LETTER, _MAX_NON_LETTER_OVERLAP, _MAX_NON_MARK_OVERLAP))
        pixels = normalizer.transform([(candidate.bare or candidate).ink for candidate in lattice.candidates])
        rows.append(candidate_rows(lattice, pixels)[clear])
        labels.append(found[clear])
    return np.concatenate(rows), np.concatenate(labels)


def stroke_mark_examples(
    words: Sequence[Sequence[ArrayLike]], owners: Sequence[Sequence[int]], texts: Sequence[str]
) -> tuple[Rows, NDArray[np.str_]]:
    """Extract candidates from pen strokes of words with marks.

    Parameters
    ----------
    words, owners : sequences
        As in `fit_stroke_non_letter_model`.
    texts : sequence of str
        Texts of the words.

    Returns
    -------
    rows : ndarray of float32, shape (n, 784 + 16)
    labels : ndarray of str, shape (n,)
        As `mark_examples` returns them.
    """
    normalizer = LetterNormalizer(polarity="light", errors="blank")
    rows, labels = [], []
    for strokes, owner, text in zip(words, owners, texts, strict=True):
        lattice = cut_strokes(strokes).with_dots()
        first = [text[owner[lattice.order[start]]] for start, _ in lattice.spans]
        marks = np.array([letter if letter in MARKS else NON_LETTER for letter in first])
        pixels = normalizer.transform([(candidate.bare or candidate).ink for candidate in lattice.candidates])
        rows.append(candidate_rows(lattice, pixels))
        labels.append(np.where(whole_letters(lattice, owner), marks, NON_LETTER))
    return np.concatenate(rows), np.concatenate(labels)


def overlap_with_letters(lattice: Lattice, owner: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return the intersection over union of each candidate's pixels with those of the best matching letter.

    Parameters
    ----------
    lattice : Lattice
        Of a picture that was not reduced.
    owner : ndarray of int, shape (height, width)
        Index of the letter that each pixel of the picture belongs to; negative for none.

    Returns
    -------
    ndarray of float, shape (n_candidates,)
        From 0 to 1.
    """
    best: NDArray[np.float64] = _overlaps(lattice, owner).max(axis=1)
    return best


def _overlaps(lattice: Lattice, owner: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return the intersection over union of each candidate's pixels with those of each letter."""
    y, x = np.nonzero(lattice.pieces >= 0)
    piece, letter = lattice.pieces[y, x], lattice.align(owner)[y, x]
    inked = letter >= 0
    shared = np.zeros((lattice.n_pieces, int(letter.max(initial=0)) + 1))
    np.add.at(shared, (piece[inked], letter[inked]), 1)
    total = np.vstack([np.zeros(shared.shape[1]), shared.cumsum(axis=0)])
    start, stop = np.array(lattice.spans).T
    intersection = total[stop] - total[start]
    union = shared.sum(axis=0) + intersection.sum(axis=1, keepdims=True) - intersection
    overlaps: NDArray[np.float64] = intersection / np.maximum(union, 1)
    return overlaps


def whole_letters(lattice: StrokeLattice, owner: Sequence[int]) -> NDArray[np.bool_]:
    """Mark the candidates that hold all strokes of one letter and no other stroke.

    Parameters
    ----------
    lattice : StrokeLattice
    owner : sequence of int
        Index of the letter of each stroke, in the order of writing.

    Returns
    -------
    ndarray of bool, shape (n_candidates,)

    Examples
    --------
    >>> from ensemble_hwr.reading.non_letter import whole_letters
    >>> from ensemble_hwr.segmentation import cut_strokes
    >>> lattice = cut_strokes([[(0, 0), (0, 100)], [(0, 100), (60, 100)], [(90, 0), (90, 100)]])
    >>> [span for span, whole in zip(lattice.spans, whole_letters(lattice, [0, 0, 1])) if whole]
    [(0, 2), (2, 3)]
    """
    owners = [owner[stroke] for stroke in lattice.order]
    runs = [owners[start:stop] for start, stop in lattice.spans]
    return np.array([len(set(run)) == 1 and owners.count(run[0]) == len(run) for run in runs])


def _fit(rows: Rows, labels: NDArray[np.str_], classifier: Any, random_state: int | None) -> Any:
    if classifier is None:
        network = MemberMLPClassifier((48,), batch_size=64, max_iter=15, alpha=1e-3, random_state=random_state)
        classifier = make_pipeline(CandidateFeatures(), StandardScaler(), network)
    with config_context(transform_output="default"):
        return clone(classifier).fit(rows, labels)
