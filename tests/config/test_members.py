"""Members as a config describes them: rows are varied before they become features, whoever learns from them."""

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.ensemble import VotingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from ensemble_hwr.config import build_hierarchy, build_member, load_demo
from ensemble_hwr.config.building import build_view, views_of_hierarchy
from ensemble_hwr.config.schema import AugmentationSection, MemberChange
from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.ensemble import AugmentedMLPClassifier, MemberMLPClassifier
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.preprocessing import AugmentedClassifier, Augmenter, GradientFeatures

CAPITALS = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
WILD = "augmentations.wild={ rotation = 30, cells = [10, 12], copies = 2, include_original = false }"


def router(*overrides):
    config = load_demo(overrides)
    return build_member(config, config.router)


def test_a_view_is_its_step_or_a_chain_of_them():
    config = load_demo(['views.two.steps=[{ use = "gradient", grid = 4 }, { use = "standardize", with_mean = false }]'])
    assert build_view(config, "pixels") == "passthrough"
    assert build_view(config, "coarse").grid == 5
    chain = build_view(config, "two")
    assert isinstance(chain, Pipeline)
    assert isinstance(chain[1], StandardScaler)
    assert (chain[0].grid, chain[1].with_mean) == (4, False)


def test_pixels_need_no_pipeline():
    config = load_demo(["expert.view=pixels"])
    assert isinstance(build_member(config, config.expert), MLPClassifier)


def test_epochs_gets_view_and_augmentation_as_its_own_parameters():
    built = router(WILD, "router={ estimator = 'augmented_mlp', view = 'coarse', augmentation = 'wild' }")
    assert isinstance(built, AugmentedMLPClassifier)
    assert repr(built.features) == "GradientFeatures(grid=5)"
    assert repr(built.augmenter) == "Augmenter(cells=(10, 12), rotation=30)"


def test_epochs_without_them_has_none():
    built = router("router={ estimator = 'augmented_mlp', params = { max_iter = 3 } }")
    assert (built.features, built.augmenter, built.max_iter) == (None, None, 3)


def test_any_other_estimator_is_wrapped_around_its_view():
    built = router(WILD, "router={ view = 'coarse', augmentation = 'wild' }")
    assert isinstance(built, AugmentedClassifier)
    assert (built.copies, built.include_original) == (2, False)
    assert built.augmenter.rotation == 30
    assert isinstance(built.estimator, Pipeline)
    assert isinstance(built.estimator["view"], GradientFeatures)
    assert isinstance(built.estimator["classify"], MemberMLPClassifier)
    bayes = load_demo(["contenders.bayes={ estimator = 'sklearn.naive_bayes.GaussianNB', augmentation = 'default' }"])
    assert isinstance(build_member(bayes, bayes.contenders["bayes"]).estimator, GaussianNB)


def test_the_augmentation_that_is_always_there_is_the_augmenter_as_it_is():
    built = router("router.augmentation=default")
    assert repr(built.augmenter) == repr(Augmenter())
    assert (built.copies, built.include_original) == (4, True)


def test_changes_of_one_member_may_change_its_augmentation():
    built = build_hierarchy(
        load_demo(
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


def test_members_are_varied_before_they_see(monkeypatch):
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
def test_mistakes_are_named_by_their_key(overrides, message):
    with pytest.raises(ConfigError) as caught:
        load_demo(overrides)
    (line,) = str(caught.value).splitlines()
    assert line.removeprefix("demo.toml: ").startswith(message)


def test_every_setting_of_the_augmenter_can_be_tried_out_on_loading():
    everything = dict.fromkeys(("erasure", "occlusion", "cut_off", "pixelation", "photo"), 0.5)
    assert AugmentationSection.model_validate(everything | {"stroke_width": [0.0, 0.02]}).augmenter().photo == 0.5
    with pytest.raises(ValidationError, match="stroke_width"):
        AugmentationSection.model_validate({"stroke_width": [0.2, 0.1]})


def test_a_member_of_several_views_is_a_committee_with_an_estimator_for_each():
    config = load_demo(
        ["router={ estimator = 'augmented_mlp', views = ['coarse', 'pixels'], augmentation = 'default' }"]
    )
    committee = build_member(config, config.router)
    assert isinstance(committee, VotingClassifier)
    assert committee.voting == "soft"
    first, second = (estimator for _, estimator in committee.estimators)
    assert (first.features.grid, second.features) == (5, None)
    assert all(isinstance(estimator.augmenter, Augmenter) for estimator in (first, second))


def test_a_change_of_view_takes_the_place_of_the_role_s_views_and_the_other_way_round():
    config = load_demo(["specialist={ views = ['coarse', 'fine'] }", "expert={ view = 'fine' }"])
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
def test_views_that_exclude_each_other_or_are_not_declared_are_refused(member, message):
    with pytest.raises(ConfigError, match=message):
        load_demo([f"router={member}"])


def test_the_views_of_committees_are_views_of_the_hierarchy():
    config = load_demo(["router={ views = ['coarse', 'pixels'] }", "specialist={ view = 'fine' }"])
    assert list(views_of_hierarchy(config))[:3] == ["coarse", "pixels", "fine"]
