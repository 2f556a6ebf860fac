from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.ensemble import VotingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from ensemble_hwr.config import build_contenders, build_hierarchy, load_config, load_letters
from ensemble_hwr.config.building import _trust_folds, build_contender, build_member, build_view, views_of_hierarchy
from ensemble_hwr.config.letters import build_split, training_sources
from ensemble_hwr.config.schema import AugmentationSection, HierarchySection, MemberChange
from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.exceptions import ConfigError, HierarchyError
from ensemble_hwr.preprocessing import AugmentedClassifier, Augmenter, GradientFeatures

load_plain = partial(load_config, Path(__file__).with_name("plain.toml"))

CAPITALS = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
WITHOUT_CONTROLS = 'compare.contenders=["baseline", "logreg", "top_down", "hierarchical"]'


def hierarchy(*overrides):
    return build_hierarchy(load_plain(overrides), CAPITALS)


def test_settings_of_the_config_reach_the_estimators():
    built = hierarchy(
        "hierarchy.trust={ 'expert:B/P' = 0.5 }",
        "hierarchy.routing=top_down",
        "hierarchy.min_mass=0.1",
        "hierarchy.confidence_threshold=0.9",
        "hierarchy.cv=0.2",
        "hierarchy.group_size=3",
        "hierarchy.max_confusables=4",
        "router.params.alpha=0.5",
        "expert.view=pixels",
    )
    assert built.trust == {"expert:B/P": 0.5}
    assert (built.routing, built.min_mass, built.confidence_threshold, built.cv) == ("top_down", 0.1, 0.9, 0.2)
    assert (built.group_size, built.max_confusables) == (3, 4)
    assert built.router["classify"].alpha == 0.5
    assert built.router["classify"].hidden_layer_sizes == (40,)
    assert isinstance(built.router["view"], GradientFeatures)
    assert isinstance(built.expert, MLPClassifier)


def test_defaults_of_the_config_equal_those_of_the_estimator():
    ours = build_hierarchy(
        load_plain(["hierarchy={}"]),
        CAPITALS,
    ).get_params(deep=False)
    theirs = HierarchicalEnsembleClassifier().get_params(deep=False)
    differ = {name for name, value in theirs.items() if ours[name] != value}
    assert differ == {"router", "specialist", "expert", "cv"}
    assert ours["cv"] == 3  # the default for None


def test_one_member_can_be_changed_by_name():
    built = hierarchy(
        'members."specialist:A-E".params.hidden_layer_sizes=[7]',
        'members."expert:D/O".estimator=sklearn.naive_bayes.GaussianNB',
        'members."expert:D/O".view=pixels',
    )
    assert list(built.specialist) == ["A-E", "F-I", "J-N", "O-R", "S-V", "W-Z"]
    assert built.specialist["A-E"]["classify"].hidden_layer_sizes == (7,)
    assert built.specialist["A-E"]["classify"].max_iter == 30
    assert built.specialist["F-I"]["classify"].hidden_layer_sizes == (20,)
    assert type(built.expert["D/O"]).__name__ == "GaussianNB"
    assert built.expert["B/P"]["classify"].hidden_layer_sizes == (20,)


def test_an_unknown_member_is_rejected_with_the_list_of_members():
    with pytest.raises(ConfigError, match=r"no such member; allowed: specialist:A-E, specialist:F-I"):
        hierarchy('members."specialist:A-D".view=pixels')
    with pytest.raises(ConfigError, match="derived from the data"):
        hierarchy("hierarchy.confusables=derived", 'members."expert:B/P".view=pixels')


def test_groups_that_do_not_fit_the_classes_are_rejected():
    with pytest.raises(HierarchyError, match="'Z'"):
        hierarchy('hierarchy.groups=["ABCDEFGHIJKLM", "NOPQRSTUVWXY"]', 'members."specialist:A-M".view=pixels')


def test_the_committee_has_the_views_of_the_hierarchy():
    config = load_plain(["specialist.view=coarse", "expert.view=pixels"])
    assert list(views_of_hierarchy(config)) == ["coarse", "pixels"]
    assert list(views_of_hierarchy(load_plain(["hierarchy.confusables=none"]))) == ["coarse", "fine"]
    committee = build_contenders(config, CAPITALS)["committee"].template
    seen = [type(pipeline["view"]).__name__ for _, pipeline in committee.estimators]
    assert seen == ["GradientFeatures", "str", "GradientFeatures"]


def test_contenders_keep_the_order_of_the_config():
    own = "contenders.bayes.estimator=sklearn.naive_bayes.GaussianNB"
    config = load_plain([own, 'compare.contenders=["bayes", "hierarchical", "flat"]'])
    assert list(build_contenders(config, CAPITALS)) == ["bayes", "hierarchical", "flat"]


def test_the_flat_section_is_the_template_of_flat_contenders():
    config = load_plain(["flat={ view = 'coarse', params = { hidden_layer_sizes = [9, 9] } }"])
    assert build_contenders(config, CAPITALS)["flat"].template["classify"].hidden_layer_sizes == (9, 9)


def test_committee_views_replace_the_views_of_the_hierarchy():
    committee = build_contenders(load_plain(["compare.committee_views=['fine']"]), CAPITALS)["committee"].template
    assert [member["view"].grid for _, member in committee.estimators] == [7, 7, 7]
    config = load_plain(["compare.committee_views=['pixels', 'fine', 'fine', 'coarse']"])
    committee = build_contenders(config, CAPITALS)["committee"].template
    assert [getattr(member["view"], "grid", None) for _, member in committee.estimators] == [None, 7, 7, 5]


def test_a_committee_of_augmented_mlps_gets_views_as_features_and_keeps_the_augmentation():
    config = load_plain(["router={ estimator = 'augmented_mlp', view = 'fine', augmentation = 'default' }"])
    contenders = build_contenders(config, CAPITALS)
    assert contenders["flat"].template.features.grid == 7
    members = [member for _, member in contenders["committee"].template.estimators]
    assert [member.features.grid for member in members] == [7, 7, 7]
    assert all(member.augmenter is not None for member in members)


def test_the_cheap_view_of_equal_macs_is_one_of_the_hierarchy():
    config = load_plain(["compare.committee_views=['pixels']", "flat={ view = 'fine' }"])
    cheap, best, logreg = (
        build_contender(config, name, CAPITALS) for name in ("flat_macs_cheap", "flat_macs", "logreg")
    )
    assert [view.grid for view in cheap.views] == [5, 7]
    assert best.template["view"].grid == logreg["view"].grid == 7


def test_a_contender_outside_the_comparison_can_be_built():
    config = load_plain(
        ["compare.contenders=['hierarchical']", "contenders.bayes.estimator=sklearn.naive_bayes.GaussianNB"]
    )
    hard = build_contender(config, "top_down", CAPITALS, n_jobs=2)
    settings = ("routing", "trust", "confusables", "min_mass", "confidence_threshold", "n_jobs")
    assert [getattr(hard, name) for name in settings] == ["top_down", 1.0, None, 0.0, 1.0, 2]
    assert build_contender(config, "baseline", CAPITALS).hidden_layer_sizes == (100, 100, 100)
    assert build_contender(config, "flat", CAPITALS).reference == "hierarchical"
    assert type(build_contender(config, "bayes", CAPITALS)).__name__ == "GaussianNB"


def test_only_scaled_contenders_need_an_mlp():
    config = load_plain(["router.estimator=sklearn.naive_bayes.GaussianNB", "router.params={}", WITHOUT_CONTROLS])
    assert list(build_contenders(config, CAPITALS)) == ["baseline", "logreg", "top_down", "hierarchical"]
    with pytest.raises(ConfigError, match="the router is a GaussianNB"):
        build_contender(config, "committee", CAPITALS)


WILD = "augmentations.wild={ rotation = 30, cells = [10, 12], copies = 2, include_original = false }"


def router(*overrides):
    config = load_plain(overrides)
    return build_member(config, config.router)


def test_a_view_is_a_transformer_or_a_pipeline():
    config = load_plain(
        ['views.two.steps=[{ use = "gradient", grid = 4 }, { use = "standardize", with_mean = false }]']
    )
    assert build_view(config, "pixels") == "passthrough"
    assert build_view(config, "coarse").grid == 5
    chain = build_view(config, "two")
    assert isinstance(chain, Pipeline)
    assert isinstance(chain[1], StandardScaler)
    assert (chain[0].grid, chain[1].with_mean) == (4, False)


def test_pixels_need_no_pipeline():
    config = load_plain(["expert.view=pixels"])
    assert isinstance(build_member(config, config.expert), MLPClassifier)


def test_augmented_mlp_gets_view_and_augmentation_as_parameters():
    built = router(WILD, "router={ estimator = 'augmented_mlp', view = 'coarse', augmentation = 'wild' }")
    assert isinstance(built, AugmentedMLPClassifier)
    assert repr(built.features) == "GradientFeatures(grid=5)"
    assert repr(built.augmenter) == "Augmenter(cells=(10, 12), rotation=30)"


def test_augmented_mlp_without_view_and_augmentation():
    built = router("router={ estimator = 'augmented_mlp', params = { max_iter = 3 } }")
    assert (built.features, built.augmenter, built.max_iter) == (None, None, 3)


def test_other_estimators_are_wrapped_in_a_pipeline():
    built = router(WILD, "router={ view = 'coarse', augmentation = 'wild' }")
    assert isinstance(built, AugmentedClassifier)
    assert (built.copies, built.include_original) == (2, False)
    assert built.augmenter.rotation == 30
    assert isinstance(built.estimator, Pipeline)
    assert isinstance(built.estimator["view"], GradientFeatures)
    assert isinstance(built.estimator["classify"], MemberMLPClassifier)
    bayes = load_plain(["contenders.bayes={ estimator = 'sklearn.naive_bayes.GaussianNB', augmentation = 'default' }"])
    assert isinstance(build_member(bayes, bayes.contenders["bayes"]).estimator, GaussianNB)


def test_the_default_augmentation_is_the_augmenter_with_defaults():
    built = router("router.augmentation=default")
    assert repr(built.augmenter) == repr(Augmenter())
    assert (built.copies, built.include_original) == (4, True)


def test_member_changes_can_change_the_augmentation():
    built = build_hierarchy(
        load_plain(
            [
                "specialist={ estimator = 'augmented_mlp', view = 'fine', augmentation = 'default' }",
                'members."specialist:A-E".augmentation=none',
                'members."specialist:F-I".view=pixels',
            ]
        ),
        CAPITALS,
    ).specialist
    assert built["A-E"].augmenter is None
    assert built["A-E"].features.grid == 7
    assert built["F-I"].features is None
    assert built["F-I"].augmenter is not None
    assert built["J-N"].features is not None


def test_rows_are_augmented_before_features_are_computed(monkeypatch):
    letters = generate_letters(60, letters="AB", writers=3, random_state=0)
    settings = ["router.view=coarse", "router.augmentation=default", "router.params={}"]
    members = [router(*settings, f"router.estimator={estimator}") for estimator in ("mlp", "augmented_mlp")]
    seen = []
    monkeypatch.setattr(Augmenter, "augment", lambda _, rows, rng: seen.append(rows.shape) or np.array(rows))
    for member in members:
        member.fit(letters.to_rows(), letters.target)
    assert set(seen) == {(60, 784)}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["router={ estimator = 'augmented_mlp', params = { features = 'gradient' } }"],
            "router.params.features: is set by the key 'view': declare [views.NAME], write view = \"NAME\"",
        ),
        (
            ["router={ estimator = 'augmented_mlp', params = { augmenter = 'wild' } }"],
            "router.params.augmenter: is set by the key 'augmentation': declare [augmentations.NAME]",
        ),
        (
            ["specialist={ estimator = 'augmented_mlp' }", 'members."specialist:A-E".params.augmenter=wild'],
            "members.\"specialist:A-E\".params.augmenter: is set by the key 'augmentation'",
        ),
        (["router.params.features=1"], "router.params.features: MemberMLPClassifier has no such parameter"),
        (
            [
                "router={ estimator = 'ensemble_hwr.preprocessing.AugmentedClassifier', view = 'coarse',"
                " params = { estimator = { estimator = 'mlp' } } }"
            ],
            "router.view: AugmentedClassifier augments its rows, which must be pixels",
        ),
        (
            ["router.augmentation=wld", WILD],
            "router.augmentation: there is no augmentation 'wld'; did you mean",
        ),
        (['members."expert:B/P".augmentation=wild'], 'members."expert:B/P".augmentation: there is no augmentation'),
        (["augmentations.default={}"], "augmentations.default: the augmentation 'default' is predefined"),
        (["augmentations.none={}"], "augmentations.none: the augmentation 'none' is predefined"),
        (
            ["augmentations.wild.rotatoin=3"],
            "augmentations.wild.rotatoin: Augmenter has no such parameter",
        ),
        (
            ["augmentations.wild.rotation=300"],
            "augmentations.wild.rotation: The 'rotation' parameter of Augmenter",
        ),
        (["augmentations.wild.cells=[9, 3]"], "augmentations.wild: cells=(9, 3) must be two integers"),
        (
            ["augmentations.wild.copies=-1"],
            "augmentations.wild.copies: got -1; it should be greater",
        ),
        (
            ["augmentations.wild={ copies = 0, include_original = false }"],
            "augmentations.wild.copies: got 0 with include_original",
        ),
        (["compare.committee_views=['corse']"], "compare.committee_views[0]: there is no view 'corse'; did you mean"),
        (["compare.committee_views=[]"], "compare.committee_views: got []"),
        (
            ['members."specialist:A-E".estimator=sklearn.svm.LinearSVC'],
            "members.\"specialist:A-E\".estimator: 'sklearn.svm.LinearSVC' has no predict_proba",
        ),
    ],
)
def test_errors_contain_the_key(overrides, message):
    with pytest.raises(ConfigError) as caught:
        load_plain(overrides)
    (line,) = str(caught.value).splitlines()
    assert line.partition("plain.toml: ")[2].startswith(message)


def test_augmentation_settings_are_validated_on_loading():
    everything = dict.fromkeys(("erasure", "occlusion", "cut_off", "pixelation", "photo"), 0.5)
    assert AugmentationSection.model_validate(everything | {"stroke_width": [0.0, 0.02]}).augmenter().photo == 0.5
    with pytest.raises(ValidationError, match="stroke_width"):
        AugmentationSection.model_validate({"stroke_width": [0.2, 0.1]})


def test_a_member_with_several_views_is_a_committee():
    config = load_plain(
        ["router={ estimator = 'augmented_mlp', views = ['coarse', 'pixels'], augmentation = 'default' }"]
    )
    committee = build_member(config, config.router)
    assert isinstance(committee, VotingClassifier)
    assert committee.voting == "soft"
    first, second = (estimator for _, estimator in committee.estimators)
    assert (first.features.grid, second.features) == (5, None)
    assert all(isinstance(estimator.augmenter, Augmenter) for estimator in (first, second))


def test_view_and_views_of_a_member_change_replace_each_other():
    config = load_plain(["specialist={ views = ['coarse', 'fine'] }", "expert={ view = 'fine' }"])
    assert MemberChange(view="fine").applied_to(config.specialist).views == ()
    assert MemberChange(params={"alpha": 0.1}).applied_to(config.specialist).views == ("coarse", "fine")
    changed = MemberChange(views=("coarse",)).applied_to(config.expert)
    assert (changed.view, changed.views) == ("pixels", ("coarse",))


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("{ view = 'coarse', views = ['fine'] }", r"router\.views: got view and views; write one of the two"),
        ("{ views = ['fine', 'fien'] }", r"router\.views\[1\]: .*'fien'"),
    ],
)
def test_conflicting_or_undeclared_views_are_rejected(member, message):
    with pytest.raises(ConfigError, match=message):
        load_plain([f"router={member}"])


def test_the_views_of_committees_are_views_of_the_hierarchy():
    config = load_plain(["router={ views = ['coarse', 'pixels'] }", "specialist={ view = 'fine' }"])
    assert list(views_of_hierarchy(config))[:3] == ["coarse", "pixels", "fine"]


SOURCES = ["b", "a", None, "c", "a"]


@pytest.mark.parametrize("cv", [2, 0.25])
def test_numeric_cv_is_passed_to_the_hierarchy(cv):
    assert _trust_folds(HierarchySection(cv=cv), SOURCES) == cv


def test_each_listed_source_is_a_fold_and_others_are_always_in_training():
    folds = list(_trust_folds(HierarchySection(cv=["a", "b"]), SOURCES).split())
    assert [test.tolist() for _, test in folds] == [[1, 4], [0]]
    assert [train.tolist() for train, _ in folds] == [[0, 2, 3], [1, 2, 3, 4]]


@pytest.mark.parametrize(("sources", "known"), [(SOURCES, "'a', 'b', 'c'"), (None, "none"), ([None], "none")])
def test_an_unknown_source_is_rejected(sources, known):
    with pytest.raises(ConfigError, match=f"no training letter of source 'z'; sources: {known}"):
        _trust_folds(HierarchySection(cv=["z"]), sources)


@pytest.mark.parametrize("cv", [[], ["a", 1], "a", True, 0.7])
def test_invalid_cv_is_rejected(tmp_path, cv):
    with pytest.raises(ConfigError, match=r"hierarchy\.cv.*list of sources"):
        load_config(_config(tmp_path), [f"hierarchy.cv={_toml(cv)}"])


def test_cv_by_source_is_rejected_with_redrawn_splits(tmp_path):
    with pytest.raises(ConfigError, match=r"hierarchy\.cv.*every seed has another training part"):
        load_config(_config(tmp_path), ["hierarchy.cv=['generated']", "split.redraw=true"])


def test_sources_of_the_training_letters_reach_the_hierarchy(tmp_path):
    config = load_config(
        _config(tmp_path), ["hierarchy.cv=['generated']", "extra={ generated = 26, random_state = 5 }"]
    )
    letters = load_letters(config)
    sources = training_sources(config, letters)
    train, _ = build_split(config, letters)
    assert sources == letters.source[train].tolist()
    hierarchy = build_contenders(config, sorted(set(letters.target)), sources=sources)["hierarchical"]
    ((fitted_on, judged_on),) = hierarchy.cv.split()
    assert set(np.array(sources)[judged_on]) == {"generated"}
    assert set(np.array(sources)[fitted_on]) == {"generated extra"}
    with pytest.raises(ConfigError, match="no training letter of source"):
        build_hierarchy(config, sorted(set(letters.target)))


def _toml(value):
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _config(folder):
    file = folder / "config.toml"
    file.write_text(
        "name = 'small'\ndata = { format = 'generated', n = 104, writers = 4 }\n"
        "split = { kind = 'random', by = 'writer' }\ncompare = { contenders = ['hierarchical'] }\n"
    )
    return file
