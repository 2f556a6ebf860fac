"""Any picture, safely, to grey and to ink: 0 is paper, 1 is ink.

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

from ensemble_hwr.images._ink import Polarity, to_ink
from ensemble_hwr.images._open import FORMATS, Picture, describe, open_picture
from ensemble_hwr.images._sequence import as_pictures

__all__ = ["FORMATS", "Picture", "Polarity", "as_pictures", "describe", "open_picture", "to_ink"]
