"""Words and pages on ordinary paper: each distortion of `benchmarks.simulation` at three strengths, and mixtures.

    python -m benchmarks.paper                              40 words and 3 pages per strength: 25 minutes on one core
    python -m benchmarks.paper --update                     also write the tables into docs/user_guide/paper.md
    python -m benchmarks.paper --quick                      10 words and a page, middle strength: 3 minutes on one core
    python -m benchmarks.paper --letters training -d shadow --words 12 --pages 0       a small run

Words and pages are composed of letters and put on simulated paper. A word counts as kept if it is read correctly both
without and with the distortion, with a lexicon of 10,000 words; without distortion all are kept (100 %). Settings of
the library are chosen with ``--letters generated`` and ``--letters training``. ``--letters unseen``, the default, takes
the capitals of unipen62, which were neither trained on nor used to choose settings of paper.

Tesseract 5 reads the same pictures in the same run if its command is on the path, as one word or one block of text,
with a whitelist of A to Z. The lexicon is not available to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import click
import numpy as np

from benchmarks import tesseract
from benchmarks.letters import DATA
from benchmarks.pages import put
from benchmarks.simulation import DISTORTIONS, MIXTURES, STRENGTHS, Grey, Sheet
from benchmarks.vocabulary import evaluation_words, word_counts
from ensemble_hwr import LetterSet, PageReader, WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.datasets import Composition, load_index
from ensemble_hwr.reading import Lexicon

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "user_guide" / "paper.md"
LETTERS = {
    "generated": None,
    "training": ["photo62", "tablet55", "binary20x16"],
    "unseen": ["unipen62"],
}
HEIGHT = 40  # pixels of a capital
N_LINES, N_WORDS = 4, 3  # of a page, and of a line
OWN = "ensemble_hwr"
TARGETS = {1: 95, 2: 80}  # by level, per cent of the words

Read = Callable[[Sequence[Grey]], list[str]]


@dataclass(frozen=True)
class Sample:
    """Compositions with their texts, read by several readers.

    Attributes
    ----------
    name : str
        What is read: "words" or "pages".
    made : list of Composition
    readers : dict of str to callable
        By name, functions from pictures to texts.
    clean : dict of str to list of set
        By reader, the words of each picture that are read without distortion.
    """

    name: str
    made: list[Composition]
    readers: dict[str, Read]
    clean: dict[str, list[set[int]]] = field(default_factory=dict)

    def pictures(self, names: Sequence[str], level: int) -> list[Grey]:
        """Return the pictures after some distortions at a strength."""
        found = []
        for place, made in enumerate(self.made):
            sheet = Sheet.of(made, place)
            for name in names:
                sheet = DISTORTIONS[name](sheet, level)
            found.append(sheet.photograph())
        return found

    def kept(self, names: Sequence[str], level: int, show: Path | None = None) -> dict[str, float]:
        """Return by reader the percentage of words that are kept after some distortions."""
        pictures, shares = self.pictures(names, level), {}
        for reader, read in self.readers.items():
            texts = read(pictures)
            right = [words_read(made.text, text) for made, text in zip(self.made, texts, strict=True)]
            clean = self.clean.setdefault(reader, right)  # the first call is without distortion
            total = sum(map(len, clean))
            both = sum(len(one & other) for one, other in zip(clean, right, strict=True))
            shares[reader] = 100 * both / total if total else np.nan
            if show is not None and reader == OWN:
                save(show / f"{self.name} {' '.join(names) or 'clean'} {STRENGTHS[level]}", pictures, texts)
        return shares

    @property
    def n_words(self) -> int:
        """Number of words."""
        return sum(len(made.words) for made in self.made)


@click.command()
@click.option("--words", type=click.IntRange(0), default=40, show_default=True, help="Words per strength.")
@click.option("--pages", type=click.IntRange(0), default=3, show_default=True, help="Pages of 12 words per strength.")
@click.option("-d", "--distortion", "names", type=click.Choice([*DISTORTIONS, *MIXTURES]), multiple=True)
@click.option("--strength", type=click.Choice(STRENGTHS), multiple=True, help="Default: all three.")
@click.option("--quick", is_flag=True, help="10 words and 1 page at the middle strength, without Tesseract.")
@click.option("--letters", "source", type=click.Choice(list(LETTERS)), default="unseen", show_default=True)
@click.option("--tesseract/--no-tesseract", "peer", default=True, show_default=True, help="Read with Tesseract, too.")
@click.option("--show", type=click.Path(path_type=Path), help="Folder for the pictures.")
@click.option("--update", is_flag=True, help="Write the tables into docs/user_guide/paper.md.")
def main(  # noqa: PLR0917
    words: int,
    pages: int,
    names: tuple[str, ...],
    strength: tuple[str, ...],
    quick: bool,
    source: str,
    peer: bool,
    show: Path | None,
    update: bool,
) -> None:
    """Measure and print the tables."""
    if quick:
        words, pages, strength, peer = min(words, 10), min(pages, 1), strength or ("middle",), False
    levels = [level for level, name in enumerate(STRENGTHS) if name in strength or not strength]
    if peer and not tesseract.is_installed():
        click.echo("Tesseract is not installed; its columns are left out", err=True)
        peer = False
    letters = letters_of(source)
    for count, sample_of in ((words, words_of), (pages, pages_of)):
        if not count:
            continue
        sample = sample_of(letters, count, peer)
        table = measure(sample, names or [*DISTORTIONS, *MIXTURES], levels, source, show)
        click.echo(table)
        if update:
            put(PAGE, f"python -m benchmarks.paper, {sample.name}", table)


def measure(sample: Sample, names: Sequence[str], levels: Sequence[int], source: str, show: Path | None) -> str:
    """Return the table of a sample."""
    sample.kept([], 0, show)
    columns = [(reader, level) for reader in sample.readers for level in levels]
    heads = [
        "distortion",
        *(f"{STRENGTHS[level]}{': Tesseract' * (reader != OWN)}" for reader, level in columns),
    ]
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    reached: dict[int, list[bool]] = {level: [] for level in levels if level in TARGETS}
    for name in names:
        shares = {level: sample.kept(MIXTURES.get(name, (name,)), level, show) for level in levels}
        cells = []
        for reader, level in columns:
            unit = f" ({DISTORTIONS[name].describe(level)})" if name in DISTORTIONS and reader == OWN else ""
            share = shares[level][reader]
            cells.append("-" if np.isnan(share) else f"{share:.0f}{unit}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
        click.echo(lines[-1], err=True)
        if name in DISTORTIONS:
            for level, passed in reached.items():
                passed.append(shares[level][OWN] >= TARGETS[level])
    return "\n".join(lines) + f"\n\n{_caption(sample, reached, source)}\n"


def _caption(sample: Sample, reached: dict[int, list[bool]], source: str) -> str:
    """Return what the figures of a table are, and how many reach the targets."""
    read = "; ".join(
        f"{reader} reads {sum(map(len, clean))} of {sample.n_words} without distortion"
        for reader, clean in sample.clean.items()
    )
    targets = "".join(
        f" At the {STRENGTHS[level]} strength {sum(passed)} of {len(passed)} distortions keep {TARGETS[level]} % or "
        "more."
        for level, passed in reached.items()
    )
    mode = tesseract.WORD if sample.name == "words" else tesseract.PAGE
    peer = f" {tesseract.version(mode)}; the lexicon is not available to it." if len(sample.readers) > 1 else ""
    return (
        f"Per cent of the words read without distortion by the same reader ({source} letters): {read}.{targets}{peer}"
    )


def words_of(letters: LetterSet, count: int, peer: bool) -> Sample:
    """Return a sample of words."""
    reader = WordReader(load_model("az"), lexicon=lexicon(), errors="empty").fit()
    readers: dict[str, Read] = {OWN: lambda pictures: reader.predict(pictures).tolist()}
    if peer:
        readers["Tesseract"] = tesseract.read
    made = compose_words(letters, texts_of(count), gap=0.15, height=HEIGHT, random_state=1)
    return Sample("words", made, readers)


def pages_of(letters: LetterSet, count: int, peer: bool) -> Sample:
    """Return a sample of pages."""
    reader = PageReader(WordReader(load_model("az"), lexicon=lexicon()), errors="empty").fit()
    readers: dict[str, Read] = {OWN: lambda pictures: [str(text) for text in reader.predict(pictures)]}
    if peer:
        readers["Tesseract"] = lambda pictures: tesseract.read(pictures, tesseract.PAGE)
    words = texts_of(count * N_LINES * N_WORDS)
    lines = [" ".join(words[place : place + N_WORDS]) for place in range(0, len(words), N_WORDS)]
    texts = ["\n".join(lines[place : place + N_LINES]) for place in range(0, len(lines), N_LINES)]
    return Sample("pages", compose_words(letters, texts, gap=0.15, height=HEIGHT, random_state=1), readers)


def lexicon() -> Lexicon:
    """Return the most common English words."""
    return Lexicon(list(word_counts())[:10_000])


def texts_of(count: int) -> list[str]:
    """Return words in a fixed random order."""
    words = evaluation_words(list(word_counts()))
    order = np.random.default_rng(0).permutation(len(words))
    return [words[order[place % len(words)]] for place in range(count)]


def words_read(true: str, read: str) -> set[int]:
    """Return the places of the words of a text that are read correctly and in order."""
    blocks = SequenceMatcher(None, true.split(), read.split(), autojunk=False).get_matching_blocks()
    return {place for block in blocks for place in range(block.a, block.a + block.size)}


def letters_of(source: str) -> LetterSet:
    """Return the letters to compose words of."""
    if source == "generated":
        return generate_letters(26 * 40, writers=40, random_state=7)
    file = data_folder() / ("more/unipen62.npz" if source == "unseen" else "letters/index.csv")
    if not file.is_file():
        raise click.ClickException(f"{file} is missing; set ENSEMBLE_HWR_DATA, or give --letters generated")
    return capitals_of_pack(file) if source == "unseen" else load_index(file, sources=LETTERS[source])


def data_folder() -> Path:
    """Return the folder of the real letters."""
    return DATA


def capitals_of_pack(file: Path) -> LetterSet:
    """Return the capitals of the test split of a pack of pictures."""
    with np.load(file) as pack:
        keep = (pack["split"] == "test") & np.isin(pack["target"], list(ascii_uppercase))
        pictures, target = pack["data"][keep], pack["target"][keep]
    return LetterSet(np.fromiter(pictures, dtype=object, count=len(pictures)), target, name=file.stem)


def save(folder: Path, pictures: Sequence[Any], read: Sequence[str]) -> None:
    """Save pictures under names with what was read."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for place, (picture, text) in enumerate(zip(pictures, read, strict=True)):
        Image.fromarray(picture).save(folder / f"{place:03d}-{'_'.join(text.split())[:60]}.png")


if __name__ == "__main__":
    main()
