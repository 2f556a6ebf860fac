"""How well, how fast and in how much memory words are read: the tables of docs/notes/reading_words.md.

    python -m benchmarks.words                        everything: about 35 minutes on one core
    python -m benchmarks.words --update               and writes the tables and the picture into docs/
    python -m benchmarks.words --words 40 --part composed --gap 0.2      a small trial
    python -m benchmarks.words --part speed --repeats 1000               another

The parts are

composed  the 600 most common English words, each written once for each gap with letters of scan34, which taught no
          model and chose no setting: read by gaps alone, by the lattice, with a letter model, with a lexicon of 10,000
          words, with the same that knows how common each is, and by Tesseract in its single-word mode, told that
          there are only capitals; left out where absent
running   words drawn from those 10,000, as often as they are written or each as often as any other
exponent  how likely true readings are, for shares of words raised to several powers; not of scan34, since this chooses
confidence  how sure the reader says it is and how often it is right, and what a temperature learned on generated
          letters would make of that; words of the lexicon that `composed` does not write
lines     the real lines of benchmarks.segmentation
speed     a lexicon of 50,000 words; memory after 1,000 words and at the end

Letters are taken from ENSEMBLE_HWR_DATA; where that is absent, generated letters stand in for them.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
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

from benchmarks.pages import put
from benchmarks.segmentation import real_table
from benchmarks.vocabulary import LETTERS, WRITTEN, word_counts, written_words
from ensemble_hwr import LetterSet, WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.datasets import Composition, load_index
from ensemble_hwr.reading import LetterNgrams, Lexicon, character_error_rate, draw_reading, error_report

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "notes" / "reading_words.md"
GAPS = (0.30, 0.20, 0.12, 0.06, 0.00)
PARTS = ("composed", "running", "exponent", "confidence", "lines", "speed")
BINS = 10  # of confidence
ALL = 1000  # readings: more than are ever found
POWERS = (0.0, 0.5, 0.75, 1.0, 1.25, 1.5)  # of the share of a word
MANNER = {"slant": (-0.1, 0.2), "noise": (0, 0.5)}
ASKED = {0.30: 97, 0.20: 97, 0.12: 96, 0.06: 93, 0.00: 85}
FREE, TOLD, COUNTED, TESSERACT = "lattice", "lattice, lexicon", "lattice, lexicon with frequencies", "Tesseract"
EXPECTED = 10_000  # words of a lexicon


@dataclass(frozen=True)
class Setting:
    """What is measured with."""

    words: int
    gaps: tuple[float, ...]
    repeats: int
    every: int
    counts: dict[str, float]
    model: Any
    non_letter: Any
    data: Path
    letters: LetterSet

    def reader(self, **parameters: Any) -> WordReader:
        """Set up a reader."""
        return WordReader(self.model, **{"non_letter_model": self.non_letter, **parameters}).fit()

    @property
    def listed(self) -> list[str]:
        """Return all words, the most common first."""
        return list(self.counts)

    def lexicons(self) -> dict[str, Lexicon]:
        """Return the expected words, as likely as each other and by how often they are written."""
        expected = self.listed[:EXPECTED]
        return {TOLD: Lexicon(expected), COUNTED: Lexicon({word: self.counts[word] for word in expected})}

    def texts(self) -> list[str]:
        """Return the words that are written: each once, then from the start again."""
        written = written_words(self.listed)
        order = np.random.default_rng(0).permutation(len(written))
        return [written[order[place % len(written)]] for place in range(self.words)]


@dataclass
class Tally:
    """Readings of one reader, over all gaps."""

    texts: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    words: list[Any] = field(default_factory=list)

    def add(self, texts: list[str], read: list[str], words: Sequence[Any] = ()) -> None:
        """Take some more."""
        self.texts += texts
        self.read += read
        self.words += words


@click.command()
@click.option("--words", type=click.IntRange(1), default=600, show_default=True, help="Words for each gap.")
@click.option("--gap", "gaps", type=float, multiple=True, default=GAPS, show_default=True, help="In cap heights.")
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, default=PARTS, help="What to measure.")
@click.option("--repeats", type=click.IntRange(50), default=10_000, show_default=True, help="Words read for memory.")
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Take every so many real lines.")
@click.option("--model", default="az", show_default=True, help="Classifier of letters.")
@click.option("--non-letter", default="non-letter", show_default=True, help="Classifier of junk.")
@click.option("--list", "listed", type=click.Path(path_type=Path), help="Words, the most common first.")
@click.option("--update", is_flag=True, help="Write the tables and the picture into docs/.")
def main(  # noqa: PLR0917
    words: int, gaps: tuple[float, ...], parts: tuple[str, ...], repeats: int, every: int, model: str, non_letter: str,
    listed: Path | None, update: bool,
) -> None:  # fmt: skip
    """Measure and print the tables."""
    data = Path(os.environ.get("ENSEMBLE_HWR_DATA", ROOT.parent / "shared" / "data"))
    setting = Setting(
        words,
        gaps,
        repeats,
        every,
        word_counts(listed),
        load_model(model),
        load_model(non_letter),
        data,
        letters_of(data),
    )
    for part in parts:
        text = MEASURES[part](setting)
        click.echo(f"{part}\n\n{text}")
        if update and part != "lines":  # benchmarks.segmentation writes those
            put(PAGE, f"benchmarks/words.py {part}", text)
    if update and "composed" in parts:
        picture(setting).save(ROOT / "docs" / "images" / "reading-words.png", optimize=True)


def letters_of(data: Path) -> LetterSet:
    """Letters that taught no model."""
    if (data / "letters" / "index.csv").is_file():
        return load_index(data / "letters" / "index.csv", sources=["scan34"])
    click.echo(f"no real letters in {data}, so generated ones are written with; set ENSEMBLE_HWR_DATA", err=True)
    return generate_letters(26 * 40, writers=40, random_state=7, format="pictures")


def composed(setting: Setting) -> str:
    """Words right by gap and reader, and what made the others wrong."""
    texts = setting.texts()
    readers = {
        "gaps alone": setting.reader(cut="gaps", non_letter_model=None),
        FREE: setting.reader(),
        "lattice, letter model": setting.reader(ngrams=LetterNgrams(setting.listed[:50_000])),
        **{name: setting.reader(lexicon=lexicon) for name, lexicon in setting.lexicons().items()},
    }
    tesseract = shutil.which("tesseract") is not None
    names = [*readers, *([TESSERACT] if tesseract else [])]
    heads = ["gap", *names, f"{TOLD}: asked", f"{TOLD}: no doubted letter", f"{FREE}: letters wrong"]
    rows = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    tallies = {name: Tally() for name in names}
    causes = []
    for gap in setting.gaps:
        made = compose_words(setting.letters, texts, gap=gap, random_state=1, **MANNER)
        pictures = [word.picture for word in made]
        shares, sure = {}, np.array([not doubted(setting.letters, word) for word in made])
        for name, reader in readers.items():
            details = reader.predict_details(pictures)
            read = [word.text for word in details]
            tallies[name].add(texts, read, details)
            shares[name] = right(texts, read)
            if name == FREE:
                wrong = 100 * character_error_rate(texts, read)
            if name == TOLD:
                clear = right(np.array(texts)[sure].tolist(), np.array(read)[sure].tolist()) if sure.any() else np.nan
            if name in (FREE, TOLD, COUNTED):
                causes.append(cause_row(gap, name, texts, details))
        if tesseract:
            read = ask_tesseract(pictures)
            tallies[TESSERACT].add(texts, read)
            shares[TESSERACT] = right(texts, read)
        asked = ASKED.get(gap, "")
        rows.append(f"| {gap:.2f} | {' | '.join(f'{shares[name]:.1f}' for name in names)} | {asked} | {clear:.1f} "
                    f"| {wrong:.1f} |")  # fmt: skip
        click.echo(rows[-1], err=True)
    overall = " | ".join(f"{right(tally.texts, tally.read):.1f}" for tally in tallies.values())
    rows.append(f"| all | {overall} | | | |")
    heads = ["gap", "reader", "wrong", "not found", "missed cut", "extra cut", "letter", "lexicon"]
    table = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|", *causes]
    return (
        "\n".join(rows)
        + f"\n\nPercent of {setting.words} words for each gap, a lexicon of {len(setting.listed[:EXPECTED]):,} words"
        + (f", {tesseract_version()}" if tesseract else ", no Tesseract on this machine")
        + ".\n\n"
        + "\n".join(table)
        + f"\n\n{confusions(tallies[FREE])}\n"
    )


def right(texts: list[str], read: list[str]) -> float:
    """Percent of the words that are right."""
    return 100 * float(np.mean([text == other for text, other in zip(texts, read, strict=True)]))


def doubted(letters: LetterSet, word: Composition) -> bool:
    """Whether the label of any of a word's letters is doubted."""
    return letters.suspect is not None and any(letters.suspect[letter.index] for letter in word.letters)


def cause_row(gap: float, name: str, texts: list[str], details: Sequence[Any]) -> str:
    """Tell what made words wrong, each charged to one cause."""
    report = error_report(texts, details)
    blank = sum(not word.text for word in details)
    cells = [len(texts) - report.n_right, blank, report.missed_cuts - blank, report.extra_cuts, report.letters]
    return f"| {gap:.2f} | {name} | {' | '.join(map(str, cells))} | {report.lexicon} |"


def confusions(tally: Tally) -> str:
    """Name the letters that are taken for others."""
    pairs = Counter(dict(error_report(tally.texts, tally.words).confusions))
    told = ", ".join(f"{true} as {got} ({count})" for (true, got), count in pairs.most_common(12))
    return f"Letters taken for others without a lexicon, in words of the right number of letters: {told}."


def ask_tesseract(pictures: Sequence[Any]) -> list[str]:
    """Let Tesseract read words, all in one run, with one thread."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / f"{place:05d}.png")
        files = sorted(folder.glob("*.png"))
        (folder / "list.txt").write_text("\n".join(map(str, files)) + "\n", encoding="utf-8")
        command = ["tesseract", "list.txt", "-", "--psm", "8", "-c", f"tessedit_char_whitelist={LETTERS}"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True, timeout=3600,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )  # fmt: skip
    read = ["".join(page.split()) for page in done.stdout.split("\f")][: len(pictures)]
    if len(read) != len(pictures):
        raise click.ClickException(f"Tesseract gave {len(read)} answers for {len(pictures)} pictures")
    return read


def tesseract_version() -> str:
    """Return its name and version."""
    said = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True).stdout
    return f"{' '.join(said.split()[:2]).capitalize()} with --psm 8 and a whitelist of A to Z"


def running(setting: Setting) -> str:
    """Words right as running text would have them, and where rare words are as frequent as common ones."""
    draws = {
        "as often as they are written": drawn(setting, 3),
        "each as often": np.random.default_rng(4).choice(setting.listed[:EXPECTED], setting.words).tolist(),
    }
    readers = {name: setting.reader(lexicon=lexicon) for name, lexicon in setting.lexicons().items()}
    heads = ["letters", "words", *readers]
    rows = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for hand, letters in hands(setting).items():
        for draw, texts in draws.items():
            made = compose_words(letters, texts, gap=(0.0, 0.3), random_state=8, **MANNER)
            pictures = [word.picture for word in made]
            cells = [f"{right(texts, reader.predict(pictures).tolist()):.1f}" for reader in readers.values()]
            rows.append(f"| {hand} | {draw} | {' | '.join(cells)} |")
            click.echo(rows[-1], err=True)
    return "\n".join(rows) + f"\n\nPercent of {setting.words} words, 0.00 to 0.30 apart.\n"


def drawn(setting: Setting, seed: int) -> list[str]:
    """Draw words as often as they are written."""
    expected = setting.listed[:EXPECTED]
    share = np.array([setting.counts[word] for word in expected])
    return np.random.default_rng(seed).choice(expected, setting.words, p=share / share.sum()).tolist()


def exponent(setting: Setting) -> str:
    """Log-loss of true readings, were a word as likely as a power of its share; of hasty words that touch."""
    reader = setting.reader(n_best=ALL, lexicon=setting.lexicons()[TOLD])
    expected, texts = setting.listed[:EXPECTED], drawn(setting, 11)
    rows = [f"| letters | {' | '.join(f'{power:g}' for power in POWERS)} |", "| --- " * (len(POWERS) + 1) + "|"]
    lexicons = [Lexicon({word: setting.counts[word] ** power for word in expected}) for power in POWERS]
    for hand, letters in hands(setting).items():
        if hand == "scan34":
            continue
        made = compose_words(letters, texts, gap=(-0.06, 0.12), slant=(-0.3, 0.4), noise=(0, 1.0), random_state=77)
        details = reader.predict_details([word.picture for word in made])
        cells = [f"{log_loss(details, texts, lexicon):.3f}" for lexicon in lexicons]
        rows.append(f"| {hand} | {' | '.join(cells)} |")
        click.echo(rows[-1], err=True)
    return "\n".join(rows) + f"\n\n{setting.words} words, -0.06 to 0.12 apart.\n"


def log_loss(details: Sequence[Any], texts: list[str], lexicon: Lexicon) -> float:
    """Log-loss of what is written, where readings of a lexicon whose words are alike are weighed by another's."""
    losses = []
    for word, text in zip(details, texts, strict=True):
        share = {word.text: word.confidence, **dict(word.alternatives)}
        weighed = {
            read: p * (len(lexicon) * np.exp(lexicon.log_probability(read)) if read in lexicon else 1)
            for read, p in share.items()
        }
        losses.append(-np.log(max(weighed.get(text, 0.0) / sum(weighed.values()), 1e-9)))
    return float(np.mean(losses))


def confidence(setting: Setting) -> str:
    """How sure words are, beside how often they are right."""
    rng = np.random.default_rng(1)
    words = [word for word in setting.listed[:EXPECTED] if len(word) > 1][WRITTEN:]
    texts = [words[rng.integers(len(words))] for _ in range(setting.words)]
    readers = {
        FREE: setting.reader(n_best=ALL),
        TOLD: setting.reader(n_best=ALL, lexicon=setting.lexicons()[TOLD]),
    }
    heads = ["letters", "reader", "right", "sure", "off", "a temperature", "sure with it", "off with it"]
    rows = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    learned: dict[str, float] = {}
    for name, letters in hands(setting).items():
        made = compose_words(letters, texts, gap=(0.0, 0.3), random_state=6, **MANNER)
        for reader_name, reader in readers.items():
            details = reader.predict_details([word.picture for word in made])
            correct = np.array([word.text == text for word, text in zip(details, texts, strict=True)])
            if reader_name not in learned:  # the first letters are generated
                learned[reader_name] = best_temperature(details, correct)
            plain, tempered = (sureness(details, by) for by in (1.0, learned[reader_name]))
            cells = [100 * correct.mean(), 100 * plain.mean(), 100 * off(plain, correct)]
            after = [100 * tempered.mean(), 100 * off(tempered, correct)]
            rows.append(f"| {name} | {reader_name} | {' | '.join(f'{cell:.1f}' for cell in cells)} "
                        f"| {learned[reader_name]:.2f} | {' | '.join(f'{cell:.1f}' for cell in after)} |")  # fmt: skip
            click.echo(rows[-1], err=True)
    return "\n".join(rows) + f"\n\nPercent of {setting.words} words, 0.00 to 0.30 apart.\n"


def hands(setting: Setting) -> dict[str, LetterSet]:
    """Letters that a temperature is learned from, then others: from near to what models learned from to far."""
    found = {"generated": generate_letters(26 * 60, writers=60, random_state=4242, format="pictures")}
    index = setting.data / "letters" / "index.csv"
    if index.is_file():
        for source in ("tablet55", "photo62"):
            letters = load_index(index, sources=[source])
            found[f"{source}, test part"] = letters.take(letters.split == "test")
        found["scan34"] = setting.letters
    return found


def sureness(details: Sequence[Any], temperature: float) -> NDArray[np.float64]:
    """Share of the best reading among all that were found, at a temperature."""
    shares = [np.array([word.confidence, *(p for _, p in word.alternatives)]) for word in details]
    tempered = [share ** (1 / temperature) for share in shares]
    return np.array([share[0] / share.sum() for share in tempered])


def best_temperature(details: Sequence[Any], correct: NDArray[np.bool_]) -> float:
    """Find the temperature that makes what was right and wrong the likeliest."""

    def loss(log_temperature: float) -> float:
        sure = np.clip(sureness(details, float(np.exp(log_temperature))), 1e-6, 1 - 1e-6)
        return -float(np.log(np.where(correct, sure, 1 - sure)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def off(sure: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """Say how far sureness is from the share that is right over equal intervals: the expected calibration error."""
    interval = np.minimum((sure * BINS).astype(int), BINS - 1)
    apart = np.bincount(interval, weights=sure - correct, minlength=BINS)
    return float(np.abs(apart).sum() / len(sure))


def lines(setting: Setting) -> str:
    """Real lines."""
    folder = setting.data / "words"
    return real_table(folder, setting.every) if (folder / "index.csv").is_file() else f"no real lines in {folder}\n"


def speed(setting: Setting) -> str:
    """Time and memory of a word."""
    texts = setting.texts()[:50]
    made = compose_words(setting.letters, texts, gap=(0.0, 0.3), random_state=2, **MANNER)
    pictures = [word.picture for word in made]
    readers = {
        "gaps alone": setting.reader(cut="gaps", non_letter_model=None),
        FREE: setting.reader(),
        "lattice, lexicon of 10,000 words": setting.reader(lexicon=Lexicon(setting.listed[:10_000])),
        "lattice, lexicon of 50,000 words": setting.reader(lexicon=Lexicon(setting.listed[:50_000])),
    }
    rows = ["| reader | median | 9 of 10 words below |", "| --- | --- | --- |"]
    for name, reader in readers.items():
        times = 1000 * np.min([[timed(reader, picture) for picture in pictures] for _ in range(3)], axis=0)
        rows.append(f"| {name} | {np.median(times):.0f} | {np.quantile(times, 0.9):.0f} |")
        click.echo(rows[-1], err=True)
    few, length = min(1000, setting.repeats // 10), np.mean([len(text) for text in texts])
    early = 0.0
    for place in range(setting.repeats):
        reader.read(pictures[place % len(pictures)])
        if place + 1 == few:
            early = memory()
    return (
        "\n".join(rows) + f"\n\nMilliseconds of one core for a word of {length:.1f} letters on average, "
        f"the least of three times. Memory at its most: {early:.0f} MB after {few:,} words, {memory():.0f} MB after "
        f"{setting.repeats:,}.\n"
    )


def timed(reader: WordReader, picture: Any) -> float:
    """Seconds of one word."""
    start = process_time()
    reader.read(picture)
    return process_time() - start


def memory() -> float:
    """Most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def picture(setting: Setting) -> Image.Image:
    """Draw some words, a row for each gap, with what was read."""
    reader = setting.reader()
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
