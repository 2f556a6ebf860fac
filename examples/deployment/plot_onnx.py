"""
Export a model to ONNX
======================

:func:`~ensemble_hwr.export_onnx` writes a fitted ensemble, with its features and its routing, as one ONNX graph. ONNX
Runtime executes it from C++, Java, JavaScript and other languages.
"""

# %%
# Fit a small model and export it. ``pip install "ensemble_hwr[onnx]"`` installs what is needed.

from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
from sklearn.pipeline import make_pipeline

from ensemble_hwr import (
    GradientFeatures,
    HierarchicalEnsembleClassifier,
    MemberMLPClassifier,
    export_onnx,
    generate_letters,
)

letters = generate_letters(1560, writers=12, random_state=0)
rows = letters.to_rows()
member = make_pipeline(
    GradientFeatures(grid=5), MemberMLPClassifier((30,), batch_size=32, max_iter=20)
)
model = HierarchicalEnsembleClassifier(
    member, member, member, confusables=["BP", "DO", "UVW"], random_state=0
)
model.fit(rows[:1040], letters.target[:1040])

path = export_onnx(model, Path(mkdtemp(), "letters.onnx"))
print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")

# %%
# The graph has one input, the rows, and two outputs.

session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
labels, probabilities = session.run(
    ["label", "probabilities"], {"rows": rows[1040:].astype(np.float32)}
)
expected = model.predict_proba(rows[1040:])
print("same labels:", np.array_equal(labels, model.predict(rows[1040:])))

# %%
# The probabilities agree with those of scikit-learn up to rounding in single precision.

difference = np.abs(probabilities - expected).max(axis=1)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.plot(expected.ravel(), probabilities.ravel(), ".", ms=3)
left.set(
    xlabel="scikit-learn", ylabel="ONNX Runtime", title="Probabilities of all test letters"
)
right.hist(np.log10(np.maximum(difference, 1e-9)), bins=30)
right.set(
    xlabel="log10 of the largest difference per letter",
    ylabel="letters",
    title="Differences",
)
