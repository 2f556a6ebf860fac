import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ensemble_hwr.segmentation._cuts import _SIDESTEP, Seams

inks = arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.sampled_from([0.0, 0.5, 1.0]))


def cheapest(ink, y, x):
    """Cost of the cheapest of all paths through a pixel, by exhaustive search."""
    height, width = ink.shape

    def leg(rows, column):
        if not len(rows):
            return 0.0
        ways = []
        for step in (-1, 0, 1):
            if 0 <= column + step < width:
                way = float(ink[rows[0], column + step]) + abs(step) * float(_SIDESTEP)
                ways.append(way + leg(rows[1:], column + step))
        return min(ways)

    return float(ink[y, x]) + leg(list(range(y - 1, -1, -1)), x) + leg(list(range(y + 1, height)), x)


@given(inks)
def test_cost_is_that_of_the_cheapest_path(ink):
    cost = Seams.through(ink).cost
    for y, x in np.ndindex(ink.shape):
        np.testing.assert_allclose(cost[y, x], cheapest(ink, y, x), atol=1e-5)


@given(inks, st.data())
def test_paths_have_their_stated_cost(ink, data):
    seams = Seams.through(ink)
    row = data.draw(st.integers(0, len(ink) - 1))
    columns = np.arange(ink.shape[1])
    paths = seams.paths(row, columns)
    np.testing.assert_array_equal(paths[row], columns)
    steps = np.abs(np.diff(paths, axis=0))
    assert (steps <= 1).all()
    found = np.take_along_axis(ink, paths, axis=1).sum(axis=0) + steps.sum(axis=0) * _SIDESTEP
    np.testing.assert_allclose(found, seams.cost[row], atol=1e-5)
