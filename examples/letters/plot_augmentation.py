"""
Variations of training letters
==============================

:class:`~ensemble_hwr.Augmenter` makes random variations of letters, as other writers, pens and cameras would have
made them. :class:`~ensemble_hwr.AugmentedMLPClassifier` trains on fresh variations in every epoch.
"""

import matplotlib.pyplot as plt
import numpy as np

from ensemble_hwr import Augmenter, generate_letters

letters = generate_letters(6, letters="AGKMRS", writers=6, random_state=1)
rows = letters.to_rows()

# %%
# The first column shows the original.

augmenter = Augmenter()
columns = [rows] + [augmenter.augment(rows, random_state=seed) for seed in range(13)]
sheet = (
    np.stack(columns).reshape(14, 6, 28, 28).transpose(1, 2, 0, 3).reshape(6 * 28, 14 * 28)
)

figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
axes.imshow(sheet, cmap="gray_r", vmin=0, vmax=1)
axes.axvline(27.5, color="#e07b39")
axes.set_title("Six letters and 13 variations of each")
axes.set_axis_off()

# %%
# Each kind of variation has a parameter; 0 disables it. Here they are exaggerated, one per picture.

off = dict.fromkeys(["rotation", "slant", "stretch", "scale", "shift", "elastic"], 0.0)
off |= dict.fromkeys(["erasure", "occlusion", "cut_off", "pixelation", "photo"], 0.0) | {
    "stroke_width": (0, 0)
}
kinds = {
    "rotation": 25,
    "slant": 30,
    "elastic": 0.08,
    "stroke_width": (0.05, 0.06),
    "erasure": 1,
    "occlusion": 1,
    "pixelation": 1,
    "photo": 1,
}
figure, panels = plt.subplots(1, 8, figsize=(9, 1.4), layout="constrained")
for axes, (name, value) in zip(panels, kinds.items(), strict=True):
    varied = Augmenter(**(off | {name: value})).augment(rows[4:5], random_state=4)
    axes.imshow(varied.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
    axes.set_title(name.replace("_", " "), fontsize="small")
    axes.set_axis_off()
