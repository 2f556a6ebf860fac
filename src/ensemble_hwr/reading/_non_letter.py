"""A classifier that tells letters from pieces of letters and from letters run together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ensemble_hwr._typing import Rows
from ensemble_hwr.ensemble import MemberMLPClassifier
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import Picture
from ensemble_hwr.preprocessing import LetterNormalizer
from ensemble_hwr.reading._candidates import CandidateFeatures, describe_candidates
from ensemble_hwr.segmentation import Lattice, StrokeLattice, cut_strokes, cut_word

NON_LETTER, LETTER = "non_letter", "letter"

_SAME, _OTHER = 0.8, 0.65  # shares of pixels in common: a letter from here on, and junk up to there


def share_in_common(lattice: Lattice, owner: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Say how much each candidate has in common with the letter that it is nearest to.

    Parameters
    ----------
    lattice : Lattice
        Of a picture that was not reduced.
    owner : ndarray of int, shape (height, width)
        Which letter each of the picture's pixels belongs to, from 0; negative: none.

    Returns
    -------
    ndarray of float, shape (n_candidates,)
        Pixels of both, relative to pixels of either.
    """
    y, x = np.nonzero(lattice.pieces >= 0)
    piece, origin = lattice.pieces[y, x], lattice.writing.origin
    letter = np.asarray(owner)[y + origin.top, x - lattice.writing.shifts[y] + origin.left]
    inked = letter >= 0
    shared = np.zeros((lattice.n_pieces, int(letter.max(initial=0)) + 1))
    np.add.at(shared, (piece[inked], letter[inked]), 1)
    total = np.vstack([np.zeros(shared.shape[1]), shared.cumsum(axis=0)])
    start, stop = np.array(lattice.spans).T
    common = total[stop] - total[start]
    either = shared.sum(axis=0) + common.sum(axis=1, keepdims=True) - common
    best: NDArray[np.float64] = (common / np.maximum(either, 1)).max(axis=1)
    return best


def non_letter_examples(
    pictures: Sequence[Picture], owners: Sequence[NDArray[np.integer[Any]]]
) -> tuple[Rows, NDArray[np.str_]]:
    """Take examples of letters and of what is none from words about which the truth is known.

    Candidates that are neither quite a letter nor quite something else are left out; so are pictures in which nothing
    can be found.

    Parameters
    ----------
    pictures : sequence of pictures
        Words, such as `compose_words` makes.
    owners : sequence of ndarray of int, shape (height, width)
        Which letter each pixel belongs to; negative: none.

    Returns
    -------
    rows : ndarray of float32, shape (n, 784 + 16)
    labels : ndarray of str, shape (n,)
        "letter" or "non_letter".
    """
    normalizer = LetterNormalizer(polarity="light", errors="blank")
    rows, labels = [], []
    for picture, owner in zip(pictures, owners, strict=True):
        try:
            lattice = cut_word(picture)
        except PictureError:
            continue
        share = share_in_common(lattice, owner)
        clear = (share >= _SAME) | (share <= _OTHER)
        ink = normalizer.transform([candidate.ink for candidate in lattice.candidates])
        rows.append(describe_candidates(lattice, ink)[clear])
        labels.append(np.where(share[clear] >= _SAME, LETTER, NON_LETTER))
    if not rows:
        raise DataError(f"nothing can be found in any of the {len(pictures)} pictures; give pictures of words")
    return np.concatenate(rows), np.concatenate(labels)


def fit_non_letter_model(
    pictures: Sequence[Picture],
    owners: Sequence[NDArray[np.integer[Any]]],
    *,
    classifier: Any = None,
    random_state: int | None = None,
) -> Any:
    """Train a classifier that tells letters from a non-letter, for a `WordReader`.

    Parameters
    ----------
    pictures, owners : sequences
        As for `non_letter_examples`.
    classifier : classifier, default=None
        With ``predict_proba``; None takes an MLP on gradient features of the pixels and on how a candidate lies in its
        word.
    random_state : int, default=None
        Of the default classifier.

    Returns
    -------
    classifier
        Fitted; its classes are "non_letter" and "letter".

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
    return _fit(*non_letter_examples(pictures, owners), classifier, random_state)


def stroke_non_letter_examples(
    words: Sequence[Sequence[ArrayLike]], owners: Sequence[Sequence[int]]
) -> tuple[Rows, NDArray[np.str_]]:
    """Take examples of letters and of what is none from words in pen strokes.

    Parameters
    ----------
    words : sequence of sequences of array-like of shape (n_points, 2 or more)
        Strokes, as `cut_strokes` takes them.
    owners : sequence of sequences of int
        Which letter of its word each stroke belongs to.

    Returns
    -------
    rows : ndarray of float32, shape (n, 784 + 16)
    labels : ndarray of str, shape (n,)
        "letter" for all strokes of one letter and nothing else, or "non_letter".
    """
    if not len(words):
        raise DataError("there is no word to learn from; give one or more")
    normalizer = LetterNormalizer(polarity="light", errors="blank")
    rows, labels = [], []
    for strokes, owner in zip(words, owners, strict=True):
        if len(strokes) != len(owner):
            raise DataError(f"a word has {len(strokes)} strokes, but {len(owner)} owners; give one for each stroke")
        lattice = cut_strokes(strokes)
        ink = normalizer.transform([candidate.ink for candidate in lattice.candidates])
        rows.append(describe_candidates(lattice, ink))
        labels.append(np.where(whole_letters(lattice, owner), LETTER, NON_LETTER))
    return np.concatenate(rows), np.concatenate(labels)


def whole_letters(lattice: StrokeLattice, owner: Sequence[int]) -> NDArray[np.bool_]:
    """Say which candidates are all strokes of one letter and nothing else.

    Parameters
    ----------
    lattice : StrokeLattice
    owner : sequence of int
        Letter of each stroke, in the order of writing.

    Returns
    -------
    ndarray of bool, shape (n_candidates,)
    """
    owners = [owner[stroke] for stroke in lattice.order]
    runs = [owners[start:stop] for start, stop in lattice.spans]
    return np.array([len(set(run)) == 1 and owners.count(run[0]) == len(run) for run in runs])


def fit_stroke_non_letter_model(
    words: Sequence[Sequence[ArrayLike]],
    owners: Sequence[Sequence[int]],
    *,
    classifier: Any = None,
    random_state: int | None = None,
) -> Any:
    """Train a classifier that tells letters from a non-letter among pen strokes, for a `WordReader`.

    Parameters
    ----------
    words, owners : sequences
        As for `stroke_non_letter_examples`.
    classifier, random_state
        As for `fit_non_letter_model`.

    Returns
    -------
    classifier
        Fitted; its classes are "non_letter" and "letter".

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


def _fit(rows: Rows, labels: NDArray[np.str_], classifier: Any, random_state: int | None) -> Any:
    if classifier is None:
        network = MemberMLPClassifier((48,), batch_size=64, max_iter=15, alpha=1e-3, random_state=random_state)
        classifier = make_pipeline(CandidateFeatures(), StandardScaler(), network)
    return clone(classifier).fit(rows, labels)
