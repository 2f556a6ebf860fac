"""Flat controls with equal numbers of parameters."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, QuantileTransformer

from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.evaluation import EqualParameters, count_macs, count_parameters
from ensemble_hwr.evaluation.scaling import EqualMacs, count_parameters_when_fitted, scale_hidden_layers
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.preprocessing import AugmentedClassifier, Augmenter, GradientFeatures


def parameters(sizes):
    return sum((a + 1) * b for a, b in pairwise(sizes))


@given(st.lists(st.integers(5, 60), min_size=1, max_size=3), st.integers(2_000, 60_000), st.integers(3, 30))
def test_widths_are_within_one_unit_of_the_wanted_number_of_parameters(layers, wanted, n_classes):
    X = np.zeros((1, 20))
    sizes = scale_hidden_layers(MLPClassifier(tuple(layers)), wanted, X, n_classes).hidden_layer_sizes
    wider = parameters((20, *(size + 1 for size in sizes), n_classes))
    narrower = parameters((20, *(max(1, size - 1) for size in sizes), n_classes))
    assert narrower <= wanted <= wider


def test_two_classes_have_one_output():
    scaled = scale_hidden_layers(MLPClassifier((3,)), 1_101, np.zeros((1, 9)), 2)
    assert scaled.hidden_layer_sizes == (100,)
    fitted = MLPClassifier((100,), max_iter=1, solver="lbfgs", tol=1e9).fit(np.eye(9), [0, 1, 0, 1, 0, 1, 0, 1, 0])
    assert sum(a.size for a in (*fitted.coefs_, *fitted.intercepts_)) == 1_101


def test_the_first_layer_has_the_features_of_the_view():
    squares = make_pipeline(PolynomialFeatures(2, include_bias=False), MLPClassifier((1,)))
    scaled = scale_hidden_layers(squares, 7 * 100 + 1 * 4, np.ones((2, 2)) * [1, 2], 1)
    assert scaled[-1].hidden_layer_sizes == (100,)


def test_a_committee_divides_the_parameters():
    committee = VotingClassifier([(name, MLPClassifier((4,))) for name in "abc"], voting="soft")
    sized = EqualParameters(committee).sized(3 * (100 * 16 + 5), np.zeros((1, 10)), 5)
    assert [member.hidden_layer_sizes for _, member in sized.estimators] == [(100,)] * 3
    assert committee.estimators[0][1].hidden_layer_sizes == (4,)


ROWS = np.random.default_rng(0).random((40, 784), dtype=np.float32)
VIEW = GradientFeatures(grid=4)
UNCOUNTED = make_pipeline(QuantileTransformer(n_quantiles=10), MLPClassifier((5,)))


@pytest.mark.parametrize(
    "template",
    [
        AugmentedMLPClassifier((10, 5), max_iter=1),
        AugmentedMLPClassifier((10, 5), features=VIEW, max_iter=1),
        AugmentedMLPClassifier((10, 5), features=make_pipeline(VIEW, PCA(7)), max_iter=1),
        make_pipeline(VIEW, AugmentedMLPClassifier((10, 5), features=PCA(7), max_iter=1)),
        AugmentedClassifier(MLPClassifier((10, 5), max_iter=1, solver="lbfgs", tol=1e9), copies=0),
        AugmentedClassifier(AugmentedMLPClassifier((10, 5), features=VIEW, max_iter=1), copies=0),
        VotingClassifier(
            [(name, AugmentedMLPClassifier((10, 5), features=VIEW, max_iter=1)) for name in "abc"], voting="soft"
        ),
    ],
)
def test_templates_with_features_have_the_wanted_parameters_when_fitted(template):
    wanted = 30_000
    scaled = EqualParameters(template).sized(wanted, ROWS, 4).fit(ROWS, np.arange(40) % 4)
    assert count_parameters(scaled) == pytest.approx(wanted, rel=0.03)


@pytest.mark.parametrize(
    "template",
    [
        AugmentedMLPClassifier((10, 5), max_iter=1),
        AugmentedMLPClassifier((10, 5), features=VIEW, max_iter=1),
        make_pipeline(VIEW, PCA(7), AugmentedMLPClassifier((10, 5), max_iter=1)),
        AugmentedClassifier(AugmentedMLPClassifier((10, 5), features=VIEW, max_iter=1), copies=0),
    ],
)
def test_templates_with_features_need_the_wanted_macs_when_fitted(template):
    wanted = 60_000
    scaled = EqualMacs(template).sized(wanted, ROWS, 4).fit(ROWS, np.arange(40) % 4)
    assert count_macs(scaled, ROWS) == pytest.approx(wanted, rel=0.03)


def test_the_cheapest_view_is_the_one_with_the_fewest_macs():
    views = (GradientFeatures(grid=9), GradientFeatures(grid=4), GradientFeatures(grid=7))
    scaled = EqualMacs(AugmentedMLPClassifier((10,), max_iter=1), views=views).sized(90_000, ROWS, 4)
    assert scaled.features.grid == 4
    assert count_macs(scaled.fit(ROWS, np.arange(40) % 4), ROWS) == pytest.approx(90_000, rel=0.01)


def test_features_that_need_more_macs_than_the_reference_are_a_warning():
    with pytest.warns(UserWarning, match="MACs per sample alone, of 500; it has one unit per layer"):
        scaled = EqualMacs(make_pipeline(VIEW, MLPClassifier((10, 5)))).sized(500, ROWS, 4)
    assert scaled[-1].hidden_layer_sizes == (1, 1)


@pytest.mark.parametrize(
    ("template", "macs", "message"),
    [
        (MLPClassifier((5,)), None, "it needs the MACs of 'hierarchical', which cannot be counted"),
        (
            UNCOUNTED,
            9e9,
            "the MACs of its features cannot be counted",
        ),
    ],
)
def test_macs_that_cannot_be_counted_are_an_error(template, macs, message):
    with pytest.raises(ConfigError, match=message):
        EqualMacs(template).sized(macs, ROWS, 4)


def test_a_committee_of_equal_macs_is_an_error():
    with pytest.raises(ConfigError, match="is a single MLP"):
        EqualMacs(VotingClassifier([("one", MLPClassifier((5,)))]))


@pytest.mark.parametrize(
    "template",
    [
        MLPClassifier(()),
        GaussianNB(),
        AugmentedMLPClassifier([]),
        make_pipeline("passthrough", MLPClassifier([])),
        AugmentedClassifier(GaussianNB()),
    ],
)
def test_templates_without_hidden_layers_are_an_error(template):
    committee = VotingClassifier([("one", MLPClassifier((5,))), ("two", template)])
    for unfit in (template, committee):
        with pytest.raises(ConfigError, match="scaled by its hidden layers"):
            EqualParameters(unfit)
        with pytest.raises(ConfigError, match="scaled by its hidden layers"):
            scale_hidden_layers(unfit, 100, np.zeros((1, 4)), 3)


LETTERS = generate_letters(120, letters="ABCD", writers=4, random_state=0)
LETTER_ROWS = LETTERS.to_rows()
_train_epoch = AugmentedMLPClassifier._train_epoch
EPOCHS = AugmentedMLPClassifier((6,), features=VIEW, augmenter=Augmenter(), max_iter=3)


@pytest.mark.parametrize(
    ("router", "specialist", "expert", "settings"),
    [
        (EPOCHS, EPOCHS, EPOCHS, {"groups": ["AB", "CD"], "confusables": ["BD"]}),
        (EPOCHS, EPOCHS, None, {"groups": "derived", "group_size": 2}),
        (
            AugmentedClassifier(make_pipeline(VIEW, MemberMLPClassifier((9,), max_iter=4)), copies=1),
            {"A/B": EPOCHS, "C/D": make_pipeline(VIEW, LogisticRegression(max_iter=500))},
            AugmentedClassifier(MemberMLPClassifier((5,), max_iter=2), copies=1),
            {"groups": ["AB", "CD"], "confusables": ["ABD"], "router_target": "groups"},
        ),
    ],
)
def test_parameters_in_advance_equal_those_of_the_fitted_hierarchy(router, specialist, expert, settings):
    hierarchy = HierarchicalEnsembleClassifier(router, specialist, expert, cv=2, random_state=0, **settings)
    before = repr(hierarchy)
    counted = count_parameters_when_fitted(hierarchy, LETTER_ROWS, LETTERS.target)
    assert repr(hierarchy) == before
    assert counted == count_parameters(hierarchy.fit(LETTER_ROWS, LETTERS.target))


def test_counting_in_advance_fits_one_epoch_without_augmentation(monkeypatch):
    monkeypatch.setattr(Augmenter, "augment", None)
    passes = []
    monkeypatch.setattr(
        AugmentedMLPClassifier, "_train_epoch", lambda self, *args: passes.append(self) or _train_epoch(self, *args)
    )
    hierarchy = HierarchicalEnsembleClassifier(EPOCHS, EPOCHS, groups=["AB", "CD"], trust="learned", random_state=0)
    count_parameters_when_fitted(hierarchy, LETTER_ROWS, LETTERS.target)
    assert len(passes) == 3


def test_counting_in_advance_does_not_warn_of_convergence():
    plain = MLPClassifier((4,))
    assert count_parameters_when_fitted(
        HierarchicalEnsembleClassifier(plain, plain, groups=["AB", "CD"]), LETTER_ROWS, LETTERS.target
    )


def test_members_without_weights_have_no_count_in_advance():
    bayes = GaussianNB()
    hierarchy = HierarchicalEnsembleClassifier(bayes, bayes, groups=["AB", "CD"])
    assert count_parameters_when_fitted(hierarchy, np.asarray(LETTER_ROWS), LETTERS.target) is None
