"""Search spaces, and errors in them."""

from functools import partial
from pathlib import Path

import pytest

from ensemble_hwr.config import load_config
from ensemble_hwr.exceptions import ConfigError

load_plain = partial(load_config, Path(__file__).with_name("plain.toml"))


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        (
            "{ router = { alpha = { low = 1, high = 0.1 } } }",
            "tune.router.alpha.low: got 1, which is above high",
        ),
        (
            "{ router = { alpha = { low = 0.0, high = 1.0, log = true } } }",
            "a logarithmic scale starts above 0",
        ),
        ("{ router = { alpha = { low = nan, high = 2.0 } } }", "tune.router.alpha: got low = nan"),
        ('{ router = { alpha = { low = 0, high = "x" } } }', "tune.router.alpha.high: got 'x'; it should be a number"),
        ("{ router = { alpha = { low = 0.1 } } }", "tune.router.alpha.high: is missing"),
        ("{ router = { batch_size = { low = 16, high = 100, step = 32 } } }", "step: got 32, .*write high = 80"),
        ("{ router = { batch_size = { low = 16, high = 100, step = 0 } } }", "it must be greater than 0"),
        ("{ router = { batch_size = { low = 16, high = 64, step = 0.5 } } }", "write an integer"),
        ("{ router = { batch_size = { low = 16, high = 64, step = 2, log = true } } }", "choose one of them"),
        (
            "{ router = { alpah = [1.0] } }",
            "tune.router.alpah: 1.0 is invalid: MemberMLPClassifier has no such .*'alpha'",
        ),
        ("{ router = { alpha = [-1.0] } }", "tune.router.alpha: -1.0 is invalid"),
        ("{ router = { alpha = 3 } }", "tune.router.alpha: got 3; write a range"),
        ("{ router = { alpha = [] } }", "tune.router.alpha"),
        ("{ router = { alpha = [2020-01-01] } }", r"alpha.choices\[0\]: got .* cannot be stored in a study"),
        ('{ "expert:B/P" = { alpha = [1e-3, 1e-3] } }', "0.001 is in the list twice"),
        ("{ router = { params = { alpha = [0.1] } } }", "tune.router.params"),
        ('{ router = { "params.alpha" = [0.1] } }', "write alpha alone"),
        ("{ specialist = { hidden_layer_sizes = { n = [3, 1], width = [3] } } }", r"got \[3, 1\]; allowed: an integer"),
        ("{ router = { hidden_layer_sizes = { n = 2, width = { n = 1, width = [3] } } } }", "nested layers"),
        (
            "{ router = { hidden_layer_sizes = { n = 1, width = [0] } } }",
            "hidden_layer_sizes.width: got 0; a width is an integer",
        ),
        ('{ router = { view = ["corse"] } }', "there is no view 'corse'; did you mean 'coarse'"),
        ("{ router = { view = { low = 1, high = 2 } } }", "write a list of views by name"),
        ('{ router = { "view.gradient.grid" = [3, 0] } }', "0 is invalid"),
        ("{ router = { view = { gradient = { gird = [3] } } } }", "tune.router.view.gradient.gird: 3 is invalid"),
        ("{ router = { view = { pca = { n_components = [3] } } } }", "no view of this member has a step 'pca'"),
        ('{ router = { "augmentation.rotation" = { low = 0, high = 20 } } }', "has no augmentation"),
        ('{ router = { augmentation = ["default"], "augmentation.rotatoin" = [1.0] } }', "rotatoin"),
        ('{ expert = { "extra.generated" = { low = -5, high = 9 } } }', "-5 is invalid: .*greater than or equal to 0"),
        ("{ expert = { extra = { number = [5] } } }", "tune.expert.extra.number: write one of extra.generated"),
        ("{ expert = { extra = [5] } }", "tune.expert.extra: write one of extra.generated"),
        ('{ expert = { "extra.per_class" = [5] } }', "limits the letters of extra.data, which is missing"),
        ('{ router = { solver = ["sgd"], momentum = { choices = [0.5], when = { solver = "sdg" } } } }', "got 'sdg'"),
        ('{ router = { momentum = { choices = [0.5], when = { solver = "sgd" } } } }', "there is no 'solver' above"),
        ("{ hierarchy = { min_mass = { low = 0.0, high = 2.0 } } }", "tune.hierarchy.min_mass: "),
        ("{ hierarchy = { min = [0.1] } }", r"tune.hierarchy.min: \[hierarchy\] has no such key"),
        ("{ rooter = { alpha = [0.1] } }", "tune.rooter: unknown key; did you mean 'router'"),
        ("{ router = {} }", "tune.router: got {}; write a table of settings"),
        ('{ scoring = "foo" }', "tune.scoring: got 'foo'"),
        ("{ folds = 1 }", "tune.folds: got 1"),
        ('{ by = "page" }', "tune.by: got 'page'"),
    ],
)
def test_errors_in_search_spaces_contain_the_key(tune, message):
    with pytest.raises(ConfigError, match=message):
        load_plain([f"tune={tune}"])


def test_spaces_have_dotted_or_nested_keys():
    nested = load_plain(["tune.router.view.gradient.grid=[5, 7]"]).tune.spaces["router"]
    dotted = load_plain(['tune.router={ "view.gradient.grid" = [5, 7] }']).tune.spaces["router"]
    assert nested == dotted
    assert list(nested) == ["view.gradient.grid"]


def test_the_default_budget_is_30_trials():
    assert load_plain(["tune={}"]).tune.most_trials == 30
    assert load_plain(["tune.timeout_minutes=3"]).tune.most_trials is None
    assert load_plain(["tune.n_trials=7"]).tune.most_trials == 7
    assert load_plain().tune is None
