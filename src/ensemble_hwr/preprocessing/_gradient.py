"""How strongly strokes' edges run in each direction, in each part of the picture."""

import math
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr.preprocessing._coordinates import ASPECTS, Edges, default_box, moment_edges
from ensemble_hwr.preprocessing._shape import picture_shape

Rows = NDArray[np.float32]

_BLOCK_BYTES = 1 << 20  # directional maps worked on at a time, to stay in the cache


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
            other rows.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, reset=False)
        height, width = self.image_shape_
        features = np.empty((len(X), self.directions * self.grid**2), dtype=np.float32)
        block = max(1, _BLOCK_BYTES // (4 * self.directions * height * width))
        for start in range(0, len(X), block):
            pictures = X[start : start + block].reshape(-1, height, width)
            maps = _directional_maps(*_sobel(pictures), self.directions)
            features[start : start + block] = _sample(maps, *self._weights(pictures))
        return _raise_to(features, self.power)

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

    def multiply_adds_per_row(self) -> float:
        """Arithmetic spent on one row, in multiply-adds.

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
        >>> GradientFeatures().fit(np.zeros((1, 784))).multiply_adds_per_row()
        74088.0
        """
        check_is_fitted(self)
        height, width = self.image_shape_
        pixels = height * width
        maps = self.directions
        sampling = maps * self.grid * (pixels + self.grid * width)
        normalising = 0 if self.aspect is None else 2 * pixels + 16 * self.grid * (height + width + 2)
        return float(8 * pixels + 2 * maps * pixels + sampling + maps * self.grid**2 + normalising)

    def _weights(self, pictures: Rows) -> tuple[Rows, Rows]:
        """Weights with which the pixels of each picture's sides are sampled."""
        if self.aspect is None:
            height, width = self.image_shape_
            return _sampling_weights(height, self.grid, self.sigma), _sampling_weights(width, self.grid, self.sigma)
        box = default_box(self.image_shape_) if self.box is None else self.box
        down, across = moment_edges(pictures, self.aspect, box)
        return _moved_weights(down, self.grid, self.sigma), _moved_weights(across, self.grid, self.sigma)

    def _shape_of(self, n_features: int) -> tuple[int, int]:
        return picture_shape(n_features, self.image_shape)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _sobel(pictures: Rows) -> tuple[Rows, Rows]:
    """Gradient of pictures (n, height, width) to the right and downwards; the frame repeats outwards."""
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1)), mode="edge")
    down = padded[:, :-2] + padded[:, 2:]
    down += 2 * padded[:, 1:-1]
    right = down[:, :, 2:] - down[:, :, :-2]
    across = padded[:, :, :-2] + padded[:, :, 2:]
    across += 2 * padded[:, :, 1:-1]
    return right, across[:, 2:] - across[:, :-2]


def _directional_maps(right: Rows, down: Rows, directions: int) -> Rows:
    """Share each gradient between its two nearest directions; (n, height, directions, width).

    With unit vectors u one step apart, the part of g along u[d] is cross(g, u[d + 1]) on one side of u[d] and
    cross(u[d - 1], g) on the other, over the sine of the step. The smaller of the two is the right one on
    both sides, and is negative where u[d] takes no part; its opposite direction has the signs reversed.
    """
    half = directions // 2
    step = 2 * math.pi / directions
    crosses = [
        np.float32(math.cos(d * step) / math.sin(step)) * down - np.float32(math.sin(d * step) / math.sin(step)) * right
        for d in range(half)
    ]
    maps = np.empty((len(right), right.shape[1], directions, right.shape[2]), dtype=np.float32)
    for d in range(half):
        before = crosses[d - 1] if d else -crosses[half - 1]
        after = -crosses[d + 1] if d + 1 < half else crosses[0]
        maps[:, :, d] = np.minimum(before, after)
        maps[:, :, d + half] = -np.maximum(before, after)
    return np.maximum(maps, np.float32(0), out=maps)


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


def _sample(maps: Rows, down: Rows, across: Rows) -> Rows:
    """Sample maps (n, height, directions, width) on the grid, each row by products of its own."""
    n, height, directions, width = maps.shape
    grid = down.shape[-2]
    rows = np.matmul(down, maps.reshape(n, height, directions * width))
    cells: Rows = np.matmul(rows.reshape(n, grid * directions, width), across.swapaxes(-1, -2))
    return cells.reshape(n, grid, directions, grid).transpose(0, 2, 1, 3).reshape(n, -1)


def _raise_to(features: Rows, power: float) -> Rows:
    if power == 0.5:
        return np.sqrt(features, out=features)
    return features if power == 1 else np.power(features, np.float32(power), out=features)
