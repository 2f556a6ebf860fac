"""The window, which shows a controller's state and passes on what is done."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ensemble_hwr.canvas._checks import check
from ensemble_hwr.canvas._controller import Controller
from ensemble_hwr.canvas._drawing import INK, PEN, Stroke, corner, render, zoom_to_fit
from ensemble_hwr.canvas._files import SUFFIX
from ensemble_hwr.canvas._worker import Worker
from ensemble_hwr.exceptions import DisplayError

if TYPE_CHECKING:
    import tkinter as tk

    from ensemble_hwr.canvas._reading import LetterSeen
    from ensemble_hwr.canvas._recognizer import Recognizer

_POLL = 30  # milliseconds
_PAPER, _DESK, _LINE, _TEXT, _FAINT = "#ffffff", "#f3f1ec", "#dedad2", "#23262b", "#8b8983"
_COLOURS, _TINTS = ("#1f6fb2", "#c4512d"), ("#d5e6f4", "#f8ddd3")  # of letters, in turn
_INK = f"#{INK:02x}{INK:02x}{INK:02x}"
_SIZE, _LEAST = (960, 640), (640, 460)  # of the window, in units of 1/96 inch
_CARD, _SEEN, _GAP = (142, 92), 84, 10


def open_window(*, model: str = "az", file: Path | None = None, words: Path | None = None) -> None:
    """Open a window to write in, and return when it is closed.

    Parameters
    ----------
    model : str, default="az"
        Name of a shipped model, or a model file.
    file : Path, default=None
        Strokes or a picture to begin with. Where a file of strokes is not there yet, this is where they are saved.
    words : Path, default=None
        A word list, whose words are expected.

    Raises
    ------
    DisplayError
        If there is no screen, or no tkinter.
    DataError, PictureError, ModelError
        If the file, the word list or the model cannot be read, or the model does not read letters.
    """
    check(model, words)
    root = _root()
    worker = Worker(lambda: _recognizer(model))
    try:
        controller = Controller(worker)
        if file is not None:
            controller.begin(file)
        if words is not None:
            controller.use_words(words)
        worker.start()
        window = _Window(root, controller)
        root.mainloop()
    finally:
        worker.stop()
        _destroy(root)
    if window.failure is not None:
        raise window.failure


def _recognizer(model: str) -> Recognizer:
    """Load the model; what that needs is imported beside the window, which is there at once."""
    from ensemble_hwr.canvas._recognizer import Recognizer

    return Recognizer(model)


def _root() -> tk.Tk:
    try:
        import tkinter
        import tkinter.filedialog
        import tkinter.font
        import tkinter.ttk
    except ImportError as error:
        raise DisplayError(
            f"tkinter, which draws the window, is not there ({error}); install it, on Debian by: apt install python3-tk"
        ) from None
    try:
        return tkinter.Tk(className="ensemble_hwr")
    except tkinter.TclError as error:
        raise DisplayError(
            f"no window can be opened: {error}; start this where there is a screen, or read pictures by: "
            "ensemble-hwr read"
        ) from None


def _destroy(root: tk.Tk) -> None:
    import tkinter

    try:
        root.destroy()
    except tkinter.TclError:
        return  # its user has closed it


class _Window:
    """The widgets, and what they show."""

    def __init__(self, root: tk.Tk, controller: Controller) -> None:
        from tkinter import StringVar

        self.root = root
        self.controller = controller
        self.failure: BaseException | None = None
        self._unit = min(max(root.winfo_fpixels("1i") / 96, 1.0), 4.0)  # pixels of a unit of length
        self._zoom = self._unit
        self._images: list[tk.PhotoImage] = []  # Tk shows an image as long as somebody holds it
        self._drawn: object = None
        self._text, self._status = StringVar(root), StringVar(root)
        root.report_callback_exception = self._fail  # type: ignore[assignment]
        root.withdraw()  # until everything is in its place
        root.configure(background=_DESK)
        width, height = (min(self._px(side), round(0.9 * most)) for side, most in zip(
            _SIZE, (root.winfo_screenwidth(), root.winfo_screenheight()), strict=True))  # fmt: skip
        root.geometry(f"{width}x{height}")
        root.minsize(*(min(self._px(side), most) for side, most in zip(_LEAST, (width, height), strict=True)))
        self._style()
        self._tools()
        self._result()
        self._paper()
        self._keys()
        self._show()
        root.update_idletasks()
        root.deiconify()
        root.after(_POLL, self._poll)

    def _px(self, length: float) -> int:
        return round(length * self._unit)

    def _font(self, size: float, *, bold: bool = False) -> tuple[Any, ...]:
        return (self._family, -self._px(size), "bold") if bold else (self._family, -self._px(size))

    def _style(self) -> None:
        from tkinter import font, ttk

        there = set(font.families(self.root))
        wanted = ("Segoe UI", "SF Pro Text", "Helvetica Neue", "Noto Sans", "DejaVu Sans", "Liberation Sans")
        self._family = next((name for name in wanted if name in there), "TkDefaultFont")
        style = ttk.Style(self.root)
        style.theme_use("clam")
        plain: dict[str, Any] = {"background": _DESK, "foreground": _TEXT, "font": self._font(13)}
        style.configure(".", **plain)
        style.configure("TFrame", background=_DESK)
        style.configure("TLabel", **plain)
        style.configure("Word.TLabel", background=_DESK, foreground=_TEXT, font=self._font(40, bold=True))
        style.configure("Status.TLabel", background=_DESK, foreground=_FAINT, font=self._font(13))
        style.configure("TButton", borderwidth=0, relief="flat", padding=(self._px(11), self._px(6)))
        style.map("TButton", background=[("active", _LINE)], foreground=[("disabled", _FAINT)])
        style.configure("TButton", focuscolor=_DESK)

    def _tools(self) -> None:
        from tkinter import ttk

        bar = ttk.Frame(self.root, padding=(self._px(14), self._px(8)))
        bar.pack(side="top", fill="x")
        self._buttons = {}
        for name, action in (("Undo", self.controller.undo), ("Redo", self.controller.redo),
                             ("Clear", self.controller.clear), ("", None), ("Open", self._open),
                             ("Save", self._save)):  # fmt: skip
            if action is None:
                line = ttk.Frame(bar, width=self._px(18))
                line.pack(side="left")
                continue
            button = ttk.Button(bar, text=name, width=0, takefocus=False, command=self._then_show(action))
            button.pack(side="left", padx=self._px(1))
            self._buttons[name] = button
        ttk.Button(bar, text="Choose word list", width=0, takefocus=False, command=self._choose_words).pack(
            side="right"
        )
        self._words = ttk.Button(bar, width=0, takefocus=False, command=self._switch_words)
        self._words.pack(side="right")

    def _paper(self) -> None:
        from tkinter import Canvas

        self._canvas = Canvas(self.root, background=_PAPER, highlightthickness=1, highlightbackground=_LINE,
                              cursor="pencil")  # fmt: skip
        self._canvas.pack(side="top", fill="both", expand=True, padx=self._px(20))
        self._canvas.bind("<ButtonPress-1>", self._press)
        self._canvas.bind("<B1-Motion>", self._move)
        self._canvas.bind("<ButtonRelease-1>", self._lift)
        self._canvas.bind("<Configure>", lambda _: self._redraw())

    def _result(self) -> None:
        from tkinter import Canvas, ttk

        height = self._px(_CARD[1] + 22)
        self._cards = Canvas(self.root, background=_DESK, highlightthickness=0, height=height)
        self._cards.pack(side="bottom", fill="x", padx=self._px(20), pady=(0, self._px(8)))
        for key, step in (("<Button-4>", -1), ("<Button-5>", 1)):
            self._cards.bind(key, lambda _, step=step: self._cards.xview_scroll(step, "units"))  # type: ignore[misc]
        self._cards.bind("<MouseWheel>", lambda event: self._cards.xview_scroll(-1 if event.delta > 0 else 1, "units"))
        row = ttk.Frame(self.root, padding=(self._px(20), self._px(8), self._px(20), self._px(4)))
        row.pack(side="bottom", fill="x")
        ttk.Label(row, textvariable=self._text, style="Word.TLabel").pack(side="left")
        ttk.Label(row, textvariable=self._status, style="Status.TLabel").pack(
            side="right", anchor="s", pady=self._px(8)
        )

    def _keys(self) -> None:
        key = "Command" if self.root.tk.call("tk", "windowingsystem") == "aqua" else "Control"
        for keys, action in {
            (f"{key}-z",): self.controller.undo,
            (f"{key}-y", f"{key}-Shift-Z"): self.controller.redo,
            ("Escape", f"{key}-n"): self.controller.clear,
            (f"{key}-o",): self._open,
            (f"{key}-s",): self._save,
            (f"{key}-Shift-S",): self._save_as,
            (f"{key}-l",): self._switch_words,
            (f"{key}-q", f"{key}-w"): self.root.destroy,
        }.items():
            for name in keys:
                self.root.bind(f"<{name}>", self._then_show(action))

    def _then_show(self, action: Callable[[], Any]) -> Callable[..., None]:
        def act(*_: object) -> None:
            action()
            if action != self.root.destroy:
                self._show()

        return act

    def _fail(self, _: object, error: BaseException, __: object) -> None:
        """End the window by an error; Ctrl-C in the terminal comes here too."""
        self.failure = error
        self.root.quit()

    def _poll(self) -> None:
        if self.controller.poll():
            if self.controller.fatal is not None:
                raise self.controller.fatal
            self._show()
        self.root.after(_POLL, self._poll)

    # What is done with the pen

    def _press(self, event: tk.Event[Any]) -> None:
        self.controller.press(event.x / self._zoom, event.y / self._zoom)
        self._canvas.delete("hint")
        self._dot(event.x, event.y)

    def _move(self, event: tk.Event[Any]) -> None:
        if self.controller.move(event.x / self._zoom, event.y / self._zoom):
            first, last = self.controller.pen[-2:]
            ends = [edge * self._zoom for edge in (first.x, first.y, last.x, last.y)]
            self._canvas.create_line(*ends, width=PEN * self._zoom, fill=_INK, capstyle="round", tags="pen")

    def _lift(self, _: tk.Event[Any]) -> None:
        self.controller.lift()
        self._show()

    def _dot(self, x: float, y: float) -> None:
        reach = PEN / 2 * self._zoom
        self._canvas.create_oval(x - reach, y - reach, x + reach, y + reach, fill=_INK, width=0, tags="pen")

    # Files

    def _open(self) -> None:
        from tkinter import filedialog

        pictures = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp")
        kinds: list[tuple[str, Any]] = [("Strokes and pictures", (SUFFIX, *pictures)), ("All files", "*")]
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
            parent=self.root, title="Save strokes, and a picture beside them", defaultextension=SUFFIX,
            initialfile="word.json", filetypes=[("Strokes", SUFFIX)],
        )  # fmt: skip
        if name:
            self.controller.save(Path(name))

    def _choose_words(self) -> None:
        from tkinter import filedialog

        name = filedialog.askopenfilename(parent=self.root, title="Open a word list: a word in each line")
        if name:
            self.controller.use_words(Path(name))
        self._show()

    def _switch_words(self) -> None:
        """Use the word list or do without; choose one where there is none yet."""
        if self.controller.words:
            self.controller.expect(not self.controller.expecting)
        else:
            self._choose_words()
        self._show()

    # What is shown

    def _show(self) -> None:
        """Show everything as it is now."""
        controller = self.controller
        self.root.title(controller.title)
        self._text.set(controller.reading.text if controller.reading is not None else "")
        self._status.set(controller.status)
        size = f" ({controller.words:,})" if controller.words else ""
        name = controller.word_list.name if controller.word_list is not None else "Expect words of a list"
        mark = "\N{BALLOT BOX WITH CHECK}" if controller.expecting else "\N{BALLOT BOX}"
        self._words.configure(text=f"{mark} {name}{size}")
        for name, on in (("Undo", controller.history.past), ("Redo", controller.history.future),
                         ("Clear", controller.drawing), ("Save", controller.drawing)):  # fmt: skip
            self._buttons[name].state(["!disabled" if on else "disabled"])
        self._redraw()

    def _redraw(self) -> None:
        """Draw paper, ink and boxes anew."""
        canvas, controller = self._canvas, self.controller
        canvas.delete("all")
        width, height = canvas.winfo_width(), canvas.winfo_height()
        self._zoom = zoom_to_fit(controller.drawing.extent, (width, height), self._unit)
        self._images = []
        if controller.drawing:
            left, top = (edge * self._zoom for edge in corner(controller.drawing))
            image = self._image(Image.fromarray(render(controller.drawing, zoom=self._zoom)))
            canvas.create_image(left, top, image=image, anchor="nw")
        elif not controller.pen:
            canvas.create_text(width / 2, height / 2, text="Write here, in capitals", fill="#c9c5bb",
                               font=self._font(28), tags="hint")  # fmt: skip
        self._stroke(tuple(controller.pen))
        letters = () if controller.reading is None else controller.reading.letters
        if not controller.busy:
            for place, letter in enumerate(letters):
                self._box(place, letter)
        self._cards.delete("all")
        for place, letter in enumerate(letters):
            self._card(place, letter)
        right = len(letters) * self._px(_CARD[0] + _GAP)
        self._cards.configure(scrollregion=(0, 0, max(right, 1), self._px(_CARD[1])))

    def _stroke(self, stroke: Stroke) -> None:
        if not stroke:
            return
        ends = [edge * self._zoom for point in stroke for edge in point[:2]]
        self._dot(*ends[:2])
        if len(stroke) > 1:
            self._canvas.create_line(*ends, width=PEN * self._zoom, fill=_INK, capstyle="round", joinstyle="round")

    def _box(self, place: int, letter: LetterSeen) -> None:
        away = self._px(7)
        left, top, right, bottom = (round(edge * self._zoom) for edge in letter.box)
        colour = _COLOURS[place % 2]
        self._canvas.create_rectangle(left - away, top - away, right + away, bottom + away, outline=colour,
                                      width=self._px(1.4))  # fmt: skip
        self._canvas.create_text((left + right) / 2, max(top - away - self._px(3), self._px(16)), anchor="s",
                                 text=letter.guesses[0][0], fill=colour, font=self._font(15, bold=True))  # fmt: skip

    def _card(self, place: int, letter: LetterSeen) -> None:
        """Show what the model sees of a letter, and its guesses with bars as long as they are probable."""
        cards, px = self._cards, self._px
        left, (width, height) = place * px(_CARD[0] + _GAP), (px(_CARD[0]), px(_CARD[1]))
        colour, tint = _COLOURS[place % 2], _TINTS[place % 2]
        cards.create_rectangle(left, 1, left + width, height, fill=_PAPER, outline=_LINE)
        cards.create_rectangle(left, 0, left + width, px(3), fill=colour, width=0)
        side = px(_SEEN)
        seen = Image.fromarray((255 - 255 * letter.seen).astype(np.uint8)).resize(
            (side, side), Image.Resampling.NEAREST
        )
        cards.create_image(left + px(3), px(6), image=self._image(seen), anchor="nw")
        for row, (text, p) in enumerate(letter.guesses):
            x, y = left + side + px(6), px(10 + 27 * row)
            full = width - side - px(12)
            cards.create_rectangle(x, y, x + max(1, round(full * min(p, 1.0))), y + px(22), fill=tint, width=0)
            cards.create_text(x + px(4), y + px(11), text=text, anchor="w", fill=colour if row == 0 else _TEXT,
                              font=self._font(15, bold=row == 0))  # fmt: skip
            cards.create_text(x + full - px(1), y + px(11), text=f"{100 * p:.0f}", anchor="e", fill=_FAINT,
                              font=self._font(11))  # fmt: skip

    def _image(self, image: Image.Image) -> tk.PhotoImage:
        from tkinter import PhotoImage

        png = BytesIO()
        image.save(png, "PNG")
        self._images.append(PhotoImage(master=self.root, data=b64encode(png.getvalue())))
        return self._images[-1]
