"""Folds of the training letters: grouped, stratified, without test letters."""

from dataclasses import replace

import numpy as np
import pytest

from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning._data import group_numbers, grouping, split_folds, training_letters


@pytest.mark.parametrize(
    ("overrides", "by"),
    [
        ([], "writer"),
        (["tune.by=sample"], "sample"),
        (["split={ kind = 'random', by = 'sample' }"], "sample"),
    ],
)
def test_folds_are_grouped_like_the_split_by_default(write, overrides, by):
    assert grouping(write("", *overrides)) == by


def test_writers_of_test_letters_are_in_no_fold_and_others_in_one(write, letters, rows):
    config = write("", "tune.folds=3")
    training = training_letters(config, letters, rows)
    assert len(training.data.y) < len(letters)
    folds = training.folds(config, 0)
    evaluated = np.concatenate([valid for _, valid in folds])
    np.testing.assert_array_equal(np.sort(evaluated), np.arange(len(training.data.y)))
    for train, valid in folds:
        assert not set(training.groups[train]) & set(training.groups[valid])


def test_unknown_writers_are_groups_of_their_own(letters):
    writers = letters.writer.copy()
    writers[:3] = ""
    groups = group_numbers(replace(letters, writer=writers), "writer")
    assert len(np.unique(groups)) == len(set(writers[3:])) + 3
    sources = np.array(["a", "b"])[np.arange(240) % 2].astype(object)
    by_source = group_numbers(replace(letters, source=sources), "writer")
    assert len(np.unique(by_source)) == len({*zip(sources, letters.writer, strict=True)})
    assert group_numbers(letters, "sample") is None


def test_groups_that_cannot_be_split_are_rejected(letters):
    with pytest.raises(ConfigError, match="no known source"):
        group_numbers(replace(letters, source=None), "source")
    with pytest.raises(ConfigError, match="of one writer or source"):
        split_folds(letters.target, np.zeros(240, int), 3, 0)
    with pytest.raises(ConfigError, match="no class has two letters"):
        split_folds(np.array(["A", "B"]), None, 3, 0)


def test_classes_with_few_letters_reduce_the_number_of_folds():
    labels = np.array(list("AABBB"))
    assert len(split_folds(labels, None, 5, 0)) == 3
    assert len(split_folds(labels, np.array([0, 1, 0, 1, 1]), 5, 0)) == 2
