"""Allographs of the digits and of punctuation marks as pen paths, in the notation of `_skeletons`."""

from ensemble_hwr.datasets.handwriting._skeletons import Allograph

DIGIT_SKELETONS: dict[str, tuple[Allograph, ...]] = {
    "0": (
        Allograph("closed", 44, "32,0 12,10 0,46 8,88 30,100 52,88 60,52 52,12 31,0"),
        Allograph("narrow", 22, "24,0 8,14 0,50 6,86 22,100 38,86 46,50 38,12 22,0"),
        Allograph("round", 20, "34,0 10,12 0,46 8,86 34,100 60,90 70,54 62,16 33,0"),
        Allograph("overlapping", 16, "38,4 18,2 2,32 2,70 20,98 44,94 58,64 54,20 34,0 16,6"),
        Allograph("open-topped", 8, "28,2 8,20 0,56 12,94 36,100 56,78 58,36 42,4"),
        Allograph("slashed", 5, "32,0 12,10 0,46 8,88 30,100 52,88 60,52 52,12 31,0 / 54,6 8,94"),
    ),
    "1": (
        Allograph("stem", 40, "30,0 30,100"),
        Allograph("flagged", 34, "8,22 30,0! 30,100"),
        Allograph("footed", 12, "10,18 30,0! 30,99 / 8,100 54,99"),
        Allograph("long-flagged", 10, "-6,44 30,0! 30,100"),
        Allograph("foot-only", 3, "30,0 30,98 / 12,100 48,99"),
    ),
    "2": (
        Allograph("cornered", 40, "4,20 16,3 40,0 56,18 48,42 0,100! 60,99"),
        Allograph("looped", 20, "4,20 18,2 42,2 55,20 44,50 16,88 4,97 6,84 22,84 40,96 62,96"),
        Allograph("wavy-foot", 18, "2,18 20,0 46,4 54,26 38,58 4,97! 30,94 60,98"),
        Allograph("curled", 14, "10,28 6,12 28,0 50,10 50,34 2,100! 60,97"),
        Allograph("zed-like", 6, "4,4 52,2! 2,99! 58,98"),
        Allograph("wide-looped", 0, "4,22 20,2 44,2 56,22 46,50 24,84 6,99 -4,90 4,78 24,80 44,97 66,92"),
        Allograph("round-looped", 0, "2,24 18,2 42,0 56,18 50,44 30,76 8,99 -8,94 -4,76 16,72 36,86 52,99 72,92"),
        Allograph("flat-looped", 0, "6,16 24,0 48,8 52,28 36,62 10,94 -6,97 0,86 26,90 64,99"),
    ),
    "3": (
        Allograph("round", 48, "4,12 24,0 48,8 48,34 20,46! 50,54 56,80 36,99 0,90"),
        Allograph("flat-topped", 22, "4,2 50,2! 22,42! 50,54 54,82 32,100 0,92"),
        Allograph("looped", 14, "6,10 28,0 50,12 42,38 22,47 24,41 46,52 56,76 36,99 2,88"),
        Allograph("smooth", 14, "4,10 30,0 50,18 32,44 32,47 54,66 48,94 20,100 0,88"),
    ),
    "4": (
        Allograph("open", 40, "8,0 2,60! 58,58 / 42,30 42,100"),
        Allograph("closed", 22, "40,0 0,66! 58,66 / 40,0 40,100"),
        Allograph("cup", 16, "6,2 4,40 14,52 46,48 / 48,0 48,100"),
        Allograph("one-stroke", 11, "60,66 0,66! 42,0! 42,100"),
        Allograph("lightning", 11, "14,0 2,56! 60,54 / 40,36 34,104"),
    ),
    "5": (
        Allograph("bar-last", 40, "10,2 6,44 30,38 54,54 52,84 28,100 0,90 / 10,2 56,0"),
        Allograph("one-stroke", 36, "54,1 10,3! 6,46! 30,38 54,56 50,86 26,100 0,90"),
        Allograph("curved", 14, "52,2 16,4 8,40 36,46 54,66 44,94 18,100 0,90"),
        Allograph("gapped", 10, "8,8 6,46! 32,40 54,58 48,88 24,100 0,92 / 14,-3 58,-4"),
    ),
    "6": (
        Allograph("curved", 48, "44,2 22,14 4,48 2,80 18,100 44,96 54,76 40,56 18,56 4,76"),
        Allograph("straight", 24, "38,0 10,52 4,80 20,100 44,94 52,74 38,56 16,58 6,74"),
        Allograph("wide", 17, "50,8 30,0 8,22 0,62 10,94 32,100 54,88 54,66 34,54 8,66"),
        Allograph("small-loop", 11, "30,0 10,40 2,76 12,98 30,98 38,80 26,68 8,78"),
    ),
    "7": (
        Allograph("plain", 42, "2,2 56,0! 20,100"),
        Allograph("barred", 26, "2,2 56,0! 20,100 / 12,50 50,46"),
        Allograph("curved", 14, "0,6 20,0 58,2! 36,40 26,100"),
        Allograph("serifed", 10, "2,16 2,2! 56,0! 24,100"),
        Allograph("wavy-barred", 8, "2,10 14,0 34,6 58,0! 24,100 / 10,54 48,50"),
    ),
    "8": (
        Allograph("from-the-right", 48, "46,14 28,0 8,10 12,34 46,60 50,86 28,100 4,88 8,62 44,36 48,16"),
        Allograph("circles", 20, "26,0 8,10 10,34 28,44 46,32 46,10 27,0 / 28,44 4,58 4,88 28,100 52,88 50,56 28,45"),
        Allograph("from-the-middle", 18, "26,44 6,26 14,4 36,2 48,20 34,42 10,60 4,86 26,100 50,88 46,60 24,44"),
        Allograph("open", 14, "54,4 32,0 8,12 14,36 44,58 50,84 28,100 6,86 12,60 44,34 56,14"),
    ),
    "9": (
        Allograph("stem", 36, "50,22 32,0 8,8 0,32 14,50 36,46 50,18! 46,100"),
        Allograph("hooked", 24, "50,20 30,0 6,10 2,34 20,50 42,40 50,16! 48,72 36,97 10,98"),
        Allograph("curved", 20, "48,16 28,0 6,10 2,32 18,48 40,40 50,16 50,50 40,84 22,102"),
        Allograph("two-strokes", 10, "44,12 24,0 4,16 4,38 22,50 42,36 / 48,2 46,100"),
        Allograph("slanting", 10, "46,14 28,0 8,10 4,30 18,44 40,34 48,14! 24,100"),
        Allograph("open-topped", 0, "34,4 12,4 0,22 8,46 28,50 44,34 50,4! 46,100"),
        Allograph("open-cup", 0, "10,4 0,28 12,49 34,46 47,22 50,0! 46,100"),
        Allograph("open-hooked", 0, "32,2 10,6 0,28 14,49 38,42 50,6! 50,62 38,96 12,99"),
    ),
}
"""Allographs of every digit, the most common first; weights are relative within a digit."""

MARK_SKELETONS: dict[str, tuple[Allograph, ...]] = {
    ".": (
        Allograph("dot", 60, "4,97 5,100"),
        Allograph("dash", 25, "0,98 7,100"),
        Allograph("circle", 15, "4,93 0,97 4,102 8,97 4,93"),
    ),
    ",": (
        Allograph("curved", 50, "8,94 8,103 2,116"),
        Allograph("straight", 35, "9,94 0,118"),
        Allograph("curled", 15, "4,97 8,93 10,102 1,119"),
    ),
    "-": (
        Allograph("straight", 60, "0,66 36,65"),
        Allograph("long", 25, "0,66 54,66"),
        Allograph("wavy", 15, "0,68 12,64 24,67 36,63"),
    ),
    "'": (
        Allograph("straight", 50, "4,0 2,24"),
        Allograph("curved", 30, "6,0 8,10 2,26"),
        Allograph("slanting", 20, "12,-2 2,22"),
    ),
    "!": (
        Allograph("upright", 60, "8,0 8,74 / 8,97 9,99"),
        Allograph("slanting", 30, "16,0 8,74 / 4,98 5,100"),
        Allograph("circle", 10, "8,0 8,72 / 8,92 3,97 8,102 13,97 8,92"),
    ),
    "?": (
        Allograph("round", 50, "2,20 14,2 36,0 50,16 44,38 26,54 24,74 / 24,97 25,99"),
        Allograph("cornered", 25, "0,16 18,0 42,6 46,26 26,48! 24,74 / 24,98 25,100"),
        Allograph("curled", 25, "6,24 6,8 28,0 48,12 46,32 22,50 26,64 25,76 / 24,98 25,100"),
    ),
    ":": (
        Allograph("dots", 60, "6,58 7,60 / 6,97 7,99"),
        Allograph("wide", 25, "6,44 7,46 / 5,98 6,100"),
        Allograph("dashes", 15, "4,56 10,58 / 4,97 10,99"),
    ),
    "&": (
        Allograph("looped", 50, "64,98 44,78 8,22 20,0 38,6 36,24 4,64 6,92 28,100 50,82 62,56"),
        Allograph("epsilon", 25, "46,14 28,6 10,16 18,40 40,46! 10,54 2,78 20,96 48,90 / 27,-4 26,108"),
        Allograph("from-the-right", 20, "60,60 48,86 24,100 4,86 8,62 34,34 34,8 20,0 10,12 22,42 64,100"),
    ),
    "/": (
        Allograph("plain", 60, "40,-2 0,104"),
        Allograph("flat", 20, "54,0 0,100"),
        Allograph("steep", 20, "24,-4 0,108"),
    ),
}
"""Allographs of every mark, the most common first; weights are relative within a mark."""
