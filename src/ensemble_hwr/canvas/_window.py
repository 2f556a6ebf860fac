"""Window of the canvas: buttons, keys and dialogs, which call the controller and show its state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ensemble_hwr.canvas._controller import Controller
from ensemble_hwr.canvas._drawing import SUFFIX
from ensemble_hwr.canvas._painter import DESK, Look, Painter
from ensemble_hwr.canvas._reader_thread import ReaderThread, check_files
from ensemble_hwr.exceptions import DisplayError
from ensemble_hwr.persistence import read_manifest

if TYPE_CHECKING:
    import tkinter as tk

    from ensemble_hwr.adaptation.profiles import Profile
    from ensemble_hwr.canvas.recognizer import Recognizer

_POLL_MILLISECONDS = 30
_SIZE, _MIN_SIZE = (960, 640), (640, 460)  # units of 1/96 inch
_MENU_ROWS = 9  # of the letters that are not likely
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp")


def open_window(
    *, model: str = "mixed", file: Path | None = None, lexicon: Path | None = None, profile: str | None = None
) -> None:
    """Open a window for writing a word, which is read while it is written; return when the window is closed.

    Parameters
    ----------
    model : str, default="mixed"
        Name of a shipped model, or path of a model file.
    file : Path, default=None
        Strokes or a picture to open. A file of strokes that does not exist yet is the target of saving.
    lexicon : Path, default=None
        Text file with one expected word per line.
    profile : str, default=None
        Name of a writer, whose corrections are kept in the user's data folder: a click on the card of a letter offers
        the right one, and the model is adapted. With None letters cannot be corrected, and nothing is kept.

    Raises
    ------
    DisplayError
        If there is no screen, or tkinter is not installed.
    DataError, PictureError, ModelError
        If the file, the lexicon or the model cannot be read, or the model does not read letters.

    Examples
    --------
    >>> from ensemble_hwr.canvas import open_window
    >>> open_window()  # doctest: +SKIP
    """
    check_files(model, lexicon)
    letters = None if profile is None else _profile(profile)
    root = _root()
    thread = ReaderThread(lambda: _recognizer(model, letters))
    try:
        controller = Controller(thread, corrects=letters is not None)
        if file is not None:
            controller.begin(file)
        if lexicon is not None:
            controller.load_lexicon(lexicon)
        thread.start()
        window = Window(root, controller, labels=_labels(model))
        root.mainloop()
    finally:
        thread.stop()
        _destroy(root)
    if window.failure is not None:
        raise window.failure


def _recognizer(model: str, profile: Profile | None) -> Recognizer:
    """Load the model; its imports take seconds, so they happen in the thread."""
    from ensemble_hwr.canvas.recognizer import Recognizer

    return Recognizer(model, profile=profile)


def _labels(model: str) -> list[str]:
    """Return the classes of a model, by its manifest."""
    return [str(label) for label in read_manifest(model).get("classes") or ()]


def _profile(name: str) -> Profile:
    from ensemble_hwr.adaptation.profiles import Profile

    return Profile(name)


def _root() -> tk.Tk:
    try:
        import tkinter
        import tkinter.filedialog
        import tkinter.font
        import tkinter.ttk
    except ImportError as error:
        raise DisplayError(
            f"tkinter, which the window needs, cannot be imported ({error}); install it, on Debian with: "
            "apt install python3-tk"
        ) from None
    try:
        return tkinter.Tk(className="ensemble_hwr")
    except tkinter.TclError as error:
        raise DisplayError(
            f"no window can be opened: {error}; start the command on a screen, or read pictures with: ensemble-hwr read"
        ) from None


def _destroy(root: tk.Tk) -> None:
    import tkinter

    try:
        root.destroy()
    except tkinter.TclError:
        return  # already closed


class Window:
    """Widgets of the window.

    Parameters
    ----------
    root : tk.Tk
    controller : Controller

    Attributes
    ----------
    failure : BaseException or None
        Error that ended the window.
    """

    def __init__(self, root: tk.Tk, controller: Controller, *, labels: Sequence[str] = ()) -> None:
        self._labels = labels
        from tkinter import StringVar

        self.root = root
        self.controller = controller
        self.failure: BaseException | None = None
        self._look = Look(root)
        self._painter = Painter(root, self._look)
        self._text, self._status = StringVar(root), StringVar(root)
        self._buttons: dict[str, Any] = {}
        root.report_callback_exception = self._fail  # type: ignore[assignment]
        root.withdraw()  # until all widgets are placed
        root.configure(background=DESK)
        self._set_size()
        self._look.style(root)
        self._add_toolbar()
        self._add_result()
        self._add_paper()
        self._bind_keys()
        self._show()
        root.update_idletasks()
        root.deiconify()
        root.after(_POLL_MILLISECONDS, self._poll)

    # Widgets

    def _set_size(self) -> None:
        root, px = self.root, self._look.px
        screen = root.winfo_screenwidth(), root.winfo_screenheight()
        width, height = (min(px(side), round(0.9 * most)) for side, most in zip(_SIZE, screen, strict=True))
        root.geometry(f"{width}x{height}")
        root.minsize(*(min(px(side), most) for side, most in zip(_MIN_SIZE, (width, height), strict=True)))

    def _add_toolbar(self) -> None:
        from tkinter import ttk

        px, controller = self._look.px, self.controller
        bar = ttk.Frame(self.root, padding=(px(14), px(8)))
        bar.pack(side="top", fill="x")
        for group in (
            {"Undo": controller.undo, "Redo": controller.redo, "Clear": controller.clear},
            {"Open": self._open, "Save": self._save},
        ):
            for name, action in group.items():
                button = ttk.Button(bar, text=name, width=0, takefocus=False, command=self._then_show(action))
                button.pack(side="left", padx=px(1))
                self._buttons[name] = button
            ttk.Frame(bar, width=px(18)).pack(side="left")
        choose = ttk.Button(bar, text="Choose lexicon", width=0, takefocus=False, command=self._choose_lexicon)
        choose.pack(side="right")
        self._lexicon = ttk.Button(bar, width=0, takefocus=False, command=self._toggle_lexicon)
        self._lexicon.pack(side="right")

    def _add_result(self) -> None:
        from tkinter import ttk

        px = self._look.px
        self._painter.cards.bind("<ButtonPress-1>", self._offer_letters)
        self._painter.cards.pack(side="bottom", fill="x", padx=px(20), pady=(0, px(8)))
        row = ttk.Frame(self.root, padding=(px(20), px(8), px(20), px(4)))
        row.pack(side="bottom", fill="x")
        ttk.Label(row, textvariable=self._text, style="Word.TLabel").pack(side="left")
        ttk.Label(row, textvariable=self._status, style="Status.TLabel").pack(side="right", anchor="s", pady=px(8))

    def _add_paper(self) -> None:
        paper = self._painter.paper
        paper.pack(side="top", fill="both", expand=True, padx=self._look.px(20))
        paper.bind("<ButtonPress-1>", self._press)
        paper.bind("<B1-Motion>", self._move)
        paper.bind("<ButtonRelease-1>", self._lift)
        paper.bind("<Configure>", lambda _: self._painter.draw(self.controller))

    def _bind_keys(self) -> None:
        key = "Command" if self.root.tk.call("tk", "windowingsystem") == "aqua" else "Control"
        for keys, action in {
            (f"{key}-z",): self.controller.undo,
            (f"{key}-y", f"{key}-Shift-Z"): self.controller.redo,
            ("Escape", f"{key}-n"): self.controller.clear,
            (f"{key}-o",): self._open,
            (f"{key}-s",): self._save,
            (f"{key}-Shift-S",): self._save_as,
            (f"{key}-l",): self._toggle_lexicon,
            (f"{key}-q", f"{key}-w"): self.root.destroy,
        }.items():
            for name in keys:
                self.root.bind(f"<{name}>", self._then_show(action))

    # Events

    def _then_show(self, action: Callable[[], Any]) -> Callable[..., None]:
        def act(*_: object) -> None:
            action()
            if action != self.root.destroy:
                self._show()

        return act

    def _fail(self, _: object, error: BaseException, __: object) -> None:
        """Close the window because of an error, or of Ctrl-C in the terminal."""
        self.failure = error
        self.root.quit()

    def _poll(self) -> None:
        if self.controller.poll():
            if self.controller.fatal is not None:
                raise self.controller.fatal
            self._show()
        self.root.after(_POLL_MILLISECONDS, self._poll)

    def _press(self, event: tk.Event[Any]) -> None:
        self.controller.press(event.x / self._painter.zoom, event.y / self._painter.zoom)
        self._painter.start_stroke(event.x, event.y)

    def _move(self, event: tk.Event[Any]) -> None:
        if self.controller.move(event.x / self._painter.zoom, event.y / self._painter.zoom):
            self._painter.extend_stroke(tuple(self.controller.pen[-2:]))

    def _lift(self, _: tk.Event[Any]) -> None:
        self.controller.lift()
        self._show()

    def _offer_letters(self, event: tk.Event[Any]) -> None:
        """Show a menu of letters, of which the right one is chosen for the card that was clicked."""
        from tkinter import Menu

        place = self._painter.place_of_card(event.x)
        letters = () if self.controller.word is None else self.controller.word.letters
        if not self.controller.corrects or not 0 <= place < len(letters):
            return
        menu = Menu(self.root, tearoff=False, font=self._look.font(15))
        likely = [letters[place].text, *(text for text, _ in letters[place].alternatives)]
        others = [label for label in self._labels if label not in likely]
        for label in likely:
            menu.add_command(label=label, command=self._then_show(partial(self.controller.correct, place, label)))
        menu.add_separator()
        for number, label in enumerate(others):
            menu.add_command(
                label=label,
                command=self._then_show(partial(self.controller.correct, place, label)),
                columnbreak=number > 0 and number % _MENU_ROWS == 0,
            )
        menu.tk_popup(event.x_root, event.y_root)

    # Files

    def _open(self) -> None:
        from tkinter import filedialog

        kinds: list[tuple[str, Any]] = [("Strokes and pictures", (SUFFIX, *_PICTURES)), ("All files", "*")]
        name = filedialog.askopenfilename(parent=self.root, title="Open strokes or a picture", filetypes=kinds)
        if name:
            self.controller.open(Path(name))

    def _save(self) -> None:
        if self.controller.file is None:
            self._save_as()
        else:
            self.controller.save()

    def _save_as(self) -> None:
        from tkinter import filedialog

        name = filedialog.asksaveasfilename(
            parent=self.root, title="Save strokes and picture", defaultextension=SUFFIX, initialfile="word.json",
            filetypes=[("Strokes", SUFFIX)],
        )  # fmt: skip
        if name:
            self.controller.save(Path(name))

    def _choose_lexicon(self) -> None:
        from tkinter import filedialog

        name = filedialog.askopenfilename(parent=self.root, title="Open a lexicon: a text file with one word per line")
        if name:
            self.controller.load_lexicon(Path(name))
        self._show()

    def _toggle_lexicon(self) -> None:
        """Use the lexicon or not; choose one if there is none yet."""
        if self.controller.lexicon_size:
            self.controller.set_use_lexicon(not self.controller.use_lexicon)
        else:
            self._choose_lexicon()
        self._show()

    # State

    def _show(self) -> None:
        """Update all widgets."""
        controller = self.controller
        self.root.title(controller.title)
        self._text.set(controller.word.text if controller.word is not None else "")
        self._status.set(controller.status)
        size = f" ({controller.lexicon_size:,})" if controller.lexicon_size else ""
        name = controller.lexicon_file.name if controller.lexicon_file is not None else "Use a lexicon"
        mark = "\N{BALLOT BOX WITH CHECK}" if controller.use_lexicon else "\N{BALLOT BOX}"
        self._lexicon.configure(text=f"{mark} {name}{size}")
        for name, enabled in (
            ("Undo", controller.history.past), ("Redo", controller.history.future),
            ("Clear", controller.drawing), ("Save", controller.drawing),
        ):  # fmt: skip
            self._buttons[name].state(["!disabled" if enabled else "disabled"])
        self._painter.draw(controller)
