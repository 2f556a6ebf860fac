"""Words in small letters, capitals and digits: right words, case and numbers, with and without a lexicon.

    python -m benchmarks.mixed_words MODEL --words 120 --gap 0.2
    python -m benchmarks.mixed_words mixed --update     also write the tables into docs/user_guide/reading_words.md

Words are composed of the test letters of unipen62 in the folder ENSEMBLE_HWR_DATA, whose writers train no model: common
words in small letters, with a capital, and in capitals, numbers of 1 to 6 digits, and codes such as B12 and 42a. Do
not choose settings by these figures.

The second table has words in typefaces drawn from handwriting, many of which join their letters. Their letters trained
the classifier, but their words trained no model.

The third table has short words whose letters have one shape in both cases, such as "so" and "cow". They are composed
of generated letters, on lines with longer words, and read alone or with their line.

With ``--part non_letter``, the non-letter models of capitals and of all classes are compared, on texts that trained
neither of them, in the table of docs/notes/mixed.md. With ``--part slash``, prices of a slash after a letter are
compared on generated letters and on training letters, and with ``--part numbers`` wrong numbers are counted by cause.

The table of marks has words with and without marks, of generated letters, read with several alphabets. McNemar's test
compares the texts without marks with those that are read without marks; use --words 1000, since costs are small.

The last table has real lines of street names, many of them joined, whose characters are compared without diacritics.
"""

from __future__ import annotations

import csv
import json
import string
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.letters import DATA
from benchmarks.mixed import CLASSES, letters_of
from benchmarks.non_letter import training_words, with_ink
from benchmarks.pages import put
from benchmarks.typefaces import TypefaceWord, typefaces, write_in_typefaces
from benchmarks.vocabulary import common_words, evaluation_words, marked_texts, mixed_texts
from ensemble_hwr import WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.alphabets import MARKS
from ensemble_hwr.datasets import Composition, LetterSet, concatenate
from ensemble_hwr.evaluation import mcnemar
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.reading import Lexicon, character_error_rate
from ensemble_hwr.reading._decoder import Graph, decode
from ensemble_hwr.reading._language_models import CaseModel, CasePrices
from ensemble_hwr.reading.models import COMMON_MARKS
from ensemble_hwr.segmentation import cut_page, cut_word

PAGE = Path(__file__).parent.parent / "docs" / "user_guide" / "reading_words.md"
NOTES = PAGE.parent.parent / "notes" / "mixed.md"
LEXICON_SIZE = 10_000
SHORT = ["so", "us", "cow", "up", "ox", "zoo", "cup", "sow", "vow", "coz", "Sue", "OX", "UK", "WC", "CO", "Pop", "Kos"]
LONG = ["house", "garden", "bridge", "little", "yellow", "London", "Friday", "HOTEL", "quickly", "people", "flight"]
PARTS = ("composed", "joined", "lines", "marks", "real", "non_letter", "slash", "numbers")
IN_NOTES = ("non_letter", "slash", "numbers")
TEST_SOURCES = ("unipen62",)
SLASH_PRICES = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0)  # in nats
KINDS = ("lower", "title", "upper", "number", "code")


@click.command()
@click.argument("model")
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="Default: the tables of the user guide.")
@click.option("--words", type=click.IntRange(5), default=300, show_default=True, help="Composed words per gap.")
@click.option("--gap", "gaps", type=float, multiple=True, default=(0.12, 0.2), show_default=True)
@click.option("--lines", type=click.IntRange(2), default=100, show_default=True, help="Lines of short words.")
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Read every n-th real line.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="JSON file for the figures.")
@click.option("--update", is_flag=True, help="Write the tables into docs/user_guide/reading_words.md.")
def main(
    *,
    model: str,
    parts: tuple[str, ...],
    words: int,
    gaps: Sequence[float],
    lines: int,
    every: int,
    output: Path | None,
    update: bool,
) -> None:
    """Read words with a model and print the figures."""
    classifier = load_model(model)
    measures = {
        "composed": lambda: composed_words(classifier, words, gaps),
        "joined": lambda: joined_words(classifier, words),
        "lines": lambda: short_words(WordReader(classifier).fit(), lines),
        "marks": lambda: words_with_marks(classifier, words),
        "real": lambda: real_lines(classifier, every),
        "non_letter": lambda: compared_non_letter_models(classifier, words),
        "slash": lambda: prices_of_a_slash(classifier, words),
        "numbers": lambda: numbers_by_cause(classifier, words),
    }
    found = {part: measures[part]() for part in parts or PARTS if parts or part not in IN_NOTES}
    for part, figures in found.items():
        click.echo(f"{part}\n{table(figures)}")
        if update:
            page = NOTES if part in IN_NOTES else PAGE
            put(page, f"python -m benchmarks.mixed_words, {part}", f"{table(figures)}\n")
    if output is not None:
        output.write_text(json.dumps(found, indent=1), encoding="utf-8")


def composed_words(classifier: Any, count: int, gaps: Sequence[float]) -> dict[str, dict[str, float]]:
    """Return the shares of right words of unseen letters, with and without a lexicon."""
    letters, texts = (
        letters_of("unipen62"),
        mixed_texts(evaluation_words(common_words()), count, np.random.default_rng(0)),
    )
    found = {}
    for gap in gaps:
        made = compose_words(letters, texts, gap=gap, random_state=0)
        for name, reader in readers(classifier).items():
            found[f"gap {gap}, {name}"] = figures(reader, made)
            click.echo(f"gap {gap}, {name}: {found[f'gap {gap}, {name}']}", err=True)
    return found


def joined_words(classifier: Any, count: int) -> dict[str, dict[str, float]]:
    """Return the shares of right words in typefaces whose words trained no model, with and without a lexicon."""
    rng = np.random.default_rng(1)
    texts = mixed_texts(evaluation_words(common_words()), count, rng)
    made = write_in_typefaces(texts, typefaces(held_out=True), rng)
    return {name: figures(reader, made) for name, reader in readers(classifier).items()}


def readers(classifier: Any) -> dict[str, WordReader]:
    """Return readers without a lexicon and with the most common words."""
    lexicon = Lexicon([word.lower() for word in common_words()[:LEXICON_SIZE]])
    return {
        "no lexicon": WordReader(classifier, errors="empty").fit(),
        "lexicon": WordReader(classifier, lexicon=lexicon, errors="empty").fit(),
    }


def words_with_marks(classifier: Any, count: int) -> dict[str, dict[str, Any]]:
    """Return the shares of right texts with and without marks, of generated letters, by the alphabet of the reader.

    The texts without marks are compared with those of the first alphabet, which has no marks.
    """
    samples = texts_with_and_without_marks(evaluation_words(common_words()), count, np.random.default_rng(7))
    letters = letters_and_marks("generated", 95)
    made = {name: compose_words(letters, texts, gap=(0.0, 0.3), random_state=0) for name, texts in samples.items()}
    found: dict[str, dict[str, Any]] = {}
    without: NDArray[np.bool_] | None = None
    for alphabet in ("a-zA-Z0-9", f"a-zA-Z0-9{COMMON_MARKS}", f"a-zA-Z0-9{MARKS}"):
        right = {name: _right(WordReader(classifier, alphabet=alphabet), some) for name, some in made.items()}
        plain = right["texts without marks"]
        chance = "" if without is None else f"{mcnemar(without, plain).p_value:.2g}"
        found[f"`{alphabet}`"] = {**{name: float(some.mean()) for name, some in right.items()}, "p (McNemar)": chance}
        without = plain if without is None else without
    return found


def texts_with_and_without_marks(words: Sequence[str], count: int, rng: np.random.Generator) -> dict[str, list[str]]:
    """Return as many texts with marks as without."""
    marked = [text for text in marked_texts(words, 2 * count, rng) if set(text) & set(MARKS)][:count]
    return {"texts with marks": marked, "texts without marks": mixed_texts(words, count, rng)}


def letters_and_marks(source: str, random_state: int, characters: str = CLASSES + MARKS) -> LetterSet:
    """Return generated letters and marks, or the letters of a source with generated marks."""
    marks = "".join(mark for mark in MARKS if mark in characters)
    made = characters if source == "generated" else marks
    parts = [] if source == "generated" else [real_letters(source, characters)]
    if made:
        parts.append(
            generate_letters(len(made) * 40, letters=made, writers=40, format="pictures", random_state=random_state)
        )
    return concatenate([LetterSet(part.data, part.target) for part in map(with_ink, parts)])


def real_letters(source: str, characters: str) -> LetterSet:
    """Return the letters of a source that trained the classifier, or of a test source all."""
    real = letters_of(source)
    real = real if real.split is None or source in TEST_SOURCES else real.take(real.split != "test")
    return real.take(np.isin(real.target, list(characters)))


def prices_of_a_slash(classifier: Any, count: int) -> dict[str, dict[str, Any]]:
    """Return the shares of right texts with all marks, by the price of a slash that does not follow a digit.

    Letters and words are others than those of the other tables; p-values compare with the price 0.
    """
    reader = WordReader(classifier, alphabet=f"a-zA-Z0-9{MARKS}").fit()
    found: dict[str, dict[str, Any]] = {f"price {price:g}": {} for price in SLASH_PRICES}
    for seed, source in enumerate(("generated", "photo62"), start=195):
        samples = texts_with_and_without_marks(training_words(), count, np.random.default_rng(seed))
        letters = letters_and_marks(source, seed)
        for name, texts in samples.items():
            words = compose_words(letters, texts, gap=(0.0, 0.3), random_state=seed)
            graphs = [_graph(reader, word) for word in words]
            right = [_texts_of(graphs, CasePrices(slash=price)) == np.array(texts) for price in SLASH_PRICES]
            for row, some in zip(found.values(), right, strict=True):
                chance = mcnemar(right[0], some).p_value
                row[f"{source}, {name}"] = f"{100 * some.mean():.1f} (p = {chance:.2g})"
    return found


def _graph(reader: WordReader, word: Composition) -> Graph | None:
    """Return the letter scores of a word; None if its picture is blank."""
    try:
        return reader._score(cut_word(word.picture)).graph
    except PictureError:
        return None


def _texts_of(graphs: Sequence[Graph | None], prices: CasePrices) -> NDArray[np.str_]:
    """Return the best readings."""
    model = CaseModel(prices=prices)
    return np.array(["" if graph is None else decode(graph, model, beam=32)[0].text for graph in graphs])


def numbers_by_cause(classifier: Any, count: int) -> dict[str, dict[str, Any]]:
    """Return the shares of numbers of 1 to 6 digits that are read right, and of the others by cause."""
    rng = np.random.default_rng(5)
    texts = ["".join(map(str, rng.integers(0, 10, rng.integers(1, 7)))) for _ in range(count)]
    reader = WordReader(classifier, errors="empty").fit()
    found = {}
    for source in ("generated", "photo62", "tablet55", "unipen62"):
        letters = letters_and_marks(source, 195, characters=string.digits)
        words = compose_words(letters, texts, gap=0.16, random_state=5)
        found[source] = causes(list(zip(texts, reader.predict([word.picture for word in words]), strict=True)))
    return found


def causes(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the shares of numbers by what was read, and the most frequent confusions.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Numbers, and what was read.

    Returns
    -------
    dict
    """
    alike = [(number, read) for number, read in pairs if len(number) == len(read)]
    right, as_digits = sum(number == read for number, read in alike), sum(read.isdigit() for _, read in alike)
    confused = Counter(pair for number, read in alike for pair in zip(number, read, strict=True) if pair[0] != pair[1])
    shares = {
        "right": right,
        "another digit": as_digits - right,
        "a letter or mark": len(alike) - as_digits,
        "more or fewer characters": len(pairs) - len(alike),
    }
    most = ", ".join(f"{digit} as {read} ({count})" for (digit, read), count in confused.most_common(6))
    alone = [number == read for number, read in pairs if len(number) == 1]
    return {
        **{name: count / len(pairs) for name, count in shares.items()},
        "right, of one digit": float(np.mean(alone)),
        "confused most often": most,
    }


def compared_non_letter_models(classifier: Any, count: int) -> dict[str, dict[str, Any]]:
    """Return the shares of right texts with the non-letter models of capitals and of all classes."""
    rng = np.random.default_rng(1)
    texts = mixed_texts(evaluation_words(common_words()), count, rng)
    letters = with_ink(
        generate_letters(len(CLASSES) * 40, letters=CLASSES, writers=40, format="pictures", random_state=99)
    )
    samples: dict[str, Sequence[Composition | TypefaceWord]] = {
        "typefaces": write_in_typefaces(texts, typefaces(held_out=True), rng),
        **{f"generated, gap {gap}": compose_words(letters, texts, gap=gap, random_state=0) for gap in (0.12, 0.0)},
    }
    lexicon = Lexicon([word.lower() for word in common_words()[:LEXICON_SIZE]])
    models = load_model("non-letter"), load_model("non-letter-mixed")
    found = {}
    for name, made in samples.items():
        for label, expected in (("no lexicon", None), ("lexicon", lexicon)):
            old, new = (
                _right(WordReader(classifier, lexicon=expected, non_letter_model=model), made) for model in models
            )
            found[f"{name}, {label}"] = {
                "non-letter": float(old.mean()),
                "non-letter-mixed": float(new.mean()),
                "p (McNemar)": f"{mcnemar(old, new).p_value:.2g}",
            }
    return found


def _right(reader: WordReader, made: Sequence[Composition | TypefaceWord]) -> NDArray[np.bool_]:
    """Return which pictures are read correctly."""
    read = reader.set_params(errors="empty").fit().predict([word.picture for word in made])
    return np.array([found == word.text for found, word in zip(read, made, strict=True)])


def real_lines(classifier: Any, every: int) -> dict[str, dict[str, float]]:
    """Return character error rates of real lines, and of those whose words are found, with a lexicon of all words."""
    folder = DATA / "words"
    with open(folder / "index.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[::every]
    texts = [folded(row["text"]) for row in rows]
    words = sorted({word for text in texts for word in text.split()})
    found = {}
    for name, lexicon in (("no lexicon", None), ("lexicon", words)):
        reader = WordReader(classifier, lexicon=lexicon, errors="empty").fit()
        pages = [_read_page(reader, folder / row["path"]) for row in rows]
        whole = [pair for pair in zip(texts, pages, strict=True) if len(pair[0].split()) == len(pair[1].split())]
        found[name] = {
            "wrong characters": character_error_rate(texts, pages),
            "case ignored": character_error_rate([text.upper() for text in texts], [page.upper() for page in pages]),
            "lines with all words found": len(whole) / len(texts),
            "wrong characters in these": character_error_rate(*map(list, zip(*whole, strict=True))),
        }
        click.echo(f"{name}: {found[name]}", err=True)
    return found


def _read_page(reader: Any, file: Path) -> str:
    """Return the text of a picture in one line; "" if it cannot be read."""
    try:
        return " ".join(reader.read_page(file).text.split())
    except PictureError:
        return ""


def folded(text: str) -> str:
    """Return a text without diacritics."""
    composed = unicodedata.normalize("NFC", text).replace("\u00df", "ss")
    return "".join(unicodedata.normalize("NFD", character)[0] for character in composed)


def table(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the figures as a Markdown table, numbers in per cent."""
    names = [name for name in next(iter(found.values())) if not name.startswith("ms")]
    lines = [f"| read | {' | '.join(names)} |", "| --- " * (len(names) + 1) + "|"]
    for read, shares in found.items():
        values = [shares[name] for name in names]
        cells = [value if isinstance(value, str) else f"{100 * value:.1f}" for value in values]
        lines.append(f"| {read} | {' | '.join(cells)} |")
    return "\n".join(lines)


def figures(reader: Any, made: Sequence[Composition | TypefaceWord]) -> dict[str, float]:
    """Return the shares of right words by kind, of right case, and the time for a word."""
    start = process_time()
    read = [reader.predict([word.picture])[0] for word in made]
    seconds = process_time() - start
    texts = [word.text for word in made]
    kinds = np.array([kind_of(text) for text in texts])
    right = np.array([found == text for found, text in zip(read, texts, strict=True)])
    cases = [
        (found_letter == letter)
        for found, text in zip(read, texts, strict=True)
        if found.upper() == text.upper()
        for found_letter, letter in zip(found, text, strict=True)
        if letter.isalpha()
    ]
    return {
        "words": round(float(right[np.isin(kinds, KINDS[:3])].mean()), 3),
        **{kind: round(float(right[kinds == kind].mean()), 3) for kind in KINDS},
        "letters in the right case": round(float(np.mean(cases)), 3) if cases else 0.0,
        "ms per word": round(1000 * seconds / len(texts), 1),
    }


def kind_of(text: str) -> str:
    """Return which of KINDS a text is."""
    if text.isdigit():
        return "number"
    if any(map(str.isdigit, text)):
        return "code"
    return "lower" if text.islower() else "upper" if text.isupper() and len(text) > 1 else "title"


def short_words(reader: Any, count: int) -> dict[str, dict[str, float]]:
    """Return the shares of right short words and of their letters in the right case, read alone and in a line."""
    rng = np.random.default_rng(0)
    alphabet = string.ascii_letters
    letters = generate_letters(len(alphabet) * 30, letters=alphabet, writers=30, format="pictures", random_state=7)
    texts = [" ".join(rng.permutation([*rng.choice(SHORT, 3), *rng.choice(LONG, 2)])) for _ in range(count)]
    pairs: dict[str, list[tuple[str, str]]] = {"alone": [], "in a line": []}
    for text, made in zip(texts, compose_words(letters, texts, gap=0.2, random_state=3), strict=True):
        cuts = [word for line in cut_page(made.picture).lines for word in line.words]
        if len(cuts) == len(text.split()):
            line = [word.text for line in reader.read_page(made.picture).lines for word in line.words]
            alone = [reader.read_lattice(word.lattice()).text for word in cuts]
            pairs["alone"] += zip(alone, text.split(), strict=True)
            pairs["in a line"] += zip(line, text.split(), strict=True)
    return {name: _shares([pair for pair in found if pair[1] in SHORT]) for name, found in pairs.items()}


def _shares(pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Return the shares of words that are read right, and of their letters in the right case."""
    cases = [a == b for found, text in pairs if found.upper() == text.upper() for a, b in zip(found, text, strict=True)]
    right = [found == text for found, text in pairs]
    return {
        "short words": round(float(np.mean(right)), 3),
        "letters in the right case": round(float(np.mean(cases)), 3),
    }


if __name__ == "__main__":
    main()
