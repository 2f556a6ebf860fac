"""
Accuracy against computation
============================

:func:`~ensemble_hwr.compare` measures accuracy and the multiply-accumulate operations (MACs) per letter of several
classifiers. :class:`~ensemble_hwr.evaluation.FrontierDisplay` plots one against the other.
"""

# %%
# The hierarchy is a cascade: a small router, small specialists, and a larger network as an expert of all classes
# (``"*"``) that is applied only to uncertain letters. The other contenders have as many parameters: one flat network,
# a committee of three networks, and the router and specialists with top-down routing.

from sklearn.pipeline import make_pipeline

from ensemble_hwr import (
    GradientFeatures,
    HierarchicalEnsembleClassifier,
    MemberMLPClassifier,
    compare,
    generate_letters,
)
from ensemble_hwr.datasets import split_letters
from ensemble_hwr.evaluation import FrontierDisplay, standard_contenders


def network(view, units, batch_size):
    return make_pipeline(
        view, MemberMLPClassifier((units,), batch_size=batch_size, max_iter=30)
    )


letters = generate_letters(3120, writers=24, difficulty=1.3, random_state=0)
fine, coarse = GradientFeatures(grid=7), GradientFeatures(grid=5)
hierarchy = HierarchicalEnsembleClassifier(
    network(coarse, 24, 50),
    network(fine, 16, 16),
    network(fine, 150, 50),
    confusables={"second": "*"},
    confidence_threshold=0.8,
)
contenders = standard_contenders(hierarchy, views=[coarse, fine])
del contenders["baseline"]  # a network on raw pixels, less accurate on so few letters

result = compare(
    contenders,
    letters.to_rows(),
    letters.target,
    split=split_letters(letters, 0.3, by="writer", random_state=0),
    seeds=[0, 1],
)

# %%
# A thin line shows the same hierarchy with other values of `confidence_threshold`: the lower it is, the fewer members
# are applied.

display = FrontierDisplay.from_comparison(result)
display.figure_.set_size_inches(8, 4.5)

# %%
# The table contains the paired tests. With two random states and few letters, most differences are
# not significant.

from rich.console import Console

from ensemble_hwr.evaluation import comparison_table, summarise

Console(width=88).print(comparison_table(summarise(result)))
