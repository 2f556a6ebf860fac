"""Of two classes, both are told as exactly as float32 can."""

import copy

import numpy as np
import pytest

from ensemble_hwr.ensemble import AugmentedMLPClassifier, MemberMLPClassifier


@pytest.mark.parametrize(
    "network",
    [MemberMLPClassifier((4,), max_iter=40), AugmentedMLPClassifier((4,), max_iter=40)],
    ids=["MemberMLPClassifier", "AugmentedMLPClassifier"],
)
def test_of_two_classes_a_small_probability_is_no_rounding(network):
    sure = np.repeat([[-1.0], [1.0]], 50, axis=0)
    network.set_params(random_state=0, learning_rate_init=0.3).fit(np.float32(sure), np.repeat(["A", "B"], 50))
    exact = copy.deepcopy(network)
    fitted = getattr(exact, "mlp_", exact)
    fitted.coefs_ = [weights.astype(float) for weights in fitted.coefs_]
    fitted.intercepts_ = [offsets.astype(float) for offsets in fitted.intercepts_]
    found, wanted = network.predict_proba(np.float32(sure)), exact.predict_proba(sure)
    assert found.dtype == np.float32
    assert wanted.min() < 1e-6
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
