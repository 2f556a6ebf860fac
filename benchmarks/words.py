"""Accuracy, speed and memory of reading words: the tables of docs/notes/reading_words.md.

    python -m benchmarks.words                        all parts: about 35 minutes on one core
    python -m benchmarks.words --update               also write the tables and the picture into docs/
    python -m benchmarks.words --words 40 --part composed --gap 0.2      a small run
    python -m benchmarks.words --part speed --repeats 1000               a small run of another part

Parts:

composed    accuracy by gap on the 600 most common English words, composed of letters of scan34, which no model was
            trained on and no setup was chosen with: blank columns alone, the lattice, with letter n-grams, with a
            lexicon of 10,000 words without and with frequencies, and Tesseract in its single-word mode, restricted to
            capitals, if it is installed
running     accuracy on words drawn from the lexicon by frequency, and uniformly
exponent    log-loss of the true readings by the exponent of word frequencies; without scan34, since it chooses a setup
confidence  calibration of word confidences, also with a temperature fitted on generated letters; words of the lexicon
            that `composed` does not use
lines       the real lines of benchmarks.segmentation
speed       time with lexicons of several sizes; memory after 1,000 words and at the end

Letters are loaded from ENSEMBLE_HWR_DATA; without it, generated letters are used.
"""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import minimize_scalar

from benchmarks.letters import DATA
from benchmarks.pages import put
from benchmarks.segmentation import real_table
from benchmarks.tesseract import is_installed, version
from benchmarks.tesseract import read as tesseract_read
from benchmarks.vocabulary import N_EVALUATION_WORDS, evaluation_words, word_counts
from ensemble_hwr import LetterSet, WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.datasets import Composition, load_index
from ensemble_hwr.reading import LetterNgrams, Lexicon, character_error_rate, draw_reading, error_report

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "notes" / "reading_words.md"
GAPS = (0.30, 0.20, 0.12, 0.06, 0.00)
PARTS = ("composed", "running", "exponent", "confidence", "lines", "speed")
N_BINS = 10  # of confidence
ALL_READINGS = 1000  # more than are ever found
EXPONENTS = (0.0, 0.5, 0.75, 1.0, 1.25, 1.5)  # of relative word frequencies
STYLE = {"slant": (-0.1, 0.2), "noise": (0, 0.5)}
TARGETS = {0.30: 97, 0.20: 97, 0.12: 96, 0.06: 93, 0.00: 85}
LATTICE, LEXICON, FREQUENCIES, TESSERACT = (
    "lattice",
    "lattice, lexicon",
    "lattice, lexicon with frequencies",
    "Tesseract",
)
LEXICON_SIZE = 10_000


@dataclass(frozen=True)
class Setup:
    """Options of a run, models and letters."""

    words: int
    gaps: tuple[float, ...]
    repeats: int
    every: int
    counts: dict[str, float]
    model: Any
    non_letter_model: Any
    data: Path
    letters: LetterSet

    def reader(self, **parameters: Any) -> WordReader:
        """Return a fitted reader."""
        return WordReader(self.model, **{"non_letter_model": self.non_letter_model, **parameters}).fit()

    @property
    def vocabulary(self) -> list[str]:
        """All words, the most common first."""
        return list(self.counts)

    def lexicons(self) -> dict[str, Lexicon]:
        """Return the lexicon without and with frequencies."""
        words = self.vocabulary[:LEXICON_SIZE]
        return {LEXICON: Lexicon(words), FREQUENCIES: Lexicon({word: self.counts[word] for word in words})}

    def texts(self) -> list[str]:
        """Return the words to compose, in a fixed random order that is repeated."""
        words = evaluation_words(self.vocabulary)
        order = np.random.default_rng(0).permutation(len(words))
        return [words[order[place % len(words)]] for place in range(self.words)]


@dataclass
class Tally:
    """Results of one reader over all gaps."""

    texts: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    words: list[Any] = field(default_factory=list)

    def add(self, texts: list[str], read: list[str], words: Sequence[Any] = ()) -> None:
        """Append results."""
        self.texts += texts
        self.read += read
        self.words += words


@click.command()
@click.option("--words", type=click.IntRange(1), default=600, show_default=True, help="Words per gap.")
@click.option("--gap", "gaps", type=float, multiple=True, default=GAPS, show_default=True, help="Gaps in cap heights.")
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, default=PARTS, help="Parts to measure.")
@click.option(
    "--repeats", type=click.IntRange(50), default=10_000, show_default=True, help="Words read to measure memory."
)
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Use every n-th real line.")
@click.option("--model", default="az", show_default=True, help="Letter classifier.")
@click.option("--non-letter", default="non-letter", show_default=True, help="Non-letter model.")
@click.option("--list", "word_list", type=click.Path(path_type=Path), help="File of words, the most common first.")
@click.option("--update", is_flag=True, help="Write the tables and the picture into docs/.")
def main(  # noqa: PLR0917
    words: int, gaps: tuple[float, ...], parts: tuple[str, ...], repeats: int, every: int, model: str, non_letter: str,
    word_list: Path | None, update: bool,
) -> None:  # fmt: skip
    """Measure and print the tables."""
    data = DATA
    setup = Setup(
        words,
        gaps,
        repeats,
        every,
        word_counts(word_list),
        load_model(model),
        load_model(non_letter),
        data,
        letters_of(data),
    )
    for part in parts:
        text = MEASURES[part](setup)
        click.echo(f"{part}\n\n{text}")
        if update and part != "lines":  # benchmarks.segmentation writes those
            put(PAGE, f"benchmarks/words.py {part}", text)
    if update and "composed" in parts:
        picture(setup).save(ROOT / "docs" / "images" / "reading-words.png", optimize=True)


def letters_of(data: Path) -> LetterSet:
    """Return letters that no model was trained on."""
    if (data / "letters" / "index.csv").is_file():
        return load_index(data / "letters" / "index.csv", sources=["scan34"])
    click.echo(f"no real letters in {data}, using generated letters; set ENSEMBLE_HWR_DATA", err=True)
    return generate_letters(26 * 40, writers=40, random_state=7, format="pictures")


def composed(setup: Setup) -> str:
    """Accuracy by gap and reader, and causes of errors."""
    texts = setup.texts()
    readers = {
        "blank columns": setup.reader(cut="gaps", non_letter_model=None),
        LATTICE: setup.reader(),
        "lattice, letter n-grams": setup.reader(ngrams=LetterNgrams(setup.vocabulary[:50_000])),
        **{name: setup.reader(lexicon=lexicon) for name, lexicon in setup.lexicons().items()},
    }
    tesseract = is_installed()
    names = [*readers, *([TESSERACT] if tesseract else [])]
    heads = ["gap", *names, f"{LEXICON}: target", f"{LEXICON}: no suspected label", f"{LATTICE}: letter errors"]
    rows = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    tallies = {name: Tally() for name in names}
    causes = []
    for gap in setup.gaps:
        made = compose_words(setup.letters, texts, gap=gap, random_state=1, **STYLE)
        pictures = [word.picture for word in made]
        shares, clean = {}, np.array([not has_suspected_label(setup.letters, word) for word in made])
        for name, reader in readers.items():
            details = reader.predict_details(pictures)
            read = [word.text for word in details]
            tallies[name].add(texts, read, details)
            shares[name] = accuracy(texts, read)
            if name == LATTICE:
                letter_errors = 100 * character_error_rate(texts, read)
            if name == LEXICON:
                clean_accuracy = accuracy(texts, read, clean) if clean.any() else np.nan
            if name in (LATTICE, LEXICON, FREQUENCIES):
                causes.append(cause_row(gap, name, texts, details))
        if tesseract:
            read = tesseract_read(pictures)
            tallies[TESSERACT].add(texts, read)
            shares[TESSERACT] = accuracy(texts, read)
        target = TARGETS.get(gap, "")
        cells = [*(f"{shares[name]:.1f}" for name in names), target, f"{clean_accuracy:.1f}", f"{letter_errors:.1f}"]
        rows.append(f"| {gap:.2f} | {' | '.join(map(str, cells))} |")
        click.echo(rows[-1], err=True)
    overall = " | ".join(f"{accuracy(tally.texts, tally.read):.1f}" for tally in tallies.values())
    rows.append(f"| all | {overall} | | | |")
    heads = ["gap", "reader", "wrong", "not found", "missed cut", "extra cut", "letter", "lexicon"]
    table = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|", *causes]
    return (
        "\n".join(rows)
        + f"\n\nPercent of {setup.words} words per gap, a lexicon of {len(setup.vocabulary[:LEXICON_SIZE]):,} words"
        + (f", {version()}" if tesseract else ", no Tesseract on this machine")
        + ".\n\n"
        + "\n".join(table)
        + f"\n\n{confusions(tallies[LATTICE])}\n"
    )


def accuracy(texts: list[str], read: list[str], mask: NDArray[np.bool_] | None = None) -> float:
    """Percent of the words that are read correctly, optionally of some words only."""
    correct = np.array([text == other for text, other in zip(texts, read, strict=True)])
    return 100 * float(np.mean(correct if mask is None else correct[mask]))


def has_suspected_label(letters: LetterSet, word: Composition) -> bool:
    """Whether a letter of the word has a suspected label error."""
    return letters.suspect is not None and any(letters.suspect[letter.index] for letter in word.letters)


def cause_row(gap: float, name: str, texts: list[str], details: Sequence[Any]) -> str:
    """Return a row of the numbers of wrong words by cause."""
    report = error_report(texts, details)
    blank = sum(not word.text for word in details)
    cells = [len(texts) - report.n_right, blank, report.missed_cuts - blank, report.extra_cuts, report.letters]
    return f"| {gap:.2f} | {name} | {' | '.join(map(str, cells))} | {report.lexicon} |"


def confusions(tally: Tally) -> str:
    """List the most frequent confusions of letters."""
    pairs = Counter(dict(error_report(tally.texts, tally.words).confusions))
    listing = ", ".join(f"{true} as {got} ({count})" for (true, got), count in pairs.most_common(12))
    return f"Confusions without a lexicon, in words with the right number of letters: {listing}."


def running(setup: Setup) -> str:
    """Accuracy on words drawn by frequency, as in running text, and drawn uniformly."""
    draws = {
        "by frequency": draw_by_frequency(setup, 3),
        "uniform": np.random.default_rng(4).choice(setup.vocabulary[:LEXICON_SIZE], setup.words).tolist(),
    }
    readers = {name: setup.reader(lexicon=lexicon) for name, lexicon in setup.lexicons().items()}
    heads = ["letters", "words", *readers]
    rows = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for source, letters in sources(setup).items():
        for draw, texts in draws.items():
            made = compose_words(letters, texts, gap=(0.0, 0.3), random_state=8, **STYLE)
            pictures = [word.picture for word in made]
            cells = [f"{accuracy(texts, reader.predict(pictures).tolist()):.1f}" for reader in readers.values()]
            rows.append(f"| {source} | {draw} | {' | '.join(cells)} |")
            click.echo(rows[-1], err=True)
    return "\n".join(rows) + f"\n\nPercent of {setup.words} words, 0.00 to 0.30 apart.\n"


def draw_by_frequency(setup: Setup, seed: int) -> list[str]:
    """Draw words of the lexicon by their frequencies."""
    words = setup.vocabulary[:LEXICON_SIZE]
    share = np.array([setup.counts[word] for word in words])
    return np.random.default_rng(seed).choice(words, setup.words, p=share / share.sum()).tolist()


def exponent(setup: Setup) -> str:
    """Log-loss of the true readings of touching words, by the exponent of word frequencies."""
    reader = setup.reader(n_best=ALL_READINGS, lexicon=setup.lexicons()[LEXICON])
    words, texts = setup.vocabulary[:LEXICON_SIZE], draw_by_frequency(setup, 11)
    rows = [
        f"| letters | {' | '.join(f'{exponent:g}' for exponent in EXPONENTS)} |",
        "| --- " * (len(EXPONENTS) + 1) + "|",
    ]
    lexicons = [Lexicon({word: setup.counts[word] ** exponent for word in words}) for exponent in EXPONENTS]
    for source, letters in sources(setup).items():
        if source == "scan34":
            continue
        made = compose_words(letters, texts, gap=(-0.06, 0.12), slant=(-0.3, 0.4), noise=(0, 1.0), random_state=77)
        details = reader.predict_details([word.picture for word in made])
        cells = [f"{log_loss(details, texts, lexicon):.3f}" for lexicon in lexicons]
        rows.append(f"| {source} | {' | '.join(cells)} |")
        click.echo(rows[-1], err=True)
    return "\n".join(rows) + f"\n\n{setup.words} words, -0.06 to 0.12 apart.\n"


def log_loss(details: Sequence[Any], texts: list[str], lexicon: Lexicon) -> float:
    """Log-loss of the true texts, with the readings of a lexicon without frequencies reweighted by another lexicon."""
    losses = []
    for word, text in zip(details, texts, strict=True):
        share = {word.text: word.confidence, **dict(word.alternatives)}
        weighed = {
            read: p * (len(lexicon) * np.exp(lexicon.log_probability(read)) if read in lexicon else 1)
            for read, p in share.items()
        }
        losses.append(-np.log(max(weighed.get(text, 0.0) / sum(weighed.values()), 1e-9)))
    return float(np.mean(losses))


def confidence(setup: Setup) -> str:
    """Calibration of confidences, without and with a temperature."""
    rng = np.random.default_rng(1)
    words = [word for word in setup.vocabulary[:LEXICON_SIZE] if len(word) > 1][N_EVALUATION_WORDS:]
    texts = [words[rng.integers(len(words))] for _ in range(setup.words)]
    readers = {
        LATTICE: setup.reader(n_best=ALL_READINGS),
        LEXICON: setup.reader(n_best=ALL_READINGS, lexicon=setup.lexicons()[LEXICON]),
    }
    heads = ["letters", "reader", "accuracy %", "mean confidence %", "ECE %", "temperature",
             "mean confidence with it %", "ECE with it %"]  # fmt: skip
    rows = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    temperatures: dict[str, float] = {}
    for name, letters in sources(setup).items():
        made = compose_words(letters, texts, gap=(0.0, 0.3), random_state=6, **STYLE)
        for reader_name, reader in readers.items():
            details = reader.predict_details([word.picture for word in made])
            correct = np.array([word.text == text for word, text in zip(details, texts, strict=True)])
            if reader_name not in temperatures:  # fitted on the first source, generated letters
                temperatures[reader_name] = best_temperature(details, correct)
            plain, tempered = (confidences(details, by) for by in (1.0, temperatures[reader_name]))
            cells = [100 * correct.mean(), 100 * plain.mean(), 100 * expected_calibration_error(plain, correct)]
            after = [100 * tempered.mean(), 100 * expected_calibration_error(tempered, correct)]
            rows.append(f"| {name} | {reader_name} | {' | '.join(f'{cell:.1f}' for cell in cells)} "
                        f"| {temperatures[reader_name]:.2f} "
                        f"| {' | '.join(f'{cell:.1f}' for cell in after)} |")  # fmt: skip
            click.echo(rows[-1], err=True)
    return "\n".join(rows) + f"\n\nPercent of {setup.words} words, 0.00 to 0.30 apart.\n"


def sources(setup: Setup) -> dict[str, LetterSet]:
    """Return letters by source: generated ones, on which a temperature is fitted, then real ones."""
    found = {"generated": generate_letters(26 * 60, writers=60, random_state=4242, format="pictures")}
    index = setup.data / "letters" / "index.csv"
    if index.is_file():
        for source in ("tablet55", "photo62"):
            letters = load_index(index, sources=[source])
            found[f"{source}, test part"] = letters.take(letters.split == "test")
        found["scan34"] = setup.letters
    return found


def confidences(details: Sequence[Any], temperature: float) -> NDArray[np.float64]:
    """Return the softmax share of the best reading at a temperature."""
    shares = [np.array([word.confidence, *(p for _, p in word.alternatives)]) for word in details]
    tempered = [share ** (1 / temperature) for share in shares]
    return np.array([share[0] / share.sum() for share in tempered])


def best_temperature(details: Sequence[Any], correct: NDArray[np.bool_]) -> float:
    """Return the temperature with the smallest log-loss of correctness."""

    def loss(log_temperature: float) -> float:
        share = np.clip(confidences(details, float(np.exp(log_temperature))), 1e-6, 1 - 1e-6)
        return -float(np.log(np.where(correct, share, 1 - share)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def expected_calibration_error(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """Return the expected calibration error (ECE) over intervals of equal width."""
    interval = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    apart = np.bincount(interval, weights=confidence - correct, minlength=N_BINS)
    return float(np.abs(apart).sum() / len(confidence))


def lines(setup: Setup) -> str:
    """Accuracy on real lines."""
    folder = setup.data / "words"
    return real_table(folder, setup.every) if (folder / "index.csv").is_file() else f"no real lines in {folder}\n"


def speed(setup: Setup) -> str:
    """Time and memory per word."""
    texts = setup.texts()[:50]
    made = compose_words(setup.letters, texts, gap=(0.0, 0.3), random_state=2, **STYLE)
    pictures = [word.picture for word in made]
    readers = {
        "blank columns": setup.reader(cut="gaps", non_letter_model=None),
        LATTICE: setup.reader(),
        "lattice, lexicon of 10,000 words": setup.reader(lexicon=Lexicon(setup.vocabulary[:10_000])),
        "lattice, lexicon of 50,000 words": setup.reader(lexicon=Lexicon(setup.vocabulary[:50_000])),
    }
    rows = ["| reader | median | 9 of 10 words below |", "| --- | --- | --- |"]
    for name, reader in readers.items():
        times = 1000 * np.min([[timed(reader, picture) for picture in pictures] for _ in range(3)], axis=0)
        rows.append(f"| {name} | {np.median(times):.0f} | {np.quantile(times, 0.9):.0f} |")
        click.echo(rows[-1], err=True)
    few, length = min(1000, setup.repeats // 10), np.mean([len(text) for text in texts])
    early = 0.0  # MB after `few` words
    for place in range(setup.repeats):
        reader.read(pictures[place % len(pictures)])
        if place + 1 == few:
            early = memory()
    return (
        "\n".join(rows) + f"\n\nMilliseconds of one core for a word of {length:.1f} letters on average, "
        f"the least of three times. Memory at its most: {early:.0f} MB after {few:,} words, {memory():.0f} MB after "
        f"{setup.repeats:,}.\n"
    )


def timed(reader: WordReader, picture: Any) -> float:
    """Return the CPU seconds of reading one word."""
    start = process_time()
    reader.read(picture)
    return process_time() - start


def memory() -> float:
    """Return the peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def picture(setup: Setup) -> Image.Image:
    """Draw words with their readings, one row per gap."""
    reader = setup.reader()
    letters = generate_letters(26 * 40, writers=40, random_state=7)
    rows = []
    for gap in (0.2, 0.0):
        made = compose_words(letters, ["WATER", "PEOPLE", "NUMBER"], gap=gap, noise=0.3, random_state=2)
        rows.append([Image.fromarray(draw_reading(word.picture, [reader.read(word.picture)])) for word in made])
    width, height = (max(edge) + 10 for edge in zip(*(image.size for row in rows for image in row), strict=True))
    sheet = Image.new("RGB", (width * 3, height * len(rows)), "white")
    for y, row in enumerate(rows):
        for x, image in enumerate(row):
            sheet.paste(image, (x * width, y * height))
    return sheet


MEASURES = {
    "composed": composed,
    "running": running,
    "exponent": exponent,
    "confidence": confidence,
    "lines": lines,
    "speed": speed,
}


if __name__ == "__main__":
    main()
