"""How strongly strokes' edges run in each direction, in each part of the picture."""

import math
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr._sklearn import Interval, StrOptions
from ensemble_hwr._typing import Rows
from ensemble_hwr.preprocessing._coordinates import ASPECTS, Edges, default_box, moment_edges
from ensemble_hwr.preprocessing._shape import picture_shape

_BLOCK_BYTES = 3 << 19  # directional maps worked on at a time, to stay in the cache


class GradientFeatures(TransformerMixin, BaseEstimator):
    """Directional gradient maps of ink, sampled on a grid.

    The Sobel gradient of each pixel is divided between the two nearest of `directions` directions by the
    parallelogram rule, which makes as many maps; each is sampled with Gaussian weights on a `grid` x `grid`
    lattice, and a power below 1 brings the skewed values nearer to a normal distribution [1]_.

    With `aspect`, the features are normalisation-cooperated [2]_: the gradient is that of the letter as it came, and
    each pixel counts where, and over as much of the lattice as, `SizeNormalizer` would have put it. So no edge is
    blurred or stepped by resampling, and there is hardly more to compute.

    Parameters
    ----------
    directions : int, default=8
        Even, at least 4; direction d points at 360 * d / directions degrees, with x to the right and y down.
    grid : int, default=7
        Samples along each side.
    sigma : float, default=None
        Standard deviation of the Gaussian weights in pixels, on both axes. None takes sqrt(2) / pi of the
        distance between samples, which keeps what the lattice can show [1]_.
    power : float, default=0.5
        Exponent of the last step, in (0, 1].
    aspect : {"keep", "root", "cube root", "root sine", "fill"}, default=None
        The aspect function of the size normalisation to cooperate with, as in `SizeNormalizer`; None takes letters
        in the size and place they have.
    box : float, default=None
        What the longer side of a letter gets in that normalisation, in pixels; as in `SizeNormalizer`.
    image_shape : tuple of int, default=None
        ``(height, width)`` of the pictures in the rows. None: they are square.

    Attributes
    ----------
    n_features_in_ : int
        Pixels in a row.
    image_shape_ : tuple of int
        Height and width of the pictures.

    See Also
    --------
    LetterNormalizer : Makes the rows.
    Deskewer : Sets the letters upright before.
    SizeNormalizer : The normalisation to cooperate with.

    References
    ----------
    .. [1] C.-L. Liu, K. Nakashima, H. Sako, H. Fujisawa, "Handwritten digit recognition: benchmarking of
       state-of-the-art techniques", Pattern Recognition 36 (2003) 2271-2285.
    .. [2] C.-L. Liu, "Normalization-cooperated gradient feature extraction for handwritten character recognition",
       IEEE Transactions on Pattern Analysis and Machine Intelligence 29 (2007) 1465-1469.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.preprocessing import GradientFeatures
    >>> rows = np.zeros((1, 784), dtype=np.float32)
    >>> rows[0, 28 * 4 + 14 : 28 * 24 + 14 : 28] = 1.0  # a vertical stroke
    >>> features = GradientFeatures().fit_transform(rows)
    >>> features.shape
    (1, 392)
    >>> strength = features.reshape(8, 49).sum(axis=1)  # its edges point to the right and to the left
    >>> sorted(np.argsort(strength)[-2:].tolist())
    [0, 4]
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "directions": [Interval(Integral, 4, None, closed="left")],
        "grid": [Interval(Integral, 1, None, closed="left")],
        "sigma": [Interval(Real, 0, None, closed="neither"), None],
        "power": [Interval(Real, 0, 1, closed="right")],
        "aspect": [StrOptions(set(ASPECTS)), None],
        "box": [Interval(Real, 0, None, closed="neither"), None],
        "image_shape": [tuple, list, None],
    }

    def __init__(
        self,
        directions: int = 8,
        grid: int = 7,
        *,
        sigma: float | None = None,
        power: float = 0.5,
        aspect: str | None = None,
        box: float | None = None,
        image_shape: tuple[int, int] | None = None,
    ) -> None:
        self.directions = directions
        self.grid = grid
        self.sigma = sigma
        self.power = power
        self.aspect = aspect
        self.box = box
        self.image_shape = image_shape

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the settings and learn the shape of the pictures.

        Parameters
        ----------
        X : array-like of shape (n, height * width)
            Rows of ink.
        y : ignored

        Returns
        -------
        GradientFeatures

        Raises
        ------
        ValueError
            If the rows do not have the pixels of `image_shape`, or of a square.
        """
        self._validate_params()
        if self.directions % 2:
            raise ValueError(f"directions={self.directions} must be even: every direction has an opposite one")
        X = validate_data(self, X, dtype=np.float32)
        self.image_shape_ = self._shape_of(X.shape[1])
        return self

    def transform(self, X: Any) -> Rows:
        """Describe rows of ink by their gradients.

        Parameters
        ----------
        X : array-like of shape (n, height * width)

        Returns
        -------
        ndarray of float32, shape (n, directions * grid * grid)
            Ordered by direction, then down the grid, then across. A row's features do not depend on the
            other rows, save for rounding.
        """
        check_is_fitted(self)
        return self._transform_checked(validate_data(self, X, dtype=np.float32, reset=False))

    def _transform_checked(self, X: Rows) -> Rows:
        """Describe rows that are known to be finite, of float32 and of the right length."""
        height, width = self.image_shape_
        features = np.empty((len(X), self.directions * self.grid**2), dtype=np.float32)
        block = max(1, _BLOCK_BYTES // (4 * self.directions * height * width))
        describe = self._sampled_alike if self.aspect is None else self._sampled_each
        # asked of the system once, not for each block: fresh memory costs as much as all the arithmetic in it
        scratch = np.empty((2, min(block, len(X)) * self.directions * height * width), dtype=np.float32)
        for start in range(0, len(X), block):
            features[start : start + block] = describe(X[start : start + block], scratch)
        return _raise_to(features, self.power)

    def _sampled_alike(self, X: Rows, scratch: Rows) -> Rows:
        """Sample the maps of a block of rows, all with the same weights: letters last, products over all at once."""
        height, width = self.image_shape_
        maps = _directional_maps(*_sobel(X.T.reshape(height, width, -1)), self.directions, scratch)
        down = _sampling_weights(height, self.grid, self.sigma)
        across = _sampling_weights(width, self.grid, self.sigma)
        rows = np.matmul(down, maps.reshape(self.directions, height, -1))
        cells: Rows = np.matmul(across, rows.reshape(self.directions, self.grid, width, -1))
        return cells.reshape(-1, len(X)).T

    def _sampled_each(self, X: Rows, scratch: Rows) -> Rows:
        """Sample the maps of a block of rows, each with weights of its own: letters first, products for each."""
        height, width = self.image_shape_
        gradient = _sobel(X.T.reshape(height, width, -1))
        right, downwards = (np.ascontiguousarray(part.transpose(2, 0, 1)) for part in gradient)
        maps = _directional_maps(right, downwards, self.directions, scratch, axis=1)
        box = default_box(self.image_shape_) if self.box is None else self.box
        edges = moment_edges(X.reshape(-1, height, width), self.aspect or "keep", box)
        down, across = (_moved_weights(of_side, self.grid, self.sigma) for of_side in edges)
        columns = np.matmul(maps.reshape(len(X), -1, width), across.transpose(0, 2, 1))
        cells: Rows = np.matmul(down[:, None], columns.reshape(len(X), self.directions, height, self.grid))
        return cells.reshape(len(X), -1)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Name the features.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
            ``gradient_<direction>_<row>_<column>``, the row and column being those of the grid.
        """
        check_is_fitted(self)
        cells = range(self.grid)
        names = [f"gradient_{d}_{y}_{x}" for d in range(self.directions) for y in cells for x in cells]
        return np.asarray(names, dtype=object)

    def macs_per_row(self) -> float:
        """Arithmetic spent on one row, in MACs.

        Sobel takes 8 for each pixel, the division between directions 2 for each pixel and direction, the
        sampling one for each weight and pixel of its two matrix products, and the power one for each feature.
        Normalisation takes 2 more for each pixel, and 16 for each value of a normal distribution.

        Returns
        -------
        float

        Examples
        --------
        >>> import numpy as np
        >>> from ensemble_hwr.preprocessing import GradientFeatures
        >>> GradientFeatures().fit(np.zeros((1, 784))).macs_per_row()
        74088.0
        """
        check_is_fitted(self)
        height, width = self.image_shape_
        pixels = height * width
        maps = self.directions
        sampling = maps * self.grid * (pixels + self.grid * width)
        normalising = 0 if self.aspect is None else 2 * pixels + 16 * self.grid * (height + width + 2)
        return float(8 * pixels + 2 * maps * pixels + sampling + maps * self.grid**2 + normalising)

    def _shape_of(self, n_features: int) -> tuple[int, int]:
        return picture_shape(n_features, self.image_shape)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _sobel(pictures: Rows) -> tuple[Rows, Rows]:
    """Gradient of pictures (height, width, n) to the right and downwards; the frame repeats outwards.

    With the letters last, neighbours are whole runs of numbers apart, and sums of them are quick.
    """
    height, width, n = pictures.shape
    framed = np.empty((height + 2, width + 2, n), dtype=np.float32)
    framed[1:-1, 1:-1] = pictures
    framed[0], framed[-1] = framed[1], framed[-2]
    framed[:, 0], framed[:, -1] = framed[:, 1], framed[:, -2]
    twice = 2 * framed
    down = framed[:-2] + framed[2:]
    down += twice[1:-1]
    across = framed[:, :-2] + framed[:, 2:]
    across += twice[:, 1:-1]
    return down[:, 2:] - down[:, :-2], across[2:] - across[:-2]


def _directional_maps(right: Rows, down: Rows, directions: int, scratch: Rows, axis: int = 0) -> Rows:
    """Share each gradient between its two nearest directions, which get an axis of their own; `scratch` holds them.

    With unit vectors u one step apart, the part of g along u[d] is cross(g, u[d + 1]) on one side of u[d] and
    cross(u[d - 1], g) on the other, over the sine of the step. The smaller of the two is the right one on
    both sides, and is negative where u[d] takes no part; its opposite direction has the signs reversed.
    """
    half = directions // 2
    step = 2 * math.pi / directions
    positive = scratch[0, : directions * right.size].reshape(directions, *right.shape)
    maps: Rows = scratch[1, : directions * right.size].reshape(*right.shape[:axis], directions, *right.shape[axis:])
    for d in range(half):
        own, opposite = positive[d], positive[d + half]  # positive parts of cross(u[d], g), and of its opposite
        np.multiply(right, np.float32(math.sin(d * step) / math.sin(step)), out=own)
        np.multiply(down, np.float32(math.cos(d * step) / math.sin(step)), out=opposite)
        own -= opposite
        np.maximum(own, np.float32(0), out=opposite)
        np.subtract(opposite, own, out=own)
    for d, out in enumerate(np.moveaxis(maps, axis, 0)):
        np.minimum(positive[d - 1], positive[(d + 1 + half) % directions], out=out)
    return maps


def _sampling_weights(length: int, grid: int, sigma: float | None) -> Rows:
    """Gaussian weights of the pixels of a side for each sample; (grid, length), rows sum to 1."""
    centres, spread = _lattice(length, grid, sigma)
    distance = (np.arange(length) + 0.5 - centres[:, None]) / spread
    # measured from the nearest pixel, so that a narrow Gaussian between two pixels does not vanish
    nearest = (distance**2).min(axis=1, keepdims=True)
    weights = np.exp(-0.5 * (distance**2 - nearest))
    normalised: Rows = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


def _moved_weights(edges: Edges, grid: int, sigma: float | None) -> Rows:
    """Share of each sample's Gaussian that each moved pixel covers; (n, grid, length)."""
    centres, spread = _lattice(edges.shape[1] - 1, grid, sigma)
    below = ndtr((edges[:, None] - centres[:, None].astype(np.float32)) / np.float32(spread))
    weights: Rows = np.diff(below, axis=2)
    return weights


def _lattice(length: int, grid: int, sigma: float | None) -> tuple[NDArray[np.float64], float]:
    """Where the samples of a side are, and the standard deviation of their weights."""
    spacing = length / grid
    return (np.arange(grid, dtype=np.float64) + 0.5) * spacing, math.sqrt(
        2
    ) / math.pi * spacing if sigma is None else sigma


def _raise_to(features: Rows, power: float) -> Rows:
    if power == 0.5:
        return np.sqrt(features, out=features)
    return features if power == 1 else np.power(features, np.float32(power), out=features)
