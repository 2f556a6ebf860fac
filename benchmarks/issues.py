"""Issues of readings: how often they are found in clean pictures and in spoiled ones, and blank paper of any grain.

    python -m benchmarks.issues                             4 minutes on one core
    python -m benchmarks.issues --update                    also write the tables into docs/user_guide/paper.md
    python -m benchmarks.issues --letters unseen            letters that were not used to choose limits

Clean pictures are composed words and pages, and single letters. Spoiled pictures are words under distortions that the
readers do not remove, at their strongest; an issue should be found where the word is read wrongly.
"""

from __future__ import annotations

import click
import numpy as np

from benchmarks.pages import put
from benchmarks.paper import HEIGHT, LETTERS, PAGE, letters_of, texts_of
from benchmarks.simulation import DISTORTIONS, Sheet, blank_sheet
from ensemble_hwr import PageReader, WordReader, compose_words, load_model
from ensemble_hwr.images import open_picture
from ensemble_hwr.reading.issues import letter_issues

SPOILED = ("squared paper", "dotted paper", "stains", "show-through", "pencil by contrast", "phone noise")
STRONG = 2
COLUMNS = ("letters", "clean words", "clean pages", "clean letters", "spoiled, read wrongly", "spoiled, read correctly")


@click.command()
@click.option("--words", type=click.IntRange(1), default=100, show_default=True, help="Clean words.")
@click.option("--pages", type=click.IntRange(1), default=10, show_default=True, help="Clean pages of 12 words.")
@click.option("--single", type=click.IntRange(1), default=500, show_default=True, help="Clean letters.")
@click.option("--spoiled", type=click.IntRange(1), default=15, show_default=True, help="Words per distortion.")
@click.option("--blank", type=click.IntRange(1), default=200, show_default=True, help="Blank sheets.")
@click.option(
    "--letters", "sources", type=click.Choice(list(LETTERS)), multiple=True, default=["generated", "training"]
)
@click.option("--update", is_flag=True, help="Write the tables into docs/user_guide/paper.md.")
def main(words: int, pages: int, single: int, spoiled: int, blank: int, sources: tuple[str, ...], update: bool) -> None:  # noqa: PLR0917
    """Measure and print the tables."""
    reader = WordReader(load_model("az"), errors="empty").fit()
    lines = [f"| {' | '.join(COLUMNS)} |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for source in sources:
        letters = letters_of(source)
        texts = texts_of(words + spoiled)
        made = compose_words(letters, texts, gap=0.15, height=HEIGHT, random_state=5)
        clean = reader.predict_details([one.picture for one in made[:words]])
        counts = [share([bool(word.issues) for word in clean])]
        lines_of_four = [" ".join(texts_of(12 * pages)[place : place + 4]) for place in range(0, 12 * pages, 4)]
        texts = ["\n".join(lines_of_four[place : place + 3]) for place in range(0, len(lines_of_four), 3)]
        sheets = compose_words(letters, texts, gap=0.15, height=HEIGHT, random_state=6)
        found = PageReader(reader, errors="empty").fit().predict_details([one.picture for one in sheets])
        counts.append(share([bool(page.issues) for page in found]))
        counts.append(share(of_letters(letters.data, single)))
        wrong, right = [], []
        for name in SPOILED:
            pictures = [DISTORTIONS[name](Sheet.of(one, k), STRONG).photograph() for k, one in enumerate(made[words:])]
            for one, word in zip(made[words:], reader.predict_details(pictures), strict=True):
                (right if word.text == one.text else wrong).append(bool(word.issues))
        lines.append(f"| {source} | {' | '.join([*counts, share(wrong), share(right)])} |")
        click.echo(lines[-1], err=True)
    table = "\n".join(lines) + "\n\nPictures with an issue, of all.\n\n" + blank_sheets(reader, blank) + "\n"
    click.echo(table)
    if update:
        put(PAGE, "python -m benchmarks.issues", table)


def share(found: list[bool]) -> str:
    """Return how many of some pictures have an issue."""
    return f"{sum(found)} of {len(found)}"


def of_letters(pictures: list[np.ndarray], count: int) -> list[bool]:
    """Return which of some single letters have an issue."""
    order = np.random.default_rng(0).permutation(len(pictures))[:count]
    chosen = [pictures[place] for place in order]
    chosen = [picture.reshape(28, 28) if np.ndim(picture) == 1 else picture for picture in chosen]
    normalizer, classifier = load_model("az")
    rows, failures = normalizer.transform_readable(chosen)
    greys = [open_picture(picture) for place, picture in enumerate(chosen) if place not in failures]
    best = classifier.predict_proba(rows).max(axis=1)
    issues = [bool(letter_issues(*one)) for one in zip(rows, best.tolist(), greys, strict=True)]
    return issues + [True] * len(failures)


def blank_sheets(reader: WordReader, count: int) -> str:
    """Return on how many blank sheets nothing is read: no word, no page and no letter."""
    rng = np.random.default_rng(0)
    sheets = [blank_sheet(rng) for _ in range(count)]
    words = sum(text == "" for text in reader.predict(sheets))
    pages = sum(text == "" for text in PageReader(reader, errors="empty").fit().predict(sheets))
    letters = len(load_model("az")[0].transform_readable(sheets)[1])
    counts = f"{words} of {count} as words, {pages} as pages, {letters} as letters"
    return f"Blank sheets on which nothing is read: {counts}."


if __name__ == "__main__":
    main()
