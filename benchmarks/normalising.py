"""Speed of normalising, relative to Pillow alone: resizing the same arrays, decoding the same files.

    python -m benchmarks normalising             two minutes on one idle core
    python -m benchmarks normalising --quick     under half a minute

Each size has its own unit: the time that Pillow takes to resize the arrays of that size to 28x28 pixels, one by one.
Times are processor times of one thread, and alternate within a run.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from threadpoolctl import threadpool_limits

from benchmarks.figures import Figure, ratio, time_in_turn
from benchmarks.letters import letters_to_time
from ensemble_hwr import LetterNormalizer, load_model
from ensemble_hwr.segmentation import cut_page

SIDES = (28, 64, 128)
FRAME = (28, 28)
Greys = NDArray[np.uint8]


def measure(quick: bool = False) -> list[Figure]:
    """Measure arrays of three sizes, single letters, and files."""
    n, repeats = (52, 3) if quick else (520, 9)
    letters = letters_to_time(n, n)
    pictures = 255 - np.rint(255 * letters.test[:n].reshape(-1, *FRAME)).astype(np.uint8)
    model = load_model("az")
    with threadpool_limits(1):
        return [
            *(figure for side in SIDES for figure in of_arrays(enlarged(pictures, side), model, repeats)),
            *of_files(pictures, repeats),
            *of_paper(pictures, repeats),
        ]


def of_arrays(greys: Greys, model: Any, repeats: int) -> list[Figure]:
    """Time normalising, prediction and Pillow's resize of arrays of one size, together and one by one."""
    normalizer, few = LetterNormalizer(), greys[:50]
    black_and_white = np.where(few > 127, 255, 0).astype(np.uint8)
    found = time_in_turn(
        {
            "resize": partial(resize_all, greys),
            "normalize": partial(normalizer.transform, greys),
            "predict": partial(model.predict, greys),
            "resize few": partial(resize_all, few),
            "one by one": lambda: [normalizer.transform(grey[None]) for grey in few],
            "black and white": lambda: [normalizer.transform(grey[None]) for grey in black_and_white],
        },
        repeats,
        process_time,
    )
    side = f"{greys.shape[1]}x{greys.shape[2]}"
    return [
        Figure(f"{side}: Pillow's resize", 1e6 * median(found["resize"]) / len(greys), "microseconds"),
        Figure(
            f"{side}: rate of normalising over that of resizing",
            ratio(found["resize"], found["normalize"]),
            "times",
            "at least 0.15 times",
            at_least=0.02,
        ),
        Figure(
            f"{side}: rate from array to letter over that of resizing",
            ratio(found["resize"], found["predict"]),
            "times",
            "at least 0.10 times",
            at_least=0.01,
        ),
        Figure(
            f"{side}: normalising one letter alone, in resizes",
            ratio(found["one by one"], found["resize few"]),
            "times",
            "at most 15 times",
            at_most=150,
        ),
        Figure(
            f"{side}: normalising one black and white letter alone, in resizes",
            ratio(found["black and white"], found["resize few"]),
            "times",
            "at most 15 times",
            at_most=150,
        ),
        Figure(
            f"{side}: normalising one letter alone", 1e3 * median(found["one by one"]) / len(few), "ms", "under 1 ms"
        ),
    ]


def of_files(pictures: Greys, repeats: int) -> list[Figure]:
    """Time normalising of files, decoding included, against decoding alone."""
    with TemporaryDirectory() as folder:
        kinds = {
            "PNG letters of 48x48": save(enlarged(pictures, 48), Path(folder), "png"),
            "JPEG photo crops of 300x300": save(photographed(pictures[:50], 300), Path(folder, "crops"), "jpg"),
            "JPEG photo crops of 1,200x1,200": save(photographed(pictures[:12], 1200), Path(folder, "large"), "jpg"),
        }
        works: dict[str, Callable[[], Any]] = {}
        for kind, paths in kinds.items():
            works |= {kind: partial(LetterNormalizer().transform, paths), f"{kind}: alone": partial(decode_all, paths)}
        found = time_in_turn(works, repeats, process_time)
    return [
        Figure(
            f"{kind}: rate of normalising, decoding included, over decoding alone",
            ratio(found[f"{kind}: alone"], found[kind]),
            "times",
            "at least 0.5 times",
            at_least=0.05,
        )
        for kind in kinds
    ]


def of_paper(pictures: Greys, repeats: int) -> list[Figure]:
    """Time the clean-up of a photographed page, and letters in blue on ruled paper, whose colours are separated."""
    page = photographed_page(pictures)
    blue = [on_ruled_paper(grey) for grey in enlarged(pictures[:20], 64)]
    found = time_in_turn(
        {
            "page": partial(cut_page, page),
            "colours": lambda: [LetterNormalizer().transform([letter]) for letter in blue],
        },
        min(repeats, 5),
        process_time,
    )
    megapixels = page.size / 1e6
    return [
        Figure(f"a page of {megapixels:.0f} megapixels, cleaned and cut", median(found["page"]), "s", "under 1.5 s"),
        Figure(
            "normalising one letter whose colours are separated",
            1e3 * median(found["colours"]) / len(blue),
            "ms",
            "under 1 ms",
        ),
    ]


def photographed_page(pictures: Greys, shape: tuple[int, int] = (4000, 3000)) -> Greys:
    """Put letters on a page in words of five, with light that falls off to one side, and grain."""
    letters = enlarged(pictures, 96)
    page = np.full(shape, 255, dtype=np.uint8)
    places = [(top, left) for top in range(300, 3700, 200) for left in range(200, 2700, 100) if (left // 100) % 6]
    for number, (top, left) in enumerate(places):
        page[top : top + 96, left : left + 96] = letters[number % len(letters)]
    light = np.linspace(0.9, 0.6, shape[1])
    grain = np.random.default_rng(0).normal(0, 3, shape)
    return np.clip(page * light + grain, 0, 255).astype(np.uint8)


def on_ruled_paper(grey: Greys) -> Greys:
    """Return a letter as colours: blue ink, and a red line below."""
    share = 1 - grey[..., None] / 255
    colours = 245 - share * np.array([190, 150, 60])
    colours[-8:-6] -= np.array([20, 110, 110])
    return np.clip(colours, 0, 255).astype(np.uint8)


def enlarged(pictures: Greys, side: int) -> Greys:
    """Resize pictures to squares."""
    return np.stack([np.asarray(Image.fromarray(grey).resize((side, side))) for grey in pictures])


def photographed(pictures: Greys, side: int) -> Greys:
    """Enlarge pictures, darken the paper to grey, and add grain."""
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 3, (len(pictures), side, side))
    return np.clip(30 + 0.7 * enlarged(pictures, side) + grain, 0, 255).astype(np.uint8)


def save(greys: Greys, folder: Path, suffix: str) -> list[Path]:
    """Save pictures; return their paths."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{index}.{suffix}" for index in range(len(greys))]
    for grey, path in zip(greys, paths, strict=True):
        Image.fromarray(grey).save(path, quality=92)
    return paths


def resize_all(greys: Greys) -> None:
    """Resize arrays to the frame, one by one."""
    for grey in greys:
        np.asarray(Image.fromarray(grey).resize(FRAME, Image.Resampling.HAMMING))


def decode_all(paths: Sequence[Path]) -> None:
    """Decode files as grey, one by one."""
    for path in paths:
        with Image.open(path) as image:
            np.asarray(image.convert("L"))


@click.command()
@click.option("--side", type=click.Choice([str(side) for side in SIDES]), default="28", help="Pixels of a side.")
@click.option("--single", is_flag=True, help="Normalize the letters one by one.")
def main(side: str, single: bool) -> None:
    """Profile normalising of arrays of one size, by function."""
    greys = enlarged(
        255 - np.rint(255 * letters_to_time(520, 520).test.reshape(-1, *FRAME)).astype(np.uint8), int(side)
    )
    normalizer = LetterNormalizer()
    profile = cProfile.Profile(process_time)
    with threadpool_limits(1), profile:
        for part in greys[:, None] if single else [greys]:
            normalizer.transform(part)
    pstats.Stats(profile).sort_stats("cumulative").print_stats(40)


if __name__ == "__main__":
    main()
