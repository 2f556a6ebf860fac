"""Adapt a model to a writer, by a few labelled letters or corrected words.

The model itself stays as it is: an expert for the writer is fitted on the samples and pooled with the model's opinion.
"""

from ensemble_hwr.adaptation._adapt import adapt as adapt
from ensemble_hwr.adaptation._adapt import adapt_rows as adapt_rows
from ensemble_hwr.adaptation._adapt import adaptation_metadata as adaptation_metadata
from ensemble_hwr.adaptation._adapt import adapted_classifier as adapted_classifier
from ensemble_hwr.adaptation._classifier import AdaptedClassifier as AdaptedClassifier
from ensemble_hwr.adaptation._gain import describe_gain as describe_gain
