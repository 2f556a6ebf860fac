import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ensemble_hwr import GradientFeatures, MemberMLPClassifier
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.onnx import export_onnx
from ensemble_hwr.preprocessing import Deskewer, SizeNormalizer, StrokeWidthNormalizer

CHAINS = {
    "gradient": [GradientFeatures(directions=8, grid=5)],
    "gradient, power": [GradientFeatures(directions=6, grid=3, power=0.3, sigma=2.0)],
    "gradient, no power": [GradientFeatures(grid=4, power=1)],
    "oblong": [GradientFeatures(grid=4, aspect="root", image_shape=(14, 56))],
    **{
        f"cooperated, {aspect}": [GradientFeatures(grid=5, aspect=aspect)]
        for aspect in ("keep", "root", "cube root", "root sine", "fill")
    },
    "cooperated, box": [GradientFeatures(grid=7, aspect="root", box=20)],
    "deskewed": [Deskewer()],
    "deskewed a little": [Deskewer(limit=0.2), GradientFeatures(grid=5)],
    "sized": [SizeNormalizer(), GradientFeatures(grid=5)],
    "sized, oblong": [SizeNormalizer("fill", box=10, image_shape=(14, 56))],
    "widths": [StrokeWidthNormalizer(2.0, limit=1)],
    "all": [Deskewer(), StrokeWidthNormalizer(), GradientFeatures(grid=7, aspect="root")],
    "scikit-learn's": [GradientFeatures(grid=4), StandardScaler(), PCA(10, random_state=0)],
}


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("after", [None, "features"])
def test_exported_transformers_equal_transform(name, after, letters, awkward, assert_same):
    train, labels, test = letters
    model = make_pipeline(*CHAINS[name], MemberMLPClassifier((20,), batch_size=20, max_iter=20, random_state=0)).fit(
        train, labels
    )
    if "sized" in name:  # gradients of a resampled uniform picture are rounding errors
        awkward = np.delete(awkward, 1, axis=0)
    for rows in (test, awkward):
        assert_same(model, rows, after)


def test_transformers_that_cannot_be_exported_are_an_error_with_alternatives(letters, exported):
    train, labels, test = letters
    model = make_pipeline(FunctionTransformer(_squared), MemberMLPClassifier((4,), max_iter=1)).fit(train, labels)
    with pytest.raises(
        ModelError,
        match=r"a FunctionTransformer cannot be exported.*; use Hier.*after='features'",
    ):
        exported(model, test)


def test_transformers_that_cannot_be_exported_can_be_left_out_of_the_graph(letters, assert_same):
    train, labels, test = letters
    model = make_pipeline(Twice(), MemberMLPClassifier((4,), max_iter=1)).fit(train, labels)
    assert_same(model, test, "features")


def test_members_with_equal_features_share_them(letters, tmp_path):
    onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
    train, labels, _ = letters
    voters = [make_pipeline(GradientFeatures(grid=grid), MemberMLPClassifier((4,), max_iter=1)) for grid in (4, 4, 5)]
    committee = VotingClassifier([(f"voter{i}", voter) for i, voter in enumerate(voters)], voting="soft").fit(
        train, labels
    )
    file = export_onnx(committee, tmp_path / "model.onnx")
    operators = [node.op_type for node in onnx.load(file).graph.node]
    assert operators.count("Sqrt") == 2


def _squared(rows):
    return rows**2


class Twice(TransformerMixin, BaseEstimator):
    """A transformer without a converter."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return np.hstack([X, X**2])

    def get_feature_names_out(self, input_features=None):
        return np.arange(2 * self.n_features_in_).astype(str)
