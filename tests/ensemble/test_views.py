"""Views are computed once for all who share them, for the rows asked about, and as their transformers would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from ensemble_hwr.ensemble.predictor import Transform, Views
from ensemble_hwr.preprocessing import Deskewer, GradientFeatures

X = np.random.default_rng(0).random((12, 6)).astype(np.float32)


class Doubles(TransformerMixin, BaseEstimator):
    """Doubles rows and remembers how many it was given at a time."""

    def __init__(self, log=None):
        self.log = log

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        self.log.append(len(X))
        return 2 * X


def test_steps_are_equal_whose_transformers_hold_the_same():
    assert Transform.of(StandardScaler().fit(X)) == Transform.of(StandardScaler().fit(X))
    assert Transform.of(StandardScaler().fit(X)) != Transform.of(StandardScaler().fit(X[:5]))
    assert Transform.of(StandardScaler().fit(X)) != Transform.of(MinMaxScaler().fit(X))
    rows = np.zeros((2, 64))
    assert Transform.of(GradientFeatures(grid=5).fit(rows)) == Transform.of(GradientFeatures(grid=5).fit(rows))
    assert Transform.of(GradientFeatures(grid=5).fit(rows)) != Transform.of(GradientFeatures(grid=4).fit(rows))


def test_what_cannot_be_pickled_is_like_itself_alone():
    one, other = (FunctionTransformer(lambda rows: rows + 1).fit(X) for _ in range(2))
    assert Transform.of(one) == Transform.of(one) != Transform.of(other)


@given(st.lists(st.lists(st.integers(0, 11), unique=True, max_size=12), max_size=5), st.booleans())
def test_any_rows_in_any_order_are_what_the_transformer_makes_of_them(asked, whole_first):
    first, second = StandardScaler().fit(X), MinMaxScaler().fit(X)
    chain = (Transform.of(first), Transform.of(second))
    views = Views(X)
    expected = second.transform(first.transform(X))
    if whole_first:
        np.testing.assert_array_equal(views.features(chain), expected)
    for rows in asked:
        index = np.array(rows, dtype=np.intp)
        if len(index):
            np.testing.assert_array_equal(views.features(chain, index), expected[index])
    np.testing.assert_array_equal(views.features(chain), expected)


def test_a_row_is_computed_once_whoever_asks_and_only_if_someone_does():
    log = []
    doubles = Transform(Doubles(log).fit(X), "doubles")
    scaled = Transform.of(StandardScaler().fit(2 * X))
    views = Views(X)
    views.features((doubles,), np.array([1, 2, 3]))
    views.features((doubles, scaled), np.array([2, 3, 4]))
    views.features((doubles,), np.array([4, 1]))
    assert log == [3, 1]
    views.features((doubles, scaled))
    assert log == [3, 1, 8]


def test_without_steps_rows_are_seen_as_they_are():
    assert np.shares_memory(Views(X).features(()), X)
    np.testing.assert_array_equal(Views(X).features((), np.array([3, 1])), X[[3, 1]])
    rows = sparse.csr_matrix(X)
    assert (Views(rows).features((), np.array([3, 1])) != rows[[3, 1]]).nnz == 0
    assert len(Views(rows)) == 12


def test_a_view_that_is_no_array_is_made_each_time():
    step = Transform.of(TfidfTransformer().fit(X))
    views = Views(X)
    for rows in (np.array([0, 1]), np.array([1, 2]), None):
        assert sparse.issparse(views.features((step,), rows))
        assert views.features((step,), rows).shape == (12 if rows is None else 2, 6)
    framed = Transform.of(StandardScaler().set_output(transform="pandas").fit(X)) if _pandas() else step
    assert views.features((framed,), np.array([1, 2])).shape == (2, 6)


def _pandas():
    try:
        import pandas  # noqa: F401
    except ImportError:
        return False
    return True


@pytest.mark.parametrize("transformer", [Deskewer(), GradientFeatures(), GradientFeatures(aspect="root", grid=5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_own_transformers_make_the_same_of_rows_that_were_checked(transformer, dtype):
    rows = np.random.default_rng(1).random((7, 784)).astype(dtype)
    fitted = transformer.fit(rows)
    np.testing.assert_array_equal(Views(rows).features((Transform.of(fitted),)), fitted.transform(rows))


@pytest.mark.filterwarnings("ignore:overflow")
def test_rows_too_large_for_float32_are_still_refused():
    rows = np.zeros((2, 784))
    rows[1, 5] = 1e39
    with pytest.raises(ValueError, match="infinity or a value too large"):
        Views(rows).features((Transform.of(GradientFeatures().fit(rows[:1])),))
