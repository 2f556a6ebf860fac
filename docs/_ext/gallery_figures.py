"""The style of figures in the gallery, and their dark variants.

Scripts draw with matplotlib's defaults and the colour maps ``gray_r`` (ink) and ``Blues`` (amounts). Each figure is
saved twice: as drawn, and with the page's dark colours in place of the light ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.artist import Artist
from matplotlib.collections import Collection
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from PIL import Image

THUMBNAIL = (400, 280)
WIDEST = 2.5  # width over height of a figure that is shown whole in its thumbnail
INK, PAPER, FAINT = "#24292f", "#ffffff", "#d0d7df"
DARK = {INK: "#d5dae1", PAPER: "#14181e", FAINT: "#3b434d", "#000000": "#d5dae1", "#666666": "#9aa3ad"}
DARK |= {"#c2410c": "#f0814f", "#1764ab": "#5aa5ee", "#0b7a5e": "#35b894", "#9a3d80": "#d478bb"}  # of displays
CYCLE = ["#3f82c9", "#e07b39", "#3a9d6e", "#9268cc", "#d1505c", "#8a8f98"]
DARK_MAPS = {
    "gray_r": LinearSegmentedColormap.from_list("dark_ink", [DARK[PAPER], DARK[INK]]),
    "Blues": LinearSegmentedColormap.from_list("dark_blues", [DARK[PAPER], "#1f4e79", "#5aa5ee", "#d6eaff"]),
}
STYLE = {
    "axes.edgecolor": FAINT,
    "axes.facecolor": PAPER,
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.prop_cycle": cycler(color=CYCLE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "figure.dpi": 160,
    "figure.facecolor": PAPER,
    "font.size": 10,
    "grid.color": FAINT,
    "image.interpolation": "nearest",
    "legend.edgecolor": FAINT,
    "legend.facecolor": PAPER,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "savefig.dpi": 160,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def set_style(gallery_conf: dict[str, Any], name: str) -> None:
    """Set the style; called before each script."""
    plt.close("all")
    matplotlib.rcdefaults()
    matplotlib.use("agg")
    plt.rcParams.update(STYLE)


def save_figures(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the open figures in a light and in a dark variant, and return the text that shows them."""
    shown = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        light = Path(next(block_vars["image_path_iterator"]))
        if light.stem.endswith("_001"):  # Sphinx-Gallery makes the thumbnail of an example of its first picture
            save_thumbnail(figure, light)
            light = Path(next(block_vars["image_path_iterator"]))
        dark = light.with_name(f"{light.stem}_dark.png")
        figure.savefig(light)
        darken(figure)
        figure.savefig(dark)
        relative = light.parent.relative_to(gallery_conf["src_dir"]).as_posix()
        shown += [
            image_directive(f"/{relative}/{path.name}", mode, alt_text(figure)) for path, mode in variants(light, dark)
        ]
    plt.close("all")
    return "\n\n".join(shown)


def save_thumbnail(figure: Figure, path: Path) -> None:
    """Save a figure without its titles; of a very wide one only the left part, in the proportions of a thumbnail."""
    titles = [*figure.texts, *([figure.axes[0].title] if len(figure.axes) == 1 else [])]
    titles += [figure._suptitle] if figure._suptitle is not None else []
    for title in titles:
        title.set_visible(False)
    figure.savefig(path)
    for title in titles:
        title.set_visible(True)
    with Image.open(path) as picture:
        width = round(picture.height * THUMBNAIL[0] / THUMBNAIL[1])
        if picture.width <= WIDEST * picture.height:
            width = picture.width
        cut = picture.crop((0, 0, width, picture.height))
    cut.save(path)


def variants(light: Path, dark: Path) -> Iterator[tuple[Path, str]]:
    """Yield files and the mode of the page in which each is shown."""
    yield light, "only-light"
    yield dark, "only-dark"


def image_directive(path: str, mode: str, alt: str) -> str:
    """Write one picture as reStructuredText."""
    return f".. image:: {path}\n   :alt: {alt}\n   :class: {mode} gallery-figure"


def alt_text(figure: Figure) -> str:
    """Join the titles of a figure."""
    above = figure.get_suptitle() if hasattr(figure, "get_suptitle") else ""
    titles = [above, *(axes.get_title() for axes in figure.axes)]
    return "; ".join(dict.fromkeys(title.replace("\n", " ") for title in titles if title)) or "Figure of this example"


def darken(figure: Figure) -> None:
    """Replace the light colours of all parts of a figure."""
    for artist in figure.findobj():
        darken_artist(artist)


def darken_artist(artist: Artist) -> None:
    """Replace the light colours of one part of a figure."""
    if isinstance(artist, Text):
        replace(artist, "color")
        if artist.get_bbox_patch() is not None:
            darken_artist(artist.get_bbox_patch())
    elif isinstance(artist, Line2D):
        for name in ("color", "markerfacecolor", "markeredgecolor"):
            replace(artist, name)
    elif isinstance(artist, Patch):
        for name in ("facecolor", "edgecolor"):
            replace(artist, name)
    elif isinstance(artist, Collection):
        for name in ("facecolor", "edgecolor"):
            replace_all(artist, name)
    elif isinstance(artist, AxesImage) and artist.get_cmap().name in DARK_MAPS:
        artist.set_cmap(DARK_MAPS[artist.get_cmap().name])


def replace(artist: Artist, name: str) -> None:
    """Replace one colour of an artist, its transparency kept."""
    colour = getattr(artist, f"get_{name}")()
    if isinstance(colour, str) and colour in ("none", "auto"):
        return
    dark = darker(colour)
    if dark is not None:
        getattr(artist, f"set_{name}")(dark)


def replace_all(artist: Collection, name: str) -> None:
    """Replace the colours of a collection."""
    colours = getattr(artist, f"get_{name}")()
    if artist.get_array() is None and len(colours):
        getattr(artist, f"set_{name}")([darker(colour) or tuple(colour) for colour in colours])


def darker(colour: Any) -> tuple[float, float, float, float] | None:
    """Return the dark counterpart of a colour of the style, or None."""
    alpha = matplotlib.colors.to_rgba(colour)[3]
    dark = DARK.get(to_hex(colour))
    return None if dark is None or alpha == 0 else (*matplotlib.colors.to_rgb(dark), alpha)
