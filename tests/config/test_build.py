import pytest
from sklearn.neural_network import MLPClassifier

from ensemble_hwr.config import build_contenders, build_hierarchy, load_demo
from ensemble_hwr.config.building import build_contender, views_of_hierarchy
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.exceptions import ConfigError, HierarchyError
from ensemble_hwr.preprocessing import GradientFeatures

CAPITALS = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
WITHOUT_CONTROLS = "compare.contenders=['baseline', 'top_down', 'hierarchical']"


def hierarchy(*overrides):
    return build_hierarchy(load_demo(overrides), CAPITALS)


def test_settings_arrive_where_they_belong():
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


def test_defaults_of_a_config_are_those_of_the_estimator():
    ours = build_hierarchy(
        load_demo(["hierarchy={}"]),
        CAPITALS,
    ).get_params(deep=False)
    theirs = HierarchicalEnsembleClassifier().get_params(deep=False)
    differ = {name for name, value in theirs.items() if ours[name] != value}
    assert differ == {"router", "specialist", "expert", "cv"}
    assert ours["cv"] == 3  # what None stands for


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


def test_a_member_that_is_not_made_is_refused_with_those_that_are():
    with pytest.raises(ConfigError, match=r"no such member; allowed: specialist:A-E, specialist:F-I"):
        hierarchy('members."specialist:A-D".view=pixels')
    with pytest.raises(ConfigError, match="derived from the data"):
        hierarchy("hierarchy.confusables=derived", 'members."expert:B/P".view=pixels')


def test_groups_that_do_not_fit_are_refused():
    with pytest.raises(HierarchyError, match="'Z'"):
        hierarchy('hierarchy.groups=["ABCDEFGHIJKLM", "NOPQRSTUVWXY"]', 'members."specialist:A-M".view=pixels')


def test_the_committee_sees_what_the_hierarchy_sees():
    config = load_demo(["specialist.view=coarse", "expert.view=pixels"])
    assert list(views_of_hierarchy(config)) == ["coarse", "pixels"]
    assert list(views_of_hierarchy(load_demo(["hierarchy.confusables=none"]))) == ["coarse", "fine"]
    committee = build_contenders(config, CAPITALS)["committee"].template
    seen = [type(pipeline["view"]).__name__ for _, pipeline in committee.estimators]
    assert seen == ["GradientFeatures", "str", "GradientFeatures"]


def test_contenders_come_in_the_order_asked_for():
    own = "contenders.bayes.estimator=sklearn.naive_bayes.GaussianNB"
    config = load_demo([own, 'compare.contenders=["bayes", "hierarchical", "flat"]'])
    assert list(build_contenders(config, CAPITALS)) == ["bayes", "hierarchical", "flat"]


def test_a_flat_template_of_its_own():
    config = load_demo(["flat={ view = 'coarse', params = { hidden_layer_sizes = [9, 9] } }"])
    assert build_contenders(config, CAPITALS)["flat"].template["classify"].hidden_layer_sizes == (9, 9)


def test_the_committee_may_be_given_other_views():
    committee = build_contenders(load_demo(["compare.committee_views=['fine']"]), CAPITALS)["committee"].template
    assert [member["view"].grid for _, member in committee.estimators] == [7, 7, 7]
    config = load_demo(["compare.committee_views=['pixels', 'fine', 'fine', 'coarse']"])
    committee = build_contenders(config, CAPITALS)["committee"].template
    assert [getattr(member["view"], "grid", None) for _, member in committee.estimators] == [None, 7, 7, 5]


def test_a_committee_of_epochs_gets_views_as_features_and_keeps_the_augmentation():
    config = load_demo(["router={ estimator = 'augmented_mlp', view = 'fine', augmentation = 'default' }"])
    contenders = build_contenders(config, CAPITALS)
    assert contenders["flat"].template.features.grid == 7
    members = [member for _, member in contenders["committee"].template.estimators]
    assert [member.features.grid for member in members] == [7, 7, 7]
    assert all(member.augmenter is not None for member in members)


def test_a_contender_need_not_take_part_to_be_built():
    config = load_demo(
        ["compare.contenders=['hierarchical']", "contenders.bayes.estimator=sklearn.naive_bayes.GaussianNB"]
    )
    hard = build_contender(config, "top_down", CAPITALS, n_jobs=2)
    settings = ("routing", "trust", "confusables", "min_mass", "confidence_threshold", "n_jobs")
    assert [getattr(hard, name) for name in settings] == ["top_down", 1.0, None, 0.0, 1.0, 2]
    assert build_contender(config, "baseline", CAPITALS).hidden_layer_sizes == (100, 100, 100)
    assert build_contender(config, "flat", CAPITALS).reference == "hierarchical"
    assert type(build_contender(config, "bayes", CAPITALS)).__name__ == "GaussianNB"


def test_only_flat_and_committee_need_an_mlp():
    config = load_demo(["router.estimator=sklearn.naive_bayes.GaussianNB", "router.params={}", WITHOUT_CONTROLS])
    assert list(build_contenders(config, CAPITALS)) == ["baseline", "top_down", "hierarchical"]
    with pytest.raises(ConfigError, match="the router is a GaussianNB"):
        build_contender(config, "committee", CAPITALS)
