"""Allographs of the letters A to Z as pen paths.

Notation
--------
``x,y`` is a knot of the path in hundredths of the cap height; x points right and y down, so y = 0 is the top of a
capital and y = 100 the baseline. The path is smooth at a knot unless the knot ends in ``!``, which marks a corner.
`` / `` separates strokes. Strokes are in writing order and direction.
"""

from typing import NamedTuple


class Allograph(NamedTuple):
    """A variant of a letter."""

    name: str
    weight: float  # frequency relative to the other variants; 0: drawn by name only
    path: str
    joined: bool = False  # whether it has strokes that connect it with its neighbours


SKELETONS: dict[str, tuple[Allograph, ...]] = {
    "A": (
        Allograph("three-strokes", 34, "35,0 0,100 / 35,0 70,100 / 12,64 58,64"),
        Allograph("tent", 28, "0,100 35,0! 70,100 / 12,64 58,64"),
        Allograph("leaning", 14, "0,100 50,0! 60,100 / 14,68 58,65"),
        Allograph("round-topped", 9, "2,100 4,55 12,14 34,0 56,14 66,55 68,100 / 4,58 66,57"),
        Allograph("looped-bar", 10, "0,100 36,0! 68,98! 14,70! 64,61"),
        Allograph("flat-topped", 4, "3,100 10,2! 58,1! 66,100 / 7,52 62,52"),
        Allograph("open-topped", 0, "27,2 0,100 / 43,0 70,100 / 10,62 60,61"),
        Allograph("small-letter", 0, "54,24 34,2 10,16 0,56 8,92 28,100 46,80 56,6! 60,100"),
    ),
    "B": (
        Allograph("stem-and-three", 34, "8,0 6,100 / 6,2 44,3 54,24 40,44 10,48! 52,55 60,77 45,97 4,100"),
        Allograph("one-stroke", 24, "8,0 6,99! 8,4! 42,3 54,24 40,44 12,48! 50,54 60,77 44,98 3,99"),
        Allograph("three-strokes", 12, "6,0 6,100 / 6,1 44,3 52,25 38,45 6,49 / 6,49 48,53 60,76 46,97 6,100"),
        Allograph("open-waist", 14, "10,3 8,98 / -5,11 24,0 55,15 26,46! 61,68 46,97 0,97"),
        Allograph("looped-waist", 7, "10,0 8,100 / 0,8 32,0 54,14 46,38 22,50 20,43 46,48 60,72 46,96 4,98"),
    ),
    "C": (
        Allograph("plain", 50, "64,16 48,1 24,5 5,28 0,56 10,85 33,100 55,95 67,81"),
        Allograph("shallow", 20, "58,6 30,2 8,24 2,54 12,86 36,98 64,94"),
        Allograph("closing", 15, "68,27 58,6 34,0 8,19 0,52 12,87 38,100 60,92 70,76"),
        Allograph("with-serif", 9, "62,1 61,20! 48,3 24,4 4,30 2,62 16,92 40,100 66,85"),
        Allograph("curled", 5, "46,26 56,16 46,1 24,4 5,29 0,58 12,88 36,100 66,86"),
    ),
    "D": (
        Allograph("two-strokes", 48, "6,0 6,100 / 4,1 34,4 59,24 64,54 50,84 28,98 2,100"),
        Allograph("one-stroke", 20, "8,1 6,98! 8,4! 38,4 61,27 64,56 50,86 26,98 3,98"),
        Allograph("from-the-foot", 14, "8,3 8,98! 38,93 61,68 61,32 40,7 -1,3"),
        Allograph("overhanging", 14, "12,5 8,98 / -6,9 24,0 58,17 66,51 50,86 20,100 -5,97"),
    ),
    "E": (
        Allograph("four-strokes", 30, "4,0 4,100 / 4,1 54,0 / 4,48 44,47 / 4,100 56,99"),
        Allograph("three-strokes", 26, "4,0 4,99! 56,99 / 4,1 54,0 / 4,48 44,47"),
        Allograph("bracket", 18, "54,1 4,2! 4,99! 56,98 / 4,49 46,48"),
        Allograph("epsilon", 13, "54,11 36,0 14,6 8,26 20,43 40,47! 14,54 2,74 12,95 34,100 58,89"),
        Allograph("round-back", 9, "58,12 40,1 14,9 2,42 6,79 28,99 56,91 / 4,50 46,48"),
        Allograph("gapped", 4, "4,0 4,100 / 14,1 56,0 / 14,48 46,47 / 12,100 58,99"),
    ),
    "F": (
        Allograph("three-strokes", 48, "4,0 2,100 / 2,1 54,-1 / 4,46 42,45"),
        Allograph("two-strokes", 32, "56,0 4,2! 4,100 / 4,46 44,44"),
        Allograph("crossed", 11, "54,0 8,2! 6,100 / -9,50 44,46"),
        Allograph("cane", 9, "58,9 38,0 15,5 8,30 6,100 / -4,50 40,48"),
    ),
    "G": (
        Allograph("barred", 30, "63,16 43,0 18,8 2,36 2,66 18,94 43,100 61,87 64,58! 36,58"),
        Allograph("spurred", 24, "60,13 40,0 15,9 0,44 6,79 28,98 48,89 57,60 / 30,59 64,58! 65,104"),
        Allograph("chin", 14, "62,16 40,0 12,14 0,50 12,88 36,98 54,82 60,54! 61,102"),
        Allograph("cross-barred", 16, "62,14 40,0 12,12 0,50 14,92 44,98 57,80 59,60 / 36,60 77,58"),
        Allograph("wide-spurred", 10, "56,14 38,0 14,8 0,44 8,84 30,98 50,84 55,57 / 26,57 82,51! 80,102"),
        Allograph("rolled", 8, "61,14 40,0 14,12 0,52 14,92 41,100 61,84 56,62 28,61"),
    ),
    "H": (
        Allograph("three-strokes", 62, "4,0 2,100 / 60,0 60,100 / 3,50 60,49"),
        Allograph("two-strokes", 16, "4,0 3,100 / 60,1 58,99! 58,53! 3,50"),
        Allograph("wide-barred", 12, "8,0 6,100 / 58,0 56,100 / -7,52 71,47"),
        Allograph("one-stroke", 8, "4,0 2,99! 3,54! 60,47! 61,1! 60,100"),
    ),
    "I": (
        Allograph("plain", 36, "30,0 30,100"),
        Allograph("three-strokes", 36, "30,0 30,100 / 4,1 56,0 / 4,100 56,99"),
        Allograph("zigzag", 10, "6,2 54,0! 30,2! 30,98! 4,99! 58,98"),
        Allograph("short-serifs", 14, "30,2 30,98 / 14,2 46,1 / 13,99 47,98"),
        Allograph("wide-serifs", 9, "30,3 30,97 / -10,2 70,0 / -12,98 72,97"),
    ),
    "J": (
        Allograph("barred", 36, "40,1 40,72 30,95 12,98 0,80 / 8,2 72,0"),
        Allograph("plain", 30, "46,0 46,70 36,95 15,100 0,79"),
        Allograph("flagged", 18, "14,4 48,2! 48,72 36,96 14,98 2,80"),
        Allograph("shallow", 9, "36,1 36,82 28,97 6,96 / 8,2 64,0"),
        Allograph("curled", 7, "46,1 48,64 38,97 10,99 -5,78 3,62 / 12,2 64,1"),
    ),
    "K": (
        Allograph("three-strokes", 34, "4,0 4,100 / 56,0 6,56 / 20,44 60,100"),
        Allograph("two-strokes", 32, "4,0 4,100 / 56,2 8,53! 60,100"),
        Allograph("gapped", 14, "4,0 4,100 / 52,2 18,50! 58,100"),
        Allograph("curved", 12, "6,0 4,100 / 58,4 36,36 10,51! 30,57 46,84 66,97"),
        Allograph("one-stroke", 5, "6,0 4,99! 6,58! 54,3! 12,53! 60,100"),
    ),
    "L": (
        Allograph("corner", 64, "6,0 4,99! 56,98"),
        Allograph("rounded", 18, "10,0 4,50 4,85 13,98 56,97"),
        Allograph("two-strokes", 10, "4,0 4,100 / 4,99 54,98"),
        Allograph("long-footed", 8, "5,0 3,98! 82,97"),
        Allograph("looped", 6, "32,14 28,1 18,4 14,30 13,70 2,97 8,90 28,97 60,92"),
    ),
    "M": (
        Allograph("splayed", 26, "0,100 8,0! 38,70! 68,0! 78,100"),
        Allograph("upright", 22, "4,100 5,0! 40,60! 75,0! 76,100"),
        Allograph("two-strokes", 20, "4,0 3,100 / 4,0 40,72! 75,0! 77,100"),
        Allograph("deep", 12, "0,100 10,0! 40,97! 68,0! 80,100"),
        Allograph("four-strokes", 8, "4,0 1,100 / 4,0 38,74 / 74,0 38,74 / 74,0 78,100"),
        Allograph("rounded", 8, "0,100 6,40 17,4 28,16 38,66! 48,18 61,3 71,40 78,100"),
        Allograph("arched", 5, "2,4 2,100! 4,34! 18,4 34,12 38,45 38,98! 40,38 54,5 70,12 76,45 76,100"),
        Allograph("shallow", 0, "4,100 4,0! 38,32! 72,0! 74,100"),
    ),
    "N": (
        Allograph("one-stroke", 40, "2,100 4,0! 58,99! 60,0"),
        Allograph("two-strokes", 28, "4,0 4,100 / 4,0 58,98! 60,0"),
        Allograph("three-strokes", 16, "4,0 4,100 / 4,0 60,100 / 60,0 60,100"),
        Allograph("wavy", 10, "0,100 8,10 16,4 26,30 43,90 52,95 60,42 68,2"),
        Allograph("arched", 5, "4,2 4,99! 6,36! 26,4 48,11 54,42 56,100"),
    ),
    "O": (
        Allograph("closed", 44, "34,0 12,10 0,44 8,84 34,100 60,86 68,50 58,14 32,0"),
        Allograph("overlapping", 26, "42,3 20,2 2,30 2,70 24,98 50,94 67,62 61,20 34,0 20,8"),
        Allograph("clockwise", 12, "26,3 50,4 68,34 64,74 38,100 12,90 0,54 8,16 34,1"),
        Allograph("open-topped", 10, "28,2 8,18 0,54 14,92 40,100 64,76 66,36 46,5"),
        Allograph("curled", 6, "34,3 10,16 0,54 14,92 40,100 64,76 64,28 42,2 28,10 44,15 64,5"),
    ),
    "P": (
        Allograph("two-strokes", 44, "6,0 4,100 / 4,2 40,2 57,22 44,46 5,52"),
        Allograph("one-stroke", 24, "8,0 4,99! 6,4! 41,2 57,24 44,48 7,53"),
        Allograph("upstroke", 14, "2,100 6,2! 40,2 56,24 42,48 4,53"),
        Allograph("overhanging", 10, "13,6 8,100 / -5,14 24,0 57,11 56,37 34,51 11,49"),
        Allograph("open-bowl", 7, "8,2 6,100 / 6,4 45,2 58,25 41,47 19,49"),
    ),
    "Q": (
        Allograph("crossing-tail", 40, "34,0 12,10 0,44 8,84 34,98 60,85 68,50 58,14 32,0 / 40,68 74,105"),
        Allograph("outer-tail", 18, "34,0 12,10 0,44 8,84 34,98 60,85 68,50 58,14 32,0 / 52,86 76,108"),
        Allograph("inner-tail", 14, "38,1 16,6 0,42 8,82 34,98 60,85 68,50 56,12 30,1 / 35,62 58,90"),
        Allograph("wavy-tail", 14, "36,0 12,10 0,48 12,88 36,98 60,84 66,46 54,10 32,1 / 36,72 50,78 78,100"),
        Allograph("flat-tail", 12, "36,0 12,10 0,46 10,86 36,96 60,84 66,48 56,12 32,1 / 20,84 36,73 56,89 88,96"),
        Allograph("hanging-tail", 7, "34,0 12,10 0,44 8,80 34,94 60,82 68,48 58,14 32,0 / 33,76 40,114"),
        Allograph("looped-tail", 7, "36,1 10,14 0,50 14,90 42,96 63,66 57,16 32,1! 24,14 44,74 76,102"),
    ),
    "R": (
        Allograph("two-strokes", 38, "6,0 4,100 / 4,2 40,2 56,23 42,45 8,52! 60,100"),
        Allograph("three-strokes", 18, "6,0 4,100 / 4,2 40,2 56,23 42,45 7,52 / 26,50 60,100"),
        Allograph("one-stroke", 18, "6,1 4,99! 6,5! 40,2 56,23 42,45 10,52! 58,100"),
        Allograph("upstroke", 10, "2,100 6,2! 42,2 55,25 38,47 8,52! 60,100"),
        Allograph("curved-leg", 9, "10,4 6,100 / -4,12 24,0 55,11 50,36 18,51! 38,59 48,88 68,96"),
        Allograph("looped", 5, "8,0 6,100 / 0,9 34,0 56,17 46,41 20,53 17,46 34,60 64,98"),
    ),
    "S": (
        Allograph("plain", 48, "57,14 40,0 15,6 6,26 22,44 43,55 57,74 46,96 20,100 0,87"),
        Allograph("shallow", 26, "56,6 28,2 8,20 20,42 46,59 54,80 34,98 2,94"),
        Allograph("closing", 13, "56,22 44,2 16,2 4,24 24,46 48,56 59,80 40,100 9,98 0,77"),
        Allograph("with-serif", 6, "57,1 56,19! 38,2 12,8 8,30 32,48 57,66 50,94 22,100 4,85"),
    ),
    "T": (
        Allograph("bar-first", 50, "0,1 68,0 / 34,0 33,100"),
        Allograph("stem-first", 28, "34,0 34,100 / 0,2 68,0"),
        Allograph("arched-bar", 8, "0,7 34,0 70,5 / 36,2 34,100"),
        Allograph("one-stroke", 8, "2,4 66,0! 36,2! 34,100"),
        Allograph("curved-foot", 5, "0,4 64,0 / 34,0 34,80 44,97 58,92"),
        Allograph("serifed-bar", 3, "2,13 2,1! 66,0! 66,13 / 34,0 34,100"),
    ),
    "U": (
        Allograph("plain", 50, "2,0 2,60 10,90 32,100 54,90 62,60 62,0"),
        Allograph("with-stem", 20, "4,0 3,66 14,96 36,93 58,62 60,2! 60,100"),
        Allograph("square", 12, "2,0 3,78 14,98 50,98 60,78 60,0"),
        Allograph("narrowing", 11, "4,0 12,66 31,100 50,64 60,0"),
        Allograph("eared", 5, "-9,7 4,1 6,60 16,97 44,97 58,62 59,4 72,3"),
    ),
    "V": (
        Allograph("one-stroke", 56, "0,0 34,100! 66,0"),
        Allograph("two-strokes", 14, "0,0 34,100 / 66,0 34,100"),
        Allograph("rounded", 14, "2,0 20,64 32,98 44,66 62,0"),
        Allograph("lopsided", 10, "4,12 29,100! 70,-2"),
        Allograph("spread", 6, "0,10 34,98! 94,0"),
        Allograph("flourished", 6, "0,9 10,1 20,38 31,99! 49,40 57,7 75,4"),
    ),
    "W": (
        Allograph("pointed", 36, "0,0 22,100! 44,28! 66,100! 90,0"),
        Allograph("tall-middle", 18, "0,0 20,100! 44,3! 66,100! 88,0"),
        Allograph("low-middle", 12, "0,0 22,98! 42,52! 62,98! 86,0"),
        Allograph("rounded", 18, "0,0 7,70 22,98 38,70 44,22! 50,74 66,98 81,70 88,0"),
        Allograph("double-u", 8, "2,4 4,70 20,98 39,72 43,10! 46,74 63,98 81,64 86,2"),
        Allograph("crossing", 5, "0,0 26,100! 52,10 / 38,10 64,100! 90,0"),
    ),
    "X": (
        Allograph("crossed", 70, "2,0 62,100 / 62,0 0,100"),
        Allograph("curved", 14, "0,8 12,1 30,42 50,94 66,95 / 62,2 32,50 0,98"),
        Allograph("back-to-back", 7, "0,4 22,17 28,50 20,86 0,97 / 60,3 38,17 31,50 40,86 62,96"),
        Allograph("one-stroke", 7, "2,2 60,98! 60,3! 2,98"),
    ),
    "Y": (
        Allograph("three-strokes", 28, "0,0 32,50 / 64,0 32,50 / 32,50 32,100"),
        Allograph("long-slope", 28, "2,0 30,50 / 64,0 12,100"),
        Allograph("vee-and-stem", 20, "0,0 32,50! 64,0 / 32,50 30,100"),
        Allograph("footed", 6, "0,0 32,48 / 64,0 32,48 / 32,48 32,98 / 8,99 57,98"),
        Allograph("cup", 10, "0,0 12,38 32,51 52,38 64,0 / 32,51 32,100"),
        Allograph("u-and-stem", 7, "4,0 6,38 27,54 52,42 58,0 / 58,0 54,100"),
        Allograph("u-and-hook", 7, "4,0 6,36 26,54 50,44 58,1! 56,70 40,103 12,98"),
    ),
    "Z": (
        Allograph("plain", 56, "2,2 60,0! 2,100! 62,98"),
        Allograph("crossed", 20, "2,2 60,0! 2,100! 62,98 / 12,52 50,48"),
        Allograph("round-shouldered", 12, "2,12 20,1 50,7 49,34 3,98! 62,96"),
        Allograph("wavy", 9, "2,8 20,2 40,6 60,1! 4,98! 22,93 42,98 64,93"),
    ),
}
"""Allographs of every letter, the most common first; weights are relative within a letter."""
