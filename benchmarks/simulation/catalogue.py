"""All distortions with their three strengths, and mixtures of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.simulation import boxes, colours, light, lines, surface, surroundings
from benchmarks.simulation.sheet import Sheet

STRENGTHS = ("weak", "middle", "strong")


@dataclass(frozen=True)
class Distortion:
    """A distortion, its three strengths, and how a strength is written."""

    function: Callable[[Sheet, float], Sheet]
    strengths: tuple[float, float, float]
    unit: str

    def __call__(self, sheet: Sheet, level: int) -> Sheet:
        """Distort a sheet at a strength from 0 to 2."""
        return self.function(sheet, self.strengths[level])

    def describe(self, level: int) -> str:
        """Return a strength with its unit."""
        return self.unit.format(self.strengths[level])


_DARKER, _INK, _HEIGHTS, _WIDE, _DEGREES = (
    "darker by {:.0%}",
    "{:.0%} of the ink",
    "{:g} heights",
    "{:g} heights wide",
    "{:g} degrees",
)
_ABSORBS = "{:.0%} of the colour"
_PRINT = (0.3, 0.6, 1.0)

DISTORTIONS: dict[str, Distortion] = {
    "shadow": Distortion(light.shadow, (0.15, 0.30, 0.50), _DARKER),
    "soft shadow": Distortion(light.soft_shadow, (2.0, 1.0, 0.3), "edge {:g} heights wide"),
    "strip of shadow": Distortion(light.strip_of_shadow, (2.0, 1.0, 0.5), _WIDE),
    "vignette": Distortion(light.vignette, (0.3, 0.5, 0.7), _DARKER),
    "lamp": Distortion(light.lamp, (0.3, 0.5, 0.7), _DARKER),
    "fold": Distortion(light.fold, (0.05, 0.12, 0.20), _DARKER),
    "desk on one side": Distortion(surroundings.desk(1), (0.2, 0.5, 1.0), _WIDE),
    "desk on two sides": Distortion(surroundings.desk(2), (0.2, 0.5, 1.0), _WIDE),
    "desk on three sides": Distortion(surroundings.desk(3), (0.2, 0.5, 1.0), _WIDE),
    "desk on all sides": Distortion(surroundings.desk(4), (0.2, 0.5, 1.0), _WIDE),
    "dark rim": Distortion(surroundings.rim, (0.03, 0.08, 0.20), _WIDE),
    "black corners": Distortion(surroundings.corners, (2, 4, 8), _DEGREES),
    "perspective": Distortion(surroundings.perspective, (10, 20, 30), _DEGREES),
    "ruled lines": Distortion(lines.ruled, (0.3, 0.5, 0.8), _INK),
    "squared paper": Distortion(lines.squared, (0.15, 0.3, 0.5), _INK),
    "dotted paper": Distortion(lines.dotted, _PRINT, _INK),
    "margin": Distortion(lines.margin, (0.3, 0.5, 0.8), _INK),
    "underline": Distortion(lines.underline, (0.3, 0.2, 0.1), "{:g} heights below"),
    "touching underline": Distortion(lines.touching_underline, (-0.04, 0.0, 0.04), "{:g} heights inside"),
    "double underline": Distortion(lines.double_underline, (0.3, 0.2, 0.1), "{:g} heights below"),
    "rising underline": Distortion(lines.rising_underline, (1, 2, 4), _DEGREES),
    "wavy underline": Distortion(lines.wavy_underline, (0.05, 0.10, 0.15), _HEIGHTS),
    "frame": Distortion(boxes.frame, _PRINT, _INK),
    "box per letter": Distortion(boxes.boxes, _PRINT, _INK),
    "comb": Distortion(boxes.comb, _PRINT, _INK),
    "table cells": Distortion(boxes.cells, _PRINT, _INK),
    "pencil by contrast": Distortion(surface.pencil_contrast, (0.40, 0.25, 0.15), "contrast {:.0%}"),
    "pencil by grain": Distortion(surface.pencil_grain, (4, 8, 14), "{:g} grey levels"),
    "show-through": Distortion(surface.show_through, (0.1, 0.2, 0.3), _DARKER),
    "stains": Distortion(surface.stains, (0.1, 0.2, 0.35), _DARKER),
    "highlighter": Distortion(colours.highlighter, (0.4, 0.65, 0.9), _ABSORBS),
    "blue ruling": Distortion(colours.blue_ruling, (0.5, 0.8, 1.2), _ABSORBS),
    "coloured squares": Distortion(colours.squares, (0.5, 0.8, 1.2), _ABSORBS),
    "blue pen on ruling": Distortion(colours.notebook, (0.5, 0.8, 1.2), _ABSORBS),
    "red table": Distortion(colours.red_cells, (0.5, 0.8, 1.2), _ABSORBS),
    "red pen": Distortion(colours.red_pen, (0.7, 0.45, 0.3), "contrast {:.0%}"),
    "pale pen": Distortion(colours.pale_pen, (0.7, 0.45, 0.3), "contrast {:.0%}"),
    "blur": Distortion(surface.blur, (0.02, 0.04, 0.07), _HEIGHTS),
    "phone noise": Distortion(surface.phone_noise, (4, 8, 14), "{:g} grey levels"),
    "JPEG": Distortion(surface.jpeg, (40, 20, 10), "quality {:g}"),
}

MIXTURES: dict[str, tuple[str, ...]] = {
    "notebook: ruled lines, shadow, phone noise, JPEG": ("ruled lines", "shadow", "phone noise", "JPEG"),
    "form: table cells, desk, lamp, blur": ("table cells", "desk on two sides", "lamp", "blur"),
    "sketch: pencil on dotted paper, stains, vignette": ("dotted paper", "pencil by contrast", "stains", "vignette"),
}
