"""
Errors per class and confusions
===============================

Two displays of a comparison: the share of each letter that is misread, and the confusion matrix with only the errors
shaded.
"""

from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from ensemble_hwr import GradientFeatures, MemberMLPClassifier, compare, generate_letters
from ensemble_hwr.datasets import split_letters
from ensemble_hwr.evaluation import ConfusionDisplay, PerClassDisplay

letters = generate_letters(2600, writers=20, difficulty=1.5, random_state=0)
contenders = {
    "network": make_pipeline(
        GradientFeatures(), MemberMLPClassifier((60,), batch_size=50, max_iter=30)
    ),
    "logistic": make_pipeline(GradientFeatures(), LogisticRegression()),
    "neighbours": make_pipeline(GradientFeatures(), KNeighborsClassifier(5)),
}
split = split_letters(letters, 0.3, by="writer", random_state=0)
result = compare(contenders, letters.to_rows(), letters.target, split=split, seeds=[0])

# %%
# The letters with the most errors come first.

per_class = PerClassDisplay.from_comparison(result)
per_class.figure_.set_size_inches(9, 4)

# %%
# Rows are the letters written, columns the predictions.

confusion = ConfusionDisplay.from_comparison(result, "network")
confusion.figure_.set_size_inches(6.5, 6)
