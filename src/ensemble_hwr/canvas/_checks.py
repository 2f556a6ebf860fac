"""What the window is to use, looked at before it opens, without importing what reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence import read_manifest


def check(model: str, words: Path | None = None) -> None:
    """Refuse a model that cannot read letters, and a word list without a word for it.

    Only manifest and list are read, so that the window is there at once; what they do not show is found out when the
    model is loaded.

    Parameters
    ----------
    model : str
        Name of a shipped model, or a model file.
    words : Path, default=None

    Raises
    ------
    ModelError
        If there is no such model, or it tells other things apart than letters.
    DataError
        If the list cannot be read, or the model cannot read any of its words.
    """
    classes = [str(label) for label in read_manifest(model).get("classes") or ()]
    if not all(len(label) == 1 for label in classes):
        raise no_reader(model)
    if words is not None and not _has_word(words, classes):
        _refuse(words, classes)


def no_reader(model: str) -> ModelError:
    """Return the error about a model that does not read letters."""
    return ModelError(f"{model}: does not read pictures; give a model that ensemble-hwr train wrote.")


def _has_word(file: Path, letters: Sequence[str]) -> bool:
    """Say whether a list has a word for these letters, as far as can be told without sorting all of it."""
    try:
        if file.is_fifo():  # which can be read only once: whoever reads with it will see
            return True
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError):
        return False
    return any(word and set(letters).issuperset(word.upper()) for word in map(str.strip, lines))


def _refuse(file: Path, letters: Sequence[str]) -> None:
    """Raise what is wrong with a list, if anything is, in the words of whoever reads with it."""
    from ensemble_hwr.reading import Lexicon

    lexicon = Lexicon.from_file(file)
    if letters:
        lexicon.spelled_with(letters)
