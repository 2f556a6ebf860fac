"""
History of a hyperparameter search
==================================

:class:`~ensemble_hwr.TunedClassifier` searches the parameters of any classifier with Optuna and ends
unpromising trials early. The study is kept in `study_`.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline

from ensemble_hwr import (
    GradientFeatures,
    MemberMLPClassifier,
    TunedClassifier,
    generate_letters,
)

letters = generate_letters(1040, writers=10, difficulty=1.5, random_state=0)
model = TunedClassifier(
    make_pipeline(
        GradientFeatures(grid=5), MemberMLPClassifier(max_iter=25, batch_size=50)
    ),
    {
        "membermlpclassifier__alpha": {"low": 1e-6, "high": 1.0, "log": True},
        "membermlpclassifier__hidden_layer_sizes": {
            "n": [1, 2],
            "width": {"low": 16, "high": 64, "log": True},
        },
        "membermlpclassifier__learning_rate_init": {"low": 1e-3, "high": 5e-2, "log": True},
    },
    n_trials=30,
    cv=ShuffleSplit(1, test_size=0.3, random_state=0),
    random_state=0,
)
model.fit(letters.to_rows(), letters.target)
print(model.best_params_)

# %%
# Left: the trials. Right: log-loss after each epoch, with one line per trial. Pruned trials were ended early, since
# they were worse than the best 40 % of the earlier trials.

trials = model.study_.trials
losses = np.array([trial.value for trial in trials])
pruned = np.array([trial.state.name == "PRUNED" for trial in trials])

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.8), sharey=True, layout="constrained"
)
left.plot(np.flatnonzero(~pruned), losses[~pruned], "o", label="completed trials")
left.plot(
    np.flatnonzero(pruned), losses[pruned], "x", color="#8a8f98", label="pruned trials"
)
left.step(
    np.arange(len(trials)),
    np.minimum.accumulate(losses),
    where="post",
    color="#e07b39",
    label="best so far",
)
left.set(
    xlabel="trial", ylabel="log-loss on the validation part", yscale="log", title="History"
)
left.legend()
for trial in trials:
    colour = "#8a8f98" if pruned[trial.number] else "#3f82c9"
    right.plot(
        *zip(*sorted(trial.intermediate_values.items()), strict=True), color=colour, lw=1
    )
best = sorted(model.study_.best_trial.intermediate_values.items())
right.plot(*zip(*best, strict=True), color="#e07b39", label="best trial")
right.plot([], [], color="#3f82c9", lw=1, label="other completed trials")
right.plot([], [], color="#8a8f98", lw=1, label="pruned trials")
right.set(xlabel="epoch", title="Learning curves")
right.legend()
