"""Gradient features: histograms of the directions of edges, per part of the picture."""

from __future__ import annotations

import math
from functools import lru_cache
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr._sklearn import Interval, StrOptions, _fit_context
from ensemble_hwr._typing import Pictures, Rows
from ensemble_hwr.preprocessing._picture_transformer import Scratch, check_ink, picture_shape
from ensemble_hwr.preprocessing._size_normalizer import ASPECTS, Edges, default_box, moment_edges

_BLOCK_BYTES = 3 << 19  # size of a block of directional maps that stays in the processor's cache

# of the polynomial in t = 1 / (1 + 0.3 x) for the upper tail of the normal distribution, from the highest power on
_TAIL_SCALE = np.float32(0.3)
_TAIL_COEFFICIENTS = np.array(
    [-0.20094098, 1.03026928, -1.95797225, 1.55294556, -0.57166129, 0.60183646, 0.97397484, -2.1215988],
    dtype=np.float32,
)


_ROOT = math.sqrt(2)
_EIGHT_FACTORS = np.array([1, _ROOT, 1, -_ROOT, -1, -_ROOT, -1, _ROOT], dtype=np.float32)


class GradientFeatures(TransformerMixin, BaseEstimator):
    """Compute gradient direction features: maps of the gradient per direction, sampled on a grid.

    The Sobel gradient of each pixel is decomposed into the two nearest of `directions` directions by the parallelogram
    rule, which gives one map per direction. Each map is sampled with Gaussian weights on a `grid` x `grid` lattice, and
    a power below 1 makes the distribution of the values less skewed [1]_.

    With `aspect`, the features are normalization-cooperated [2]_: the gradient is that of the original letter, and each
    pixel contributes at the position and with the area that `SizeNormalizer` would give it. Edges are not blurred by
    resampling, and the cost is about the same.

    Parameters
    ----------
    directions : int, default=8
        Number of directions, even and at least 4. Direction d is at 360 * d / directions degrees, with x to the right
        and y downwards.
    grid : int, default=7
        Samples along each side, at least 1.
    sigma : float, default=None
        Standard deviation of the Gaussian weights in pixels, on both axes, above 0. None means sqrt(2) / pi of the
        distance between samples, which fits the bandwidth of the lattice [1]_.
    power : float, default=0.5
        Exponent of the last step, in (0, 1].
    aspect : {"keep", "root", "cube root", "root sine", "fill"}, default=None
        Aspect function of the cooperating size normalization, as in `SizeNormalizer`. None means no normalization.
    box : float, default=None
        Length of the longer side of a letter in this normalization in pixels, as in `SizeNormalizer`.
    image_shape : tuple of int, default=None
        ``(height, width)`` of the pictures in the rows. None means that they are square.

    Attributes
    ----------
    n_features_in_ : int
        Pixels in a row.
    image_shape_ : tuple of int
        Height and width of the pictures.
    box_ : float
        Length of the longer side of a letter in the size normalization in pixels.

    See Also
    --------
    LetterNormalizer : Normalizes pictures of letters to rows.
    Deskewer : Removes the slant of the letters.
    SizeNormalizer : The cooperating size normalization.

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
    >>> strength = features.reshape(8, 49).sum(axis=1)  # the gradient of its edges is to the right and to the left
    >>> sorted(np.argsort(strength)[-2:].tolist())
    [0, 4]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
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

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Validate the parameters and set the shape of the pictures.

        Parameters
        ----------
        X : array-like of shape (n, height * width)
            Rows of ink.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is invalid, or the rows do not have the pixels of `image_shape`, or of a square.
        """
        if self.directions % 2:
            raise ValueError(f"directions={self.directions} must be even, so that each direction has an opposite one")
        X = validate_data(self, X, dtype=np.float32)
        check_ink(X)
        self.image_shape_ = self._shape_of(X.shape[1])
        return self

    def transform(self, X: Any) -> Rows:
        """Compute the features of rows of ink.

        Parameters
        ----------
        X : array-like of shape (n, height * width)

        Returns
        -------
        ndarray of float32, shape (n, directions * grid * grid)
            Ordered by direction, then by row and by column of the grid. The features of a row do not depend on the
            other rows, except for rounding.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, reset=False)
        check_ink(X)
        return self._transform_checked(X)

    def _check_ink(self, X: Rows) -> None:
        """Warn about rows of pixels that are probably not ink."""
        check_ink(X)

    def _transform_checked(self, X: Rows) -> Rows:
        """Compute the features of rows that have been validated: finite, of float32 and of the right length."""
        height, width = self.image_shape_
        features = np.empty((len(X), self.directions, self.grid, self.grid), dtype=np.float32)
        block = max(1, _BLOCK_BYTES // (4 * self.directions * height * width))
        factors = _EIGHT_FACTORS if self.directions == 8 else np.ones(self.directions, dtype=np.float32)
        sample = self._sampled_alike if self.aspect is None else self._sampled_each
        scratch = Scratch.of_thread() if block > 1 else Scratch()  # memory for large pictures is not kept
        for start in range(0, len(X), block):
            cells = sample(X[start : start + block], scratch)
            np.multiply(cells, factors[:, None, None], out=features[start : start + block])
        return _raise_to(features.reshape(len(X), -1), self.power)

    def _sampled_alike(self, X: Rows, scratch: Scratch) -> Pictures:
        """Sample the maps of a block of rows with the same weights for all: pictures on the last axis, two products."""
        (height, width), n, parts = self.image_shape_, len(X), self.directions
        framed = scratch.array("framed", (height + 2, width + 2, n))
        _fill_frame(framed, X.T.reshape(height, width, n))
        right, down = _sobel(framed.ravel(), (width + 2) * n, n, scratch)
        size = height * (width + 2) * n
        maps = _directional_maps(right[:size], down[:size], self.directions, scratch).reshape(parts, height, -1)
        down_weights, across_weights = self._weights(height), self._weights(width)
        rows = scratch.array("rows", (parts, len(down_weights), (width + 2) * n))
        np.matmul(down_weights, maps, out=rows)
        rows = rows.reshape(parts, -1, width + 2, n)[:, : self.grid, :width]
        cells = scratch.array("cells", (parts, self.grid, len(across_weights), n))
        np.matmul(across_weights, rows, out=cells)
        return cells[:, :, : self.grid].transpose(3, 0, 1, 2)

    def _sampled_each(self, X: Rows, scratch: Scratch) -> Pictures:
        """Sample the maps of a block of rows with weights per row: pictures on the first axis, two products per row."""
        (height, width), n, parts = self.image_shape_, len(X), self.directions
        pictures = X.reshape(n, height, width)
        framed = scratch.array("framed", (n, height + 2, width + 2))
        _fill_frame(framed.transpose(1, 2, 0), pictures.transpose(1, 2, 0))
        step = width + 2
        maps = _directional_maps(*_sobel(framed.ravel(), step, 1, scratch), self.directions, scratch)
        of_rows = scratch.array("maps of rows", (n, parts, height * step))
        of_rows[:] = maps.reshape(parts, n, -1)[:, :, : height * step].swapaxes(0, 1)
        edges = moment_edges(pictures, self.aspect or "keep", self.box_)
        down_weights, across_weights = (self._moved_weights(of_side) for of_side in edges)
        columns = scratch.array("columns", (n, self.grid, parts * height))
        np.matmul(across_weights, of_rows.reshape(n, -1, step)[:, :, :width].swapaxes(1, 2), out=columns)
        cells = scratch.array("cells", (n, self.grid * parts, self.grid))
        np.matmul(columns.reshape(n, -1, height), down_weights.swapaxes(1, 2), out=cells)
        return cells.reshape(n, self.grid, parts, self.grid).transpose(0, 2, 3, 1)

    @property
    def box_(self) -> float:
        """Length of the longer side of a letter in the size normalization in pixels."""
        return default_box(self.image_shape_) if self.box is None else self.box

    def sample_positions(self, length: int) -> tuple[NDArray[np.float64], float]:
        """Return the positions of the samples along a side, and the standard deviation of their weights.

        Parameters
        ----------
        length : int
            Pixels of the side.

        Returns
        -------
        positions : ndarray of float64, shape (grid,)
            In pixels from the start of the side.
        sigma : float
            In pixels.

        Examples
        --------
        >>> from ensemble_hwr.preprocessing import GradientFeatures
        >>> GradientFeatures(grid=2, sigma=1.5).sample_positions(28)
        (array([ 7., 21.]), 1.5)
        """
        spacing = length / self.grid
        sigma = math.sqrt(2) / math.pi * spacing if self.sigma is None else self.sigma
        return (np.arange(self.grid, dtype=np.float64) + 0.5) * spacing, sigma

    def sampling_weights(self, length: int) -> Rows:
        """Return the Gaussian weights of the pixels of a side, per sample.

        Parameters
        ----------
        length : int
            Pixels of the side.

        Returns
        -------
        ndarray of float32, shape (grid, length)
            Rows sum to 1.

        Examples
        --------
        >>> from ensemble_hwr.preprocessing import GradientFeatures
        >>> weights = GradientFeatures(grid=2).sampling_weights(28)
        >>> weights.shape, weights.sum(axis=1).round(3).tolist()
        ((2, 28), [1.0, 1.0])
        """
        return self._weights(length)[: self.grid].copy()

    def _weights(self, length: int) -> Rows:
        """Return `sampling_weights` and rows of zeros up to a multiple of four; they must not be changed."""
        positions, sigma = self.sample_positions(length)
        return _gaussian_weights(length, tuple(positions.tolist()), sigma)

    def _moved_weights(self, edges: Edges) -> Rows:
        """Return the share of each sample's Gaussian that each moved pixel covers, (n, grid, length)."""
        positions, sigma = self.sample_positions(edges.shape[1] - 1)
        below = _normal_cdf((edges[:, None] - positions[:, None].astype(np.float32)) / np.float32(sigma))
        weights: Rows = below[:, :, 1:] - below[:, :, :-1]
        return weights

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the features.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
            ``gradient_<direction>_<row>_<column>``, with row and column of the grid.
        """
        check_is_fitted(self)
        cells = range(self.grid)
        names = [f"gradient_{d}_{y}_{x}" for d in range(self.directions) for y in cells for x in cells]
        return np.asarray(names, dtype=object)

    def macs_per_row(self) -> float:
        """Return the number of multiply-accumulates (MACs) per row.

        The Sobel gradient takes 8 per pixel, the decomposition into directions 2 per pixel and direction, the sampling
        one per weight and pixel of its two matrix products, and the power one per feature. Normalization takes 2 more
        per pixel, and 16 per value of a normal distribution.

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
        """Return height and width of the pictures in rows of `n_features` pixels."""
        return picture_shape(n_features, self.image_shape)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


@lru_cache(maxsize=64)
def _gaussian_weights(length: int, positions: tuple[float, ...], sigma: float) -> Rows:
    """Return the weights of the pixels of a side, one row per sample, and rows of zeros up to a multiple of four."""
    distance = (np.arange(length) + 0.5 - np.array(positions)[:, None]) / sigma
    # relative to the nearest pixel, so that a narrow Gaussian between two pixels does not vanish
    nearest = (distance**2).min(axis=1, keepdims=True)
    weights = np.exp(-0.5 * (distance**2 - nearest))
    normalized = np.zeros((-(-len(positions) // 4) * 4, length), dtype=np.float32)  # products of four rows are faster
    normalized[: len(positions)] = weights / weights.sum(axis=1, keepdims=True)
    normalized.flags.writeable = False
    return normalized


def _normal_cdf(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the normal distribution function of values, to four units of the last place of float32.

    The upper tail is ``t exp(p(t) - x ** 2 / 2)`` with ``t = 1 / (1 + 0.3 x)`` and a polynomial p that minimizes the
    greatest error: passes over the array, which take a quarter of the time of SciPy's branches for each value.
    """
    size = np.abs(values)
    part = size * _TAIL_SCALE
    part += np.float32(1)
    np.reciprocal(part, out=part)
    exponent = np.full_like(part, _TAIL_COEFFICIENTS[0])
    for coefficient in _TAIL_COEFFICIENTS[1:]:
        exponent *= part
        exponent += coefficient
    size *= size
    size *= np.float32(0.5)
    exponent -= size
    tail = np.exp(exponent, out=exponent)
    tail *= part
    np.subtract(values > 0, tail, out=tail)  # faster than a choice for each value
    return np.abs(tail, out=tail)


def _fill_frame(framed: Rows, pictures: Rows) -> None:
    """Write pictures (height, width, n) into frames that are one pixel wider on each side, and repeat their edges."""
    framed[1:-1, 1:-1] = pictures
    framed[0], framed[-1] = framed[1], framed[-2]
    framed[:, 0], framed[:, -1] = framed[:, 1], framed[:, -2]


def _sobel(framed: Rows, below: int, to_side: int, scratch: Scratch) -> tuple[Rows, Rows]:
    """Return the gradient to the right and downwards of framed pictures, as flat arrays of their size.

    All sums are over contiguous memory. Element i is the gradient of the pixel whose upper left neighbour is element i
    of the frames; `below` and `to_side` are the distances of neighbours. The last elements belong to no pixel.
    """
    size = len(framed)
    twice = np.add(framed, framed, out=scratch.array("twice", (size,)))
    down = np.add(framed[: -2 * below], framed[2 * below :], out=scratch.array("smooth down", (size - 2 * below,)))
    down += twice[below:-below]
    across = np.add(framed[: -2 * to_side], framed[2 * to_side :], out=scratch.array("smooth", (size - 2 * to_side,)))
    across += twice[to_side:-to_side]
    gradient = scratch.array("gradient", (2, size))
    used = size - 2 * below - 2 * to_side
    gradient[:, used:] = 0
    np.subtract(down[2 * to_side :], down[: -2 * to_side], out=gradient[0, :used])
    np.subtract(across[2 * below :], across[: -2 * below], out=gradient[1, :used])
    return gradient[0], gradient[1]


def _directional_maps(right: Rows, down: Rows, directions: int, scratch: Scratch) -> Rows:
    """Decompose flat gradients into their two nearest directions, on a new first axis; 8 directions lack a factor.

    With unit vectors u one step apart, the component of g along u[d] is cross(g, u[d + 1]) on one side of u[d] and
    cross(u[d - 1], g) on the other, over the sine of the step. The smaller of the two is right on both sides, and
    negative where u[d] is not one of the two directions. The opposite direction has the signs reversed.
    """
    half = directions // 2
    step = 2 * math.pi / directions
    maps: Rows = scratch.array("maps", (directions, len(right)))
    zero = scratch.array("zero", (len(right),))  # NumPy compares with an array faster than with a number
    zero.fill(0)
    if directions == 8:
        _fill_eight_maps(right, down, maps, zero, scratch)
        return maps
    positive = scratch.array("positive", (directions, len(right)))
    for d in range(half):
        own, opposite = positive[d], positive[d + half]  # positive parts of cross(u[d], g) and of its negative
        sine, cosine = (np.float32(part / math.sin(step)) for part in (math.sin(d * step), math.cos(d * step)))
        np.subtract(_scaled(right, sine, own), _scaled(down, cosine, opposite), out=own)
        np.maximum(own, zero, out=opposite)
        np.subtract(opposite, own, out=own)
    for d, out in enumerate(maps):
        np.minimum(positive[d - 1], positive[(d + 1 + half) % directions], out=out)
    return maps


def _fill_eight_maps(right: Rows, down: Rows, maps: Rows, zero: Rows, scratch: Scratch) -> None:
    """Decompose gradients into 8 directions with fewer passes; the maps are divided by `_EIGHT_FACTORS`.

    Along an axis the component is the excess of one coordinate over the other, along a diagonal the smaller of both.
    """
    wide, high = scratch.array("positive", (2, len(right)))
    np.abs(right, out=wide)
    np.abs(down, out=high)
    for along, aside, first in ((right, high, 0), (down, wide, 2)):
        np.subtract(along, aside, out=maps[first])
        np.add(along, aside, out=maps[first + 4])
    up = np.negative(down, out=high)
    for vertical, first, opposite in ((down, 1, 5), (up, 7, 3)):
        np.minimum(right, vertical, out=maps[first])
        np.maximum(right, vertical, out=maps[opposite])
    for of_direction, factor in zip(maps, _EIGHT_FACTORS, strict=True):
        (np.maximum if factor > 0 else np.minimum)(of_direction, zero, out=of_direction)


def _scaled(values: Rows, factor: np.float32, out: Rows) -> Rows:
    """Return values times a factor: the values themselves if it is 1."""
    return values if factor == 1 else np.multiply(values, factor, out=out)


def _raise_to(features: Rows, power: float) -> Rows:
    """Raise features to a power, in place."""
    if power == 0.5:
        return np.sqrt(features, out=features)
    return features if power == 1 else np.power(features, np.float32(power), out=features)
