"""Open pictures of handwriting safely, as 8-bit grey or as ink (0 is paper, 1 is ink).

Examples
--------
>>> import numpy as np
>>> from ensemble_hwr.images import open_picture, to_ink
>>> page = np.full((20, 20), 200, dtype=np.uint8)
>>> page[5:15, 9:11] = 30
>>> open_picture(page).shape
(20, 20)
>>> ink = to_ink(page)
>>> float(ink[0, 0]), float(ink[10, 10])
(0.0, 1.0)
"""

from ensemble_hwr.images._ink import MAX_SIDE as MAX_SIDE
from ensemble_hwr.images._ink import Polarity as Polarity
from ensemble_hwr.images._ink import flat_inks as flat_inks
from ensemble_hwr.images._ink import flat_inks_by_size as flat_inks_by_size
from ensemble_hwr.images._ink import to_ink
from ensemble_hwr.images._noise import contrast_to_grain as contrast_to_grain
from ensemble_hwr.images._open import open_picture
from ensemble_hwr.images.pages import open_pages as open_pages
from ensemble_hwr.images.sources import Picture as Picture

__all__ = ["open_picture", "to_ink"]
