"""Records of a comparison."""

import dataclasses

import numpy as np
import pytest

from ensemble_hwr.evaluation.results import Comparison, Run


def run(contender, seed):
    return Run(contender, seed, np.arange(2), np.eye(2), 1.0, 1.0, 1)


@pytest.fixture
def mixed():
    """Return a comparison with its runs ordered by seed."""
    runs = tuple(run(name, seed) for seed in (5, 1) for name in ("top_down", "baseline"))
    return Comparison(runs, np.array(["P", "B"]), np.zeros((2, 784), dtype=np.float32))


def test_contenders_and_seeds_keep_their_order(mixed):
    assert mixed.contenders == ("top_down", "baseline")
    assert mixed.seeds == (5, 1)


def test_of_returns_the_runs_of_one_contender(mixed):
    assert [(one.contender, one.seed) for one in mixed.of("baseline")] == [("baseline", 5), ("baseline", 1)]
    assert mixed.of("unknown") == ()


def test_classes_are_the_sorted_labels(mixed):
    assert mixed.classes.tolist() == ["B", "P"]


def test_records_are_frozen_and_do_not_share_defaults(mixed):
    with pytest.raises(dataclasses.FrozenInstanceError):
        mixed.y = None
    with pytest.raises(dataclasses.FrozenInstanceError):
        mixed.runs[0].seed = 3
    assert mixed.data is not dataclasses.replace(mixed, data={}).data
    assert Comparison((), mixed.y, mixed.rows).data is not Comparison((), mixed.y, mixed.rows).data
