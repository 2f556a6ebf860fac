"""Tests of machine print told from handwriting; a real typeface is drawn with Pillow."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ensemble_hwr import WordReader, WordSegmenter, compose_words, generate_letters
from ensemble_hwr.images.machine_print import draw_print, find_print, remove_print
from ensemble_hwr.segmentation import cut_page

MARGIN = 40


@pytest.fixture(scope="module")
def letters():
    return generate_letters(26 * 20, writers=20, random_state=7)


def form(word, label, *, place, size):
    """Return a picture of a word with a printed label next to it, and the pixels of the label."""
    height, width = word.shape
    font = ImageFont.load_default(size)
    label_width = int(font.getlength(label))
    left = label_width + 3 * size if place == "left" else 0
    top, bottom = (2 * size * (place == side) for side in ("above", "below"))
    grey = np.full((height + top + bottom + 20, left + max(width, label_width) + 20), 255, np.uint8)
    grey[top + 10 : top + 10 + height, left + 10 : left + 10 + width] = word
    image = Image.fromarray(np.full_like(grey, 255))
    y = {"left": 10 + height // 2 - size // 2, "above": 5, "below": 10 + height}[place]
    ImageDraw.Draw(image).text((10, y), label, font=font, fill=0)
    printed = np.asarray(image)
    return np.minimum(grey, printed), printed < 128


def ink_of(grey):
    return (1 - grey / 255.0).astype(np.float32)


@pytest.mark.parametrize("place", ["left", "above", "below"])
@pytest.mark.parametrize(("label", "size"), [("NOM :", 20), ("FIRST NAME :", 20), ("First name", 24)])
def test_print_next_to_handwriting_is_found_and_handwriting_is_not(letters, place, label, size):
    word = compose_words(letters, ["QUARTZ"], gap=0.5, baseline=0.08, height=36, random_state=1)[0].picture
    grey, printed = form(word, label, place=place, size=size)
    found = find_print(ink_of(grey))
    assert (found & printed).sum() > 0.95 * printed.sum()
    assert not (found & ~printed & (ink_of(grey) > 0.5)).any()


def test_reader_ignores_print_unless_it_is_kept(letters):
    word = compose_words(letters, ["QUARTZ"], gap=0.5, baseline=0.08, height=36, random_state=1)[0].picture
    grey, _ = form(word, "FIRST NAME :", place="left", size=34)
    assert WordReader().fit().read(grey).text == "QUARTZ"
    assert WordReader(print="keep").fit().read(grey).text != "QUARTZ"
    assert len(WordReader(cut="gaps").fit().read(grey).letters) == 6
    assert len(WordSegmenter(print="ignore").segment(grey)) == 6
    assert len(cut_page(grey, print="ignore").lines[0].words) < len(cut_page(grey).lines[0].words)


def test_print_alone_is_kept():
    image = Image.new("L", (300, 60), 255)
    ImageDraw.Draw(image).text((10, 10), "SURNAME", font=ImageFont.load_default(24), fill=0)
    ink = ink_of(np.asarray(image))
    assert not find_print(ink).any()
    assert remove_print(ink) is ink


@pytest.mark.parametrize("gap", [0.1, 0.3, 0.6])
def test_words_of_handwriting_hold_no_print(letters, gap):
    texts = ["INTERNATIONAL", "MINIMUM", "HILL", "LITTLE", "NATION", "WINTER", "ELEMENT", "TITLE"]
    for word in compose_words(letters, texts, gap=gap, height=40, random_state=1):
        assert not find_print(ink_of(word.picture)).any()


def test_page_of_one_neat_writer_holds_no_print():
    neat = generate_letters(26 * 20, writers=1, random_state=3)
    text = "THE FIELD IN THE NIGHT\nLIT THE HILL AND THEN\nTHE LIGHT FELL"
    for height in (14, 40):
        page = compose_words(neat, [text], gap=0.3, height=height, random_state=2)[0].picture
        assert not find_print(ink_of(page)).any()


def test_blank_ink_holds_no_print():
    assert not find_print(np.zeros((20, 20), np.float32)).any()


def test_parts_of_lines_at_the_edge_are_removed_with_print(letters):
    word = compose_words(letters, ["QUARTZ"], gap=0.5, baseline=0.08, height=36, random_state=1)[0].picture
    grey, _ = form(word, "NOM :", place="left", size=20)
    grey[:6, 120:128] = 0  # the foot of a letter of the line above
    assert not (remove_print(ink_of(grey))[:6] > 0).any()


def cut_letters(printed):
    """Return ink of printed marks, and of letters that the lower edge of the picture cuts."""
    ink = np.zeros((40, 300), np.float32)
    for left in range(10, 90, 14):
        ink[16:28, left : left + 10] = printed
    for left, top in [(130, 9), (170, 16), (210, 5), (250, 13)]:
        ink[top:, left : left + 20] = 1
    return ink


def test_letters_that_the_frame_cuts_are_compared_with_print():
    ink = cut_letters(printed=1)
    cleaned = remove_print(ink)
    assert not cleaned[:, :100].any()
    np.testing.assert_array_equal(cleaned[:, 120:], ink[:, 120:])


def test_the_lower_of_two_lines_that_the_frame_cuts_is_removed_with_print():
    ink = cut_letters(printed=1)
    alone = remove_print(ink.copy())
    for left in range(115, 290, 35):
        ink[:4, left : left + 8] = 1
    np.testing.assert_array_equal(remove_print(ink), alone)
    ink = cut_letters(printed=0)
    ink[:4, 150:160] = 1
    assert remove_print(ink) is ink


def test_debug_picture_has_boxes_around_print(letters):
    word = compose_words(letters, ["QUARTZ"], gap=0.5, baseline=0.08, height=36, random_state=1)[0].picture
    grey, printed = form(word, "NOM :", place="left", size=20)
    picture = draw_print(grey, ink_of(grey))
    coloured = (picture != picture[..., :1]).any(axis=(1, 2))
    assert coloured.any()
    scale = len(picture) // len(grey)
    columns = np.flatnonzero((picture != picture[..., :1]).any(axis=(0, 2)))
    assert columns.max() <= (np.flatnonzero(printed.any(axis=0)).max() + 2) * scale


def test_joined_handwriting_is_one_component_and_no_evidence_of_print():
    ink = np.zeros((80, 600), np.float32)
    ink[20:50, 10:200] = 1  # a joined word
    for left, top, bottom in [(300, 12, 50), (350, 25, 60), (400, 5, 45), (450, 20, 66), (500, 9, 52), (550, 15, 70)]:
        ink[top:bottom, left : left + 25] = 1
    assert not find_print(ink).any()


@pytest.mark.parametrize("overlap", [-3, 3])
def test_the_rest_of_the_form_before_a_label_is_print(letters, overlap):
    word = compose_words(letters, ["QUARTZ"], gap=0.5, baseline=0.08, height=36, random_state=1)[0].picture
    grey, printed = form(word, "NOM :", place="left", size=20)
    rows, columns = np.nonzero(printed)
    left, bottom = columns.min(), rows.max()
    grey = np.pad(grey, ((0, 0), (20, 0)), constant_values=255)
    for top in range(bottom - 14, bottom + 14, 7):  # characters of a vertical line of print, which may touch the N
        grey[top : top + 6, left + 6 + overlap : left + 20 + overlap] = 0
    kept = remove_print(ink_of(grey)) > 0.5
    assert not kept[:, : columns.max() + 22].any()
    assert kept[:, columns.max() + 22 :].any()


def test_a_short_label_alone_above_handwriting_is_print(letters):
    for seed in range(4):
        word = compose_words(letters, ["QUARTZ"], gap=0.5, baseline=0.08, height=26, random_state=seed)[0].picture
        grey, printed = form(word, "NOM", place="above", size=18)
        found = find_print(ink_of(grey))
        assert (found & printed).sum() > 0.95 * printed.sum()


def test_words_above_each_other_hold_no_print(letters):
    text = "THE\nHILL\nNET\nLITTLE\nTIN"
    for page in compose_words(letters, [text] * 6, gap=0.2, height=30, random_state=4):
        assert not find_print(ink_of(page.picture)).any()
