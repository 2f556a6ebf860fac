"""The ensemble: scikit-learn's checks, mathematical invariants, and its use in meta-estimators."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_blobs
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.exceptions import HierarchyError

LETTERS = np.array(list("ABCDEFGH"))
SETTINGS = {"groups": ["ABCD", "EFGH"], "confusables": ["AH", "DE", "CDE"], "random_state": 0}


def linear() -> LogisticRegression:
    return LogisticRegression(max_iter=3000, tol=1e-8)  # so near to the end that ways to the same end compare


def ensemble(**settings) -> HierarchicalEnsembleClassifier:
    members = dict.fromkeys(("router", "specialist", "expert"), linear())
    return HierarchicalEnsembleClassifier(**{**members, **SETTINGS, **settings})


@pytest.fixture(scope="module")
def letters():
    X, codes = make_blobs(480, centers=8, n_features=6, cluster_std=4.5, random_state=3)
    return X, LETTERS[codes]


@pytest.fixture(scope="module")
def fitted(letters):
    return ensemble(min_mass=0, confidence_threshold=1).fit(*letters)


@parametrize_with_checks(
    [
        HierarchicalEnsembleClassifier(),
        HierarchicalEnsembleClassifier(linear(), linear(), linear(), group_size=2, confusables="derived"),
        HierarchicalEnsembleClassifier(
            linear(),
            linear(),
            groups="derived",
            group_size=2,
            routing="top_down",
            trust=1.0,
            calibration="temperature",
            n_jobs=1,
        ),
    ],
    # Networks are trained on mini-batches, where a row of weight 2 is not two rows: so too scikit-learn's own MLPs.
    expected_failed_checks=lambda model: dict.fromkeys(
        (
            "check_sample_weight_equivalence_on_dense_data",
            "check_sample_weight_equivalence_on_sparse_data",
        )
        if model.router is None
        else (),
        "mini-batches",
    ),
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("routing", ["soft", "top_down"])
@pytest.mark.parametrize("router_target", ["classes", "groups"])
def test_rows_sum_to_one_and_predict_is_their_argmax(letters, routing, router_target):
    X, y = letters
    model = ensemble(routing=routing, router_target=router_target).fit(X, y)
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities >= 0).all()
    assert (model.classes_[probabilities.argmax(axis=1)] == model.predict(X)).all()


def test_the_probabilities_of_a_row_do_not_depend_on_other_rows(fitted, letters):
    X, _ = letters
    alone = np.concatenate([fitted.predict_proba(X[i : i + 1]) for i in range(50)])
    np.testing.assert_allclose(fitted.predict_proba(X)[:50], alone, atol=1e-12)
    backwards = fitted.predict_proba(X[::-1])[::-1]
    np.testing.assert_allclose(fitted.predict_proba(X), backwards, atol=1e-12)


def test_more_rows_than_one_block(fitted, letters):
    X, _ = letters
    many = np.tile(X, (20, 1))
    np.testing.assert_allclose(fitted.predict_proba(many), np.tile(fitted.predict_proba(X), (20, 1)), atol=1e-12)


def test_trust_0_equals_the_router(letters):
    X, y = letters
    model = ensemble(trust=0.0, min_mass=0, confidence_threshold=1).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), model.members_["router"].predict_proba(X), atol=1e-12)
    assert model.route_counts(X) == {name: len(X) if name == "router" else 0 for name in model.members_}


def test_one_group_and_no_experts_equals_the_router(letters):
    X, y = letters
    model = ensemble(groups=["ABCDEFGH"], confusables=None).fit(X, y)
    assert list(model.members_) == ["router"]
    np.testing.assert_allclose(model.predict_proba(X), linear().fit(X, y).predict_proba(X), atol=1e-12)


def test_trust_1_without_experts_equals_the_top_down_product(letters):
    X, y = letters
    model = ensemble(confusables=None, trust=1.0, min_mass=0, confidence_threshold=1).fit(X, y)
    router = model.members_["router"].predict_proba(X)
    expected = np.empty_like(router)
    for name, labels in model.groups_.items():
        columns = np.isin(model.classes_, labels)
        opinion = linear().fit(X[np.isin(y, labels)], y[np.isin(y, labels)]).predict_proba(X)
        expected[:, columns] = router[:, columns].sum(axis=1, keepdims=True) * opinion
        assert model.members_[f"specialist:{name}"].classes_.tolist() == labels.tolist()
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-12)


def test_a_router_of_groups_gives_the_product_of_group_and_class_probabilities(letters):
    X, y = letters
    model = ensemble(confusables=None, router_target="groups", min_mass=0, confidence_threshold=0.6).fit(X, y)
    in_first = np.isin(y, list("ABCD"))
    group = linear().fit(X, np.where(in_first, "A-D", "E-H")).predict_proba(X)
    first = linear().fit(X[in_first], y[in_first]).predict_proba(X)
    second = linear().fit(X[~in_first], y[~in_first]).predict_proba(X)
    np.testing.assert_allclose(
        model.predict_proba(X), np.hstack([group[:, :1] * first, group[:, 1:] * second]), atol=1e-9
    )
    assert model.trust_ == {"specialist:A-D": 1.0, "specialist:E-H": 1.0}


def test_top_down_routing_applies_only_the_specialist_of_the_winning_group(letters):
    X, y = letters
    model = ensemble(routing="top_down", confusables=None, trust=1.0, min_mass=0, confidence_threshold=1).fit(X, y)
    winner = model.route(X)[:, :4].sum(axis=1) > 0.5
    rows_of = {step.member.name: step.rows for step in model.explain(X).steps}
    assert rows_of["specialist:A-D"].tolist() == np.flatnonzero(winner).tolist()
    assert rows_of["specialist:E-H"].tolist() == np.flatnonzero(~winner).tolist()


def test_the_gate_changes_probabilities_little(letters):
    X, y = letters
    ungated = ensemble(min_mass=0, confidence_threshold=1, trust=0.5).fit(X, y)
    gated = ensemble(min_mass=0.01, confidence_threshold=0.99, trust=0.5).fit(X, y)
    assert sum(gated.route_counts(X).values()) < sum(ungated.route_counts(X).values())
    assert np.abs(gated.predict_proba(X) - ungated.predict_proba(X)).max() < 0.05
    assert (gated.predict(X) == ungated.predict(X)).mean() > 0.99


def test_the_same_random_state_gives_the_same_bits_in_one_process_and_in_two(letters):
    X, y = letters
    mlp = MemberMLPClassifier((8,), max_iter=15, early_stopping=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = [
            HierarchicalEnsembleClassifier(mlp, mlp, mlp, **SETTINGS, n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 2, 1)
        ]
        other = HierarchicalEnsembleClassifier(mlp, mlp, mlp, **{**SETTINGS, "random_state": 1}).fit(X, y)
    for model in models[1:]:
        np.testing.assert_array_equal(model.predict_proba(X), models[0].predict_proba(X))
        assert model.trust_ == models[0].trust_
    assert not np.array_equal(other.predict_proba(X), models[0].predict_proba(X))


def test_without_a_random_state_members_keep_their_own(letters):
    mlp = MemberMLPClassifier((4,), max_iter=300, random_state=5, solver="lbfgs")
    model = HierarchicalEnsembleClassifier(mlp, mlp, trust=1.0, groups=["ABCD", "EFGH"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(*letters)
    assert {member.random_state for member in model.members_.values()} == {5}


@pytest.mark.parametrize("rename", [lambda y: np.array([ord(c) - 80 for c in y]), lambda y: np.char.add("letter ", y)])
def test_label_type_does_not_matter(fitted, letters, rename):
    X, y = letters
    labels = rename(y)
    renamed = dict(zip(y, labels.tolist(), strict=True))
    sets = {key: [[renamed[c] for c in letters_] for letters_ in SETTINGS[key]] for key in ("groups", "confusables")}
    model = ensemble(**sets, min_mass=0, confidence_threshold=1).fit(X, labels)
    np.testing.assert_allclose(model.predict_proba(X), fitted.predict_proba(X), atol=1e-9)


def test_class_order_does_not_matter(letters):
    X, y = letters
    reverse = dict(zip(LETTERS, LETTERS[::-1], strict=True))
    mirrored = np.array([reverse[c] for c in y])
    settings = {"groups": ["ABCD", "EFGH"], "trust": 0.7, "min_mass": 0, "confidence_threshold": 1}
    straight = ensemble(**settings, confusables=["AB", "CF"]).fit(X, y)
    turned = ensemble(**settings, confusables=["HG", "FC"]).fit(X, mirrored)
    np.testing.assert_allclose(straight.predict_proba(X), turned.predict_proba(X)[:, ::-1], atol=1e-3)


def test_dicts_give_each_member_its_own_estimator_and_features(letters):
    X, y = letters
    scaled = make_pipeline(StandardScaler(), linear())
    tree = DecisionTreeClassifier(max_depth=4)
    model = HierarchicalEnsembleClassifier(
        linear(),
        {"low": scaled, "high": tree},
        {"A/H": scaled},
        groups={"low": "ABCD", "high": "EFGH"},
        confusables=["AH"],
        random_state=0,
    ).fit(X, y)
    assert list(model.members_) == ["router", "specialist:low", "specialist:high", "expert:A/H"]
    assert isinstance(model.members_["specialist:high"], DecisionTreeClassifier)
    assert list(model.trust_) == list(model.members_)[1:]
    assert model.members_["specialist:low"] is not scaled
    assert model.specialist["low"] is scaled
    clone(model)


def test_an_expert_may_cover_all_classes(letters):
    X, y = letters
    forest = RandomForestClassifier(30, random_state=0)
    model = HierarchicalEnsembleClassifier(
        linear(),
        linear(),
        forest,
        confusables={"second opinion": "*"},
        trust=1.0,
        confidence_threshold=0.7,
        random_state=0,
    ).fit(X, y)
    unsure = model.explain(X).steps[-1].rows
    np.testing.assert_allclose(
        model.predict_proba(X)[unsure], model.members_["expert:second opinion"].predict_proba(X[unsure])
    )


@pytest.mark.parametrize("cv", [2, 0.25, GroupKFold(3), [(np.arange(0, 300), np.arange(300, 480))]])
def test_trust_is_learned_with_every_kind_of_cv(letters, cv):
    X, y = letters
    params = {"groups": np.arange(len(y)) % 6} if isinstance(cv, GroupKFold) else {}
    model = ensemble(cv=cv).fit(X, y, **params)
    assert all(0 <= trust <= 1 for trust in model.trust_.values())
    assert set(model.trust_) == set(model.members_) - {"router"}


def test_a_member_that_memorises_rows_gets_no_trust(letters):
    X, y = letters
    noise = np.random.default_rng(0).normal(size=(len(y), 1))
    memoriser = KNeighborsClassifier(1)
    router = make_pipeline(StandardScaler(), linear())
    model = HierarchicalEnsembleClassifier(
        router, linear(), memoriser, groups=["ABCDEFGH"], confusables=["AB", "CD"], random_state=0
    ).fit(np.hstack([X, 100 * noise]), y)
    assert max(model.trust_.values()) < 0.1


def test_trust_may_be_fixed(letters):
    names = ["specialist:A-D", "specialist:E-H", "expert:A/H", "expert:D/E", "expert:C-E"]
    given = dict(zip(names, [0, 0.5, 1, 0.25, 0.75], strict=True))
    assert ensemble(trust=given).fit(*letters).trust_ == given
    with pytest.raises(HierarchyError, match="name each once"):
        ensemble(trust={"router": 1.0}).fit(*letters)
    with pytest.raises(HierarchyError, match="'expert:A/H' has 2"):
        ensemble(trust=given | {"expert:A/H": 2}).fit(*letters)


def test_prefit_members_are_used_unchanged(letters):
    X, y = letters
    fit, held_out = np.arange(0, 480, 2), np.arange(1, 480, 2)

    def on(labels):
        mine = fit[np.isin(y[fit], list(labels))]
        return linear().fit(X[mine], y[mine])

    model = HierarchicalEnsembleClassifier(
        on("ABCDEFGH"),
        {"A-D": on("ABCD"), "E-H": on("EFGH")},
        {"A/H": on("AH")},
        groups=["ABCD", "EFGH"],
        confusables=["AH"],
        cv="prefit",
    ).fit(X[held_out], y[held_out])
    assert model.members_["router"] is model.router
    assert model.members_["expert:A/H"] is model.expert["A/H"]
    with pytest.raises(HierarchyError, match=r"'expert:A/H' was fitted on \['A', 'B'\]"):
        clone(model).set_params(router=model.router, specialist=model.specialist, expert={"A/H": on("AB")}).fit(X, y)
    with pytest.raises(HierarchyError, match="needs a fitted estimator for 'specialist:A-D'"):
        HierarchicalEnsembleClassifier(model.router, groups=["ABCD", "EFGH"], cv="prefit").fit(X, y)


def test_sets_are_derived_from_what_the_router_confuses_out_of_fold(letters):
    X, y = letters
    model = ensemble(groups="derived", group_size=3, confusables="derived", max_confusables=4).fit(X, y)
    assert sorted(np.concatenate(list(model.groups_.values()))) == LETTERS.tolist()
    assert 1 <= len(model.confusables_) <= 4
    for setting in ("groups", "confusables"):
        with pytest.raises(HierarchyError, match="needs a router of classes"):
            ensemble(router_target="groups", **{setting: "derived"}).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"groups": ["ABCD", "DEFGH"]}, "class 'D' is in group"),
        ({"groups": ["ABCD", "EFG"]}, "class 'H' is in no group"),
        ({"groups": ["ABCD", "EFGHZ"]}, "'Z' is not one of the classes"),
        ({"confusables": ["A"]}, "at least two classes"),
        ({"specialist": {"A-D": linear()}}, r"\['E-H'\] without an estimator"),
        ({"expert": {"A/H": linear(), "D/E": linear(), "C-E": linear(), "Q": linear()}}, r"\['Q'\] not a set"),
        ({"router_target": "groups", "groups": ["ABCDEFGH"]}, "two groups or more"),
    ],
)
def test_sets_that_do_not_fit_the_classes_raise(letters, settings, message):
    with pytest.raises(HierarchyError, match=message):
        ensemble(**settings).fit(*letters)


def test_a_group_of_one_class_has_no_specialist(letters):
    X, y = letters
    model = ensemble(groups=["A", "BCDEFG", "H"]).fit(X, y)
    assert "specialist:A" not in model.members_
    assert model.score(X, y) > 0.5


def test_a_class_may_be_missing_from_a_fold(letters):
    X, y = letters
    kept = np.flatnonzero((y != "H") & (y != "G") | (np.arange(len(y)) == np.flatnonzero(y == "H")[0]))
    kept = np.r_[kept, np.flatnonzero(y == "G")[:2]]
    model = ensemble(groups=["ABCDE", "FGH"], confusables=["GH", "AH", "FG"]).fit(X[kept], y[kept])
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert model.classes_.tolist() == LETTERS.tolist()


def test_too_few_rows_to_learn_trust_raise():
    X, y = np.arange(8.0).reshape(4, 2), list("ABCD")
    with pytest.raises(HierarchyError, match="no class has two rows"):
        ensemble(groups=["AB", "CD"], confusables=None).fit(X, y)


def test_one_class_raises():
    with pytest.raises(ValueError, match="1 class only: 'A'"):
        ensemble().fit([[1.0], [2.0]], ["A", "A"])


def test_sample_weight_reaches_every_member_down_a_pipeline(letters):
    X, y = letters
    weight = np.where(np.arange(len(y)) < 240, 1.0, 0.0)
    piped = make_pipeline(StandardScaler(with_mean=False, with_std=False), linear())
    half = ensemble(trust=0.5, min_mass=0, confidence_threshold=1).fit(X[:240], y[:240])
    settings = {**SETTINGS, "trust": 0.5, "min_mass": 0, "confidence_threshold": 1}
    weighted = HierarchicalEnsembleClassifier(linear(), piped, linear(), **settings).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(weighted.predict_proba(X), half.predict_proba(X), atol=1e-3)


def test_negative_weights_raise(letters):
    X, y = letters
    with pytest.raises(ValueError, match=r"(?i)negative values in.*sample_weight"):
        ensemble().fit(X, y, sample_weight=np.r_[-1.0, np.ones(len(y) - 1)])


def test_a_member_that_accepts_no_weights_is_named(letters):
    X, y = letters
    with pytest.raises(TypeError, match="the specialist:A-D is a KNeighborsClassifier, whose fit accepts none"):
        HierarchicalEnsembleClassifier(linear(), KNeighborsClassifier(), **{**SETTINGS, "confusables": None}).fit(
            X, y, sample_weight=np.ones(len(y))
        )
    with pytest.raises(TypeError, match=r"fit got \['colour'\]"):
        ensemble().fit(X, y, colour=1)


def test_refine_accepts_probabilities_of_any_source(fitted, letters):
    X, _ = letters
    np.testing.assert_allclose(fitted.refine(X, fitted.route(X)), fitted.predict_proba(X))
    given = np.full((len(X), 8), 1 / 8)
    fitted.refine(X, given)
    assert (given == 1 / 8).all()
    with pytest.raises(ValueError, match=r"shape \(2, 8\)"):
        fitted.refine(X, given[:2])


def test_route_counts_equal_those_of_the_explanation(letters):
    X, y = letters
    model = ensemble(confidence_threshold=0.9).fit(X, y)
    counts = model.route_counts(X)
    assert counts.pop("router") == len(X)
    applied = {step.member.name: len(step.rows) for step in model.explain(X).steps}
    assert counts == {name: applied.get(name, 0) for name in model.trust_}
    assert 0 < counts["expert:D/E"] < len(X)


def test_it_works_in_the_meta_estimators_of_scikit_learn(letters):
    X, y = letters
    base = ensemble(confusables=["AH"], cv=2)
    assert cross_val_score(base, X, y, cv=2).mean() > 0.5
    search = GridSearchCV(
        make_pipeline(StandardScaler(), base),
        {
            "hierarchicalensembleclassifier__specialist__C": [0.01, 1],
            "hierarchicalensembleclassifier__routing": ["top_down"],
        },
        cv=2,
    ).fit(X, y)
    assert search.best_score_ > 0.5
    assert CalibratedClassifierCV(base, cv=2).fit(X, y).score(X, y) > 0.5
    by_number = ensemble(groups="batches", group_size=4, confusables=[[0, 7]], cv=2)  # stacking numbers the classes
    stack = StackingClassifier([("ensemble", by_number), ("tree", DecisionTreeClassifier(max_depth=3))], linear(), cv=2)
    assert stack.fit(X, y).score(X, y) > 0.5
    nested = HierarchicalEnsembleClassifier(base, linear(), linear(), **SETTINGS, cv=2)
    assert nested.fit(X, y, sample_weight=np.ones(len(y))).score(X, y) > 0.5


def test_temperature_scaling_keeps_the_predicted_classes(letters):
    plain = ensemble(trust=0.7).fit(*letters)
    tempered = ensemble(trust=0.7, calibration="temperature").fit(*letters)
    assert plain.temperature_ == 1
    assert tempered.temperature_ != 1
    before, after = plain.predict_proba(letters[0]), tempered.predict_proba(letters[0])
    powers = before ** (1 / tempered.temperature_)
    assert np.allclose(after, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)
    explained = tempered.explain(letters[0])
    assert np.allclose(explained.result, after, rtol=0, atol=1e-12)
    assert f"at temperature {tempered.temperature_:.2f}" in explained.text(0)
    assert "temperature" not in plain.explain(letters[0]).text(0)


def test_the_diagram_shows_the_members():
    named = {"A-D": linear(), "E-H": StandardScaler()}
    html = HierarchicalEnsembleClassifier(linear(), named)._repr_html_()
    for shown in ("router", "specialist:A-D", "specialist:E-H", "expert", "StandardScaler"):
        assert shown in html


def test_setting_router_target_after_fit_changes_nothing():
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.tile(list("ABCD"), 15)
    nb = GaussianNB()
    model = HierarchicalEnsembleClassifier(nb, nb, groups={"A": "AB", "B": "CD"}, router_target="groups").fit(X, y)
    before = model.predict_proba(X)
    assert np.array_equal(model.set_params(router_target="classes").predict_proba(X), before)


@pytest.mark.parametrize("wrong", [-1.0, 0.0, 2.0])
def test_refine_refuses_what_is_no_probability(wrong):
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.tile(list("ABCD"), 15)
    model = HierarchicalEnsembleClassifier(GaussianNB(), GaussianNB(), group_size=2).fit(X, y)
    with pytest.raises(ValueError, match="sum to 1"):
        model.refine(X, np.full((60, 4), wrong))


@pytest.mark.parametrize("odd", [None, 1])
def test_labels_that_cannot_be_sorted_raise_with_their_types(odd):
    y = np.array(["A", "B", odd] * 20, dtype=object)
    with pytest.raises(ValueError, match=r"y mixes labels of the types \w+, str\w*, which cannot be sorted"):
        HierarchicalEnsembleClassifier(GaussianNB()).fit(np.zeros((60, 2)), y)


def test_negative_rows_of_an_explanation_count_from_the_end():
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.tile(list("ABCD"), 15)
    model = HierarchicalEnsembleClassifier(
        GaussianNB(), GaussianNB(), group_size=2, trust=0.5, min_mass=0, confidence_threshold=1
    ).fit(X, y)
    applied = model.explain(X[:3])
    assert applied.text(-1) == applied.text(2)
    with pytest.raises(IndexError):
        applied.text(3)
