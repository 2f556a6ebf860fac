"""Profile of the writer in a reading process: its letters, and a reader that is adapted to them in the background."""

from __future__ import annotations

import threading
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ensemble_hwr.adaptation.profiles import Profile, ProfileModel, adapt_to_profile
from ensemble_hwr.canvas import Drawing
from ensemble_hwr.canvas.recognizer import label_drawing
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.images.sources import FilePage, describe
from ensemble_hwr.reading import LabelledLetters, WordReader
from ensemble_hwr.web._messages import KeepLetters, KeepWord, ProfileTask

Version = tuple[int, ...] | None

_LARGEST_LAG = 4.0  # nats for each letter: a text with a letter too many or too few differs by more


@dataclass(frozen=True)
class Adapted:
    """A reader, and the letters that its model is adapted by.

    Attributes
    ----------
    version : tuple of int or None
        Version of the profile.
    reader : WordReader
    found : ProfileModel
    problem : str
        Why the profile cannot be used; "" if it can.
    """

    version: Version
    reader: WordReader = field(repr=False)
    found: ProfileModel = field(repr=False)
    problem: str = ""


class Writer:
    """The profile of a writer, and the reader that is adapted to it in a thread.

    The thread never changes what is read: a new reader is used from the next call of `update` on.

    Parameters
    ----------
    profile : Profile
    model : estimator
        The model itself, of pictures.
    make_reader : callable
        Returns the reader of a model.
    open_picture : callable
        Opens a picture, which is given as bytes, within the limits of the server.

    Attributes
    ----------
    adapted : Adapted
        The reader that is used.
    """

    def __init__(
        self,
        profile: Profile,
        model: Any,
        make_reader: Callable[[Any], WordReader],
        open_picture: Callable[[bytes], FilePage],
    ) -> None:
        self.profile, self._open = profile, open_picture
        profile.letters()  # a file that cannot be read is an error at the start
        self._model, self._make_reader = model, make_reader
        self.adapted = self._base = Adapted(None, make_reader(model), ProfileModel(model, {}, None))
        self._thread: threading.Thread | None = None
        self._finished: Adapted | None = None
        self._counted: tuple[Version, dict[str, int]] = (None, {})

    def update(self) -> None:
        """Use a reader that is ready, and adapt in the background if the profile has changed."""
        version = self.profile.version()
        if self._thread is not None and not self._thread.is_alive():
            self._thread, finished = None, self._finished
            if finished is not None and version is not None:
                self.adapted = finished
        if version is None:
            self.adapted = self._base
        elif version != self.adapted.version and self._thread is None:
            self._thread = threading.Thread(target=self._adapt, args=(version,), name="writer", daemon=True)
            self._thread.start()

    def perform(self, task: ProfileTask) -> dict[str, Any] | bytes:
        """Keep letters, or describe, export or delete the profile.

        Raises
        ------
        DataError, PictureError
            If a letter or a word cannot be used, or the file of the profile cannot be written.
        """
        notes: dict[str, Any] = {}
        if isinstance(task, KeepLetters):
            notes = self._keep_letters(task)
        elif isinstance(task, KeepWord):
            notes = self._keep_word(task)
        elif task.action == "export":
            return self.profile.content()
        elif task.action == "delete":
            self.profile.delete()
        self.update()
        return {**self._describe(), **notes}

    def _keep_letters(self, task: KeepLetters) -> dict[str, Any]:
        rows = np.stack([np.frombuffer(pixels, np.uint8) for pixels, _ in task.letters]) / np.float32(255)
        labels = [self._spelled(label) for _, label in task.letters]
        self.profile.add(rows, labels)
        return {"kept": len(labels)}

    def _keep_word(self, task: KeepWord) -> dict[str, Any]:
        found = self._aligned(task.word, "".join(task.text.split()))
        if found.left_out:
            raise DataError(found.left_out[0][1])
        if found.labels:
            self.profile.add(np.stack(found.rows), found.labels)
        return {"kept": len(found.labels), "uncertain": found.n_uncertain}

    def _aligned(self, word: Any, text: str) -> LabelledLetters:
        reader = self.adapted.reader
        if not isinstance(word, bytes):
            points = [[(*point, 0.0)[:3] for point in stroke] for stroke in word]
            return label_drawing(reader, Drawing.from_arrays(points), text, largest_lag=_LARGEST_LAG)
        picture = self._open(word)
        found = reader.label_letters([picture], [text], largest_lag=_LARGEST_LAG)
        found.left_out = [(place, why.replace(describe(picture), "the picture", 1)) for place, why in found.left_out]
        return found

    def _spelled(self, label: str) -> str:
        """Return a label of the model, in upper or lower case."""
        letters = self._base.reader.classes_.tolist()
        found = next((form for form in (label, label.upper(), label.lower()) if form in letters), None)
        if found is None:
            raise DataError(f"letter: {label!r} cannot be read; the letters of the model are {''.join(letters)!r}")
        return found

    def _describe(self) -> dict[str, Any]:
        adapted, counts = self.adapted, self._counts()
        exported = adapted.found.export()
        is_adapted = exported["gain"] is not None
        state = "adapting" if self._thread else "adapted" if is_adapted else "waiting" if counts else "empty"
        summary = adapted.problem or exported["summary"]
        return {
            "name": self.profile.name,
            "letters": sum(counts.values()),
            "counts": counts,
            "state": state,
            "gain": exported["gain"],
            "summary": summary,
        }

    def _counts(self) -> dict[str, int]:
        """Return the number of letters by label; the file is read if it has changed."""
        version = self.profile.version()
        if self._counted[0] != version:
            self._counted = version, dict(sorted(Counter(self.profile.letters()[1].tolist()).items()))
        return self._counted[1]

    def _adapt(self, version: Version) -> None:
        """Adapt the model and make its reader, in the thread."""
        try:
            found = adapt_to_profile(self._model, self.profile)
            self._finished = Adapted(version, self._make_reader(found.model), found)
        except DataError as error:
            self._finished = replace(self._base, version=version, problem=str(error))
        except Exception as error:  # reading goes on with the model itself
            traceback.print_exc()
            self._finished = replace(self._base, version=version, problem=f"{type(error).__name__}: {error}")
