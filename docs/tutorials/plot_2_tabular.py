"""
Compare a hierarchy on tabular data
===================================

The ensemble is not limited to letters. This tutorial compares it with other ways to handle many classes, on a table of
24 features and 40 classes: logistic regression, one-vs-one, stacking, the top-down classifier of HiClass, and one
network with as many parameters as the hierarchy.
"""

# %%
# The data
# --------
#
# The classes are clusters in 16 dimensions, some of which overlap. Half of the samples are used for training.

import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

X, y = make_classification(
    5000,
    n_features=24,
    n_informative=16,
    n_redundant=4,
    n_classes=40,
    n_clusters_per_class=1,
    class_sep=1.5,
    random_state=0,
)
X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
split = train_test_split(np.arange(len(y)), test_size=0.5, stratify=y, random_state=0)

# %%
# The hierarchy
# -------------
#
# A small network as the router, small networks as specialists and experts. Classes have no natural groups, so groups
# and confusable sets are derived from the router's out-of-fold confusions.

from ensemble_hwr import HierarchicalEnsembleClassifier, MemberMLPClassifier


def network(units, batch_size):
    return MemberMLPClassifier(
        (units,), batch_size=batch_size, max_iter=30, learning_rate_init=0.003
    )


hierarchy = HierarchicalEnsembleClassifier(
    network(60, 50),
    network(30, 16),
    network(30, 16),
    groups="derived",
    confusables="derived",
    random_state=0,
)
hierarchy.fit(X[split[0]], y[split[0]])
for name, classes in hierarchy.groups_.items():
    print(
        f"group {name}: trust {hierarchy.trust_['specialist:' + name]:.2f}, classes {classes.tolist()}"
    )

# %%
# The other contenders
# --------------------
#
# :func:`~ensemble_hwr.evaluation.standard_contenders` returns the hierarchy and the standard contenders. Of these, `flat`
# is one network with as many parameters. The router alone shows what specialists and experts add. scikit-learn
# provides the others. `compare` needs probabilities, so one-vs-one is calibrated.

from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsOneClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from ensemble_hwr.evaluation import standard_contenders

standard = standard_contenders(hierarchy, views=["passthrough"])
contenders = {name: standard[name] for name in ("hierarchical", "flat")}
contenders["router"] = network(60, 50)
contenders["logistic"] = LogisticRegression(max_iter=300)
contenders["one-vs-one"] = CalibratedClassifierCV(
    OneVsOneClassifier(LinearSVC(C=0.1)), ensemble=False, cv=3
)
contenders["stacking"] = StackingClassifier(
    [
        ("logistic", LogisticRegression(max_iter=300)),
        ("bayes", GaussianNB()),
        ("neighbours", KNeighborsClassifier(15)),
    ],
    final_estimator=LogisticRegression(max_iter=300),
    cv=3,
)

# %%
# HiClass takes a path per sample, here (group, class). A small wrapper gives it the interface of scikit-learn. It is
# left out if HiClass is not installed.

from importlib.util import find_spec

from sklearn.base import BaseEstimator, ClassifierMixin


class HiClass(ClassifierMixin, BaseEstimator):
    """HiClass's local classifier per parent node, over given groups."""

    def __init__(self, member, groups, random_state=None):
        self.member = member
        self.groups = groups
        self.random_state = random_state

    def fit(self, X, y):
        from hiclass import LocalClassifierPerParentNode
        from sklearn.base import clone

        self.classes_ = np.unique(y)
        group_of = {
            label: f"group {number}"
            for number, group in enumerate(self.groups)
            for label in group
        }
        paths = np.array([[group_of[label], str(label)] for label in y])
        member = clone(self.member).set_params(random_state=self.random_state)
        self.model_ = LocalClassifierPerParentNode(member, n_jobs=1).fit(X, paths)
        self.columns_ = np.argsort(self.model_.classes_[-1].astype(int))
        return self

    def predict_proba(self, X):
        found = np.asarray(self.model_.predict_proba(X))[:, self.columns_]
        return found / found.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


if find_spec("hiclass"):
    groups = [group.tolist() for group in hierarchy.groups_.values()]
    contenders["hiclass"] = HiClass(network(30, 16), groups)

# %%
# The comparison
# --------------
#
# Every contender is fitted with three random states on the same samples.

from ensemble_hwr import compare
from ensemble_hwr.evaluation import summarise

result = compare(contenders, X, y, split=split, seeds=[0, 1, 2])
summary = summarise(result)

# %%
# Accuracy, with the range over the random states:

import matplotlib.pyplot as plt

accuracy = {
    name: 100 * np.array(found["accuracy"]) for name, found in summary["contenders"].items()
}
names = sorted(accuracy, key=lambda name: accuracy[name].mean())
figure, axes = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
colours = ["#e07b39" if name == "hierarchical" else "#3f82c9" for name in names]
axes.barh(names, [accuracy[name].mean() for name in names], color=colours)
for place, name in enumerate(names):
    axes.plot([accuracy[name].min(), accuracy[name].max()], [place, place], color="#8a8f98")
    axes.text(
        accuracy[name].max() + 0.8, place, f"{accuracy[name].mean():.1f}", va="center"
    )
axes.set(xlabel="accuracy (%)", title="40 classes")

# %%
# The verdict
# -----------
#
# `summarise` compares the hierarchy with each contender, with a confidence interval and a corrected p-value:

from textwrap import fill

print(fill(summary["verdict"], 84))

# %%
# The hierarchy is not the best model here. It is more accurate than its own router, than logistic regression and than the classic
# top-down hierarchy on the same groups, whose networks are as small as the specialists. But one network with as many
# parameters is even more accurate, simpler and faster to fit. The advantage of the hierarchy is less computation per
# sample.
#
# This is a common result. Consider a hierarchy if predictions must be cheap, if members can use different features, if
# groups are to be maintained separately, or if it is better in a comparison on your own data. Otherwise use the flat model.
