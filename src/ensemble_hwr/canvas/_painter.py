"""Painter of the canvas: the look of the window, the drawing with its boxes, and a card per letter."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ensemble_hwr.canvas._controller import Controller
from ensemble_hwr.canvas._drawing import INK, PEN, Drawing, Stroke, corner, render, zoom_to_fit

if TYPE_CHECKING:
    import tkinter as tk

    from ensemble_hwr.reading import Letter

PAPER, DESK, LINE, TEXT, FAINT = "#ffffff", "#f3f1ec", "#dedad2", "#23262b", "#8b8983"
"""Colours of the paper, the window around it, lines, text and secondary text."""

_COLOURS, _TINTS = ("#1f6fb2", "#c4512d"), ("#d5e6f4", "#f8ddd3")  # of letters, in turn
_INK = f"#{INK:02x}{INK:02x}{INK:02x}"
_HINT = "#c9c5bb"
_CARD_WIDTH, _CARD_HEIGHT, _CARD_GAP = 142, 92, 10  # units of 1/96 inch
_PIXELS_SIDE = 84  # of the pixels on a card
_N_CLASSES = 3  # on a card
_FONTS = ("Segoe UI", "SF Pro Text", "Helvetica Neue", "Noto Sans", "DejaVu Sans", "Liberation Sans")


class Look:
    """Sizes and fonts at the resolution of a screen, and the style of the widgets.

    Parameters
    ----------
    root : tk.Tk

    Attributes
    ----------
    unit : float
        Pixels per unit of 1/96 inch, from 1 to 4.
    """

    def __init__(self, root: tk.Tk) -> None:
        from tkinter import font

        self.unit = min(max(root.winfo_fpixels("1i") / 96, 1.0), 4.0)
        installed = set(font.families(root))
        self._family = next((name for name in _FONTS if name in installed), "TkDefaultFont")

    def px(self, length: float) -> int:
        """Convert a length to pixels."""
        return round(length * self.unit)

    def font(self, size: float, *, bold: bool = False) -> tuple[Any, ...]:
        """Return a font of a size in units."""
        return (self._family, -self.px(size), "bold") if bold else (self._family, -self.px(size))

    def style(self, root: tk.Tk) -> None:
        """Set the style of buttons and labels."""
        from tkinter import ttk

        style = ttk.Style(root)
        style.theme_use("clam")
        plain: dict[str, Any] = {"background": DESK, "foreground": TEXT, "font": self.font(13)}
        style.configure(".", **plain)
        style.configure("TFrame", background=DESK)
        style.configure("TLabel", **plain)
        style.configure("Word.TLabel", background=DESK, foreground=TEXT, font=self.font(40, bold=True))
        style.configure("Status.TLabel", background=DESK, foreground=FAINT, font=self.font(13))
        style.configure("TButton", borderwidth=0, relief="flat", padding=(self.px(11), self.px(6)))
        style.map("TButton", background=[("active", LINE)], foreground=[("disabled", FAINT)])
        style.configure("TButton", focuscolor=DESK)


class Painter:
    """Draws the state of a controller on two Tk canvases: the paper, and the cards of the letters.

    Parameters
    ----------
    root : tk.Tk
    look : Look

    Attributes
    ----------
    paper, cards : tk.Canvas
        To be packed by the window.
    zoom : float
        Pixels of the paper per unit of length.
    """

    def __init__(self, root: tk.Tk, look: Look) -> None:
        from tkinter import Canvas

        self._root = root
        self._look = look
        self._images: list[tk.PhotoImage] = []  # Tk shows an image only while there is a reference to it
        self.zoom = look.unit
        self.paper = Canvas(root, background=PAPER, highlightthickness=1, highlightbackground=LINE, cursor="pencil")
        height = look.px(_CARD_HEIGHT + 22)
        self.cards = Canvas(root, background=DESK, highlightthickness=0, height=height)
        for key, step in (("<Button-4>", -1), ("<Button-5>", 1)):
            self.cards.bind(key, lambda _, step=step: self.cards.xview_scroll(step, "units"))  # type: ignore[misc]
        self.cards.bind("<MouseWheel>", lambda event: self.cards.xview_scroll(-1 if event.delta > 0 else 1, "units"))

    def draw(self, controller: Controller) -> None:
        """Redraw the paper and the cards."""
        self._images = []
        self._draw_paper(controller)
        letters = () if controller.word is None else controller.word.letters
        if not controller.busy:
            for place, letter in enumerate(letters):
                self._box(place, letter)
        self.cards.delete("all")
        for place, letter in enumerate(letters):
            self._card(place, letter)
        right = len(letters) * self._look.px(_CARD_WIDTH + _CARD_GAP)
        self.cards.configure(scrollregion=(0, 0, max(right, 1), self._look.px(_CARD_HEIGHT)))

    def place_of_card(self, x: int) -> int:
        """Return the place of the letter whose card is at a position in pixels; -1 for the gap between cards."""
        place, rest = divmod(int(self.cards.canvasx(x)), self._look.px(_CARD_WIDTH + _CARD_GAP))
        return int(place) if rest < self._look.px(_CARD_WIDTH) else -1

    def start_stroke(self, x: float, y: float) -> None:
        """Draw the first point of a stroke, in pixels, and remove the hint."""
        self.paper.delete("hint")
        self._dot(x, y)

    def extend_stroke(self, pen: Stroke) -> None:
        """Draw the last segment of the stroke that is being written."""
        ends = [edge * self.zoom for point in pen[-2:] for edge in point[:2]]
        self.paper.create_line(*ends, width=PEN * self.zoom, fill=_INK, capstyle="round")

    def _draw_paper(self, controller: Controller) -> None:
        paper, drawing = self.paper, controller.drawing
        paper.delete("all")
        width, height = paper.winfo_width(), paper.winfo_height()
        self.zoom = zoom_to_fit(drawing.extent, (width, height), self._look.unit)
        if drawing:
            self._draw_ink(drawing)
        elif not controller.pen:
            paper.create_text(width / 2, height / 2, text=controller.hint, fill=_HINT,
                              font=self._look.font(28), tags="hint")  # fmt: skip
        self._draw_pen(tuple(controller.pen))

    def _draw_ink(self, drawing: Drawing) -> None:
        left, top = (edge * self.zoom for edge in corner(drawing))
        image = self._image(Image.fromarray(render(drawing, zoom=self.zoom)))
        self.paper.create_image(left, top, image=image, anchor="nw")

    def _draw_pen(self, stroke: Stroke) -> None:
        """Draw the stroke that is being written."""
        if not stroke:
            return
        ends = [edge * self.zoom for point in stroke for edge in point[:2]]
        self._dot(*ends[:2])
        if len(stroke) > 1:
            self.paper.create_line(*ends, width=PEN * self.zoom, fill=_INK, capstyle="round", joinstyle="round")

    def _dot(self, x: float, y: float) -> None:
        reach = PEN / 2 * self.zoom
        self.paper.create_oval(x - reach, y - reach, x + reach, y + reach, fill=_INK, width=0)

    def _box(self, place: int, letter: Letter) -> None:
        """Draw the box of a letter on the paper, with its text above."""
        px = self._look.px
        left, top, right, bottom = (round(edge * self.zoom) for edge in letter.box)
        colour, away = _COLOURS[place % 2], px(7)
        self.paper.create_rectangle(left - away, top - away, right + away, bottom + away, outline=colour,
                                    width=px(1.4))  # fmt: skip
        self.paper.create_text((left + right) / 2, max(top - away - px(3), px(16)), anchor="s", text=letter.text,
                               fill=colour, font=self._look.font(15, bold=True))  # fmt: skip

    def _card(self, place: int, letter: Letter) -> None:
        """Draw the pixels that were classified, and the most probable classes with bars."""
        cards, px = self.cards, self._look.px
        left, width, height = place * px(_CARD_WIDTH + _CARD_GAP), px(_CARD_WIDTH), px(_CARD_HEIGHT)
        cards.create_rectangle(left, 1, left + width, height, fill=PAPER, outline=LINE)
        cards.create_rectangle(left, 0, left + width, px(3), fill=_COLOURS[place % 2], width=0)
        if letter.row is not None:
            cards.create_image(left + px(3), px(6), image=self._pixels(letter.row), anchor="nw")
        classes = ((letter.text, letter.confidence or 0.0), *letter.alternatives)[:_N_CLASSES]
        for rank, (text, probability) in enumerate(classes):
            self._bar(place, rank, text, probability)

    def _bar(self, place: int, rank: int, text: str, probability: float) -> None:
        cards, px = self.cards, self._look.px
        x, y = place * px(_CARD_WIDTH + _CARD_GAP) + px(_PIXELS_SIDE) + px(6), px(10 + 27 * rank)
        full = px(_CARD_WIDTH) - px(_PIXELS_SIDE) - px(12)
        length = max(1, round(full * min(probability, 1.0)))
        colour = _COLOURS[place % 2] if rank == 0 else TEXT
        cards.create_rectangle(x, y, x + length, y + px(22), fill=_TINTS[place % 2], width=0)
        cards.create_text(x + px(4), y + px(11), text=text, anchor="w", fill=colour,
                          font=self._look.font(15, bold=rank == 0))  # fmt: skip
        cards.create_text(x + full - px(1), y + px(11), text=f"{100 * probability:.0f}", anchor="e", fill=FAINT,
                          font=self._look.font(11))  # fmt: skip

    def _pixels(self, row: Any) -> tk.PhotoImage:
        """Return the enlarged pixels of a row, dark ink on light paper."""
        side, size = round(len(row) ** 0.5), self._look.px(_PIXELS_SIDE)
        grey = (255 - 255 * row.reshape(side, side)).astype(np.uint8)
        return self._image(Image.fromarray(grey).resize((size, size), Image.Resampling.NEAREST))

    def _image(self, image: Image.Image) -> tk.PhotoImage:
        from tkinter import PhotoImage

        png = BytesIO()
        image.save(png, "PNG")
        self._images.append(PhotoImage(master=self._root, data=b64encode(png.getvalue())))
        return self._images[-1]
