import io
import os
import struct
import subprocess
import sys
import threading
import time
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw, ImageOps

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import _containers, _open, open_picture
from ensemble_hwr.images._containers import COMMON_FORMATS as FORMATS
from ensemble_hwr.images._open import composite_on_paper, grey_of_array, grey_of_image
from ensemble_hwr.images.sources import describe


def glyph(height=24, width=18, paper=255, ink=0):
    """An L with a short foot: all its rotations and reflections differ."""
    grey = np.full((height, width), paper, dtype=np.uint8)
    grey[3:-4, 4:7] = ink
    grey[-7:-4, 4:12] = ink
    return grey


def encode(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def image_of(mode):
    grey = Image.fromarray(glyph())
    if mode in ("I;16", "I;16B"):
        deep = (glyph().astype(np.uint16) * 257).astype("<u2" if mode == "I;16" else ">u2")
        return Image.frombytes(mode, grey.size, deep.tobytes())
    if mode in ("I", "F"):
        return Image.fromarray(glyph().astype(np.int32 if mode == "I" else np.float32))
    if mode == "LA":
        return Image.merge("LA", [grey, Image.new("L", grey.size, 255)])
    if mode in ("RGBA", "CMYK", "1", "P", "RGB", "L"):
        return grey.convert(mode)
    return grey.convert("RGB").convert(mode)


WRITABLE = [
    *[("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")],
    *[("JPEG", mode) for mode in ("L", "RGB", "CMYK")],
    *[("BMP", mode) for mode in ("1", "L", "P", "RGB", "RGBA")],
    *[("TIFF", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I;16B", "I", "F")],
    *[("GIF", mode) for mode in ("1", "L", "P", "RGB")],
    *[("WEBP", mode) for mode in ("L", "RGB", "RGBA")],
]


@pytest.mark.parametrize(("format", "mode"), WRITABLE)
def test_every_format_and_mode(format, mode, tmp_path):
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}}.get(format, {})
    encoded = encode(image_of(mode), format, **options)
    path = tmp_path / f"letter.{format.lower()}"
    path.write_bytes(encoded)
    tolerance = 30 if format == "JPEG" else 1
    for picture in (encoded, path, str(path)):
        grey = open_picture(picture)
        assert grey.dtype == np.uint8
        np.testing.assert_allclose(grey.astype(int), glyph(), atol=tolerance)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16", "I;16B"]
)
def test_every_pil_mode(mode):
    image = image_of(mode)
    np.testing.assert_allclose(open_picture(image).astype(int), glyph(), atol=2)
    assert image.mode == mode


@pytest.mark.parametrize(
    "array",
    [
        glyph(),
        glyph() > 127,
        glyph().astype(np.uint16) * 257,
        glyph().astype(np.int64),
        glyph() / 255,
        (glyph() / 255).astype(np.float16),
        glyph().astype(np.float32),
        glyph()[..., None],
        np.repeat(glyph()[..., None], 3, axis=2),
        np.repeat(glyph()[..., None], 3, axis=2) / 255,
        np.dstack([glyph()] * 3 + [np.full_like(glyph(), 255)]),
        np.asfortranarray(glyph()),
        glyph()[::-1][::-1],
    ],
    ids=lambda array: f"{array.dtype}-{array.shape}",
)
def test_every_array(array):
    np.testing.assert_array_equal(open_picture(array), glyph())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation(orientation, format):
    upright = Image.fromarray(glyph())
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}}.get(format, {})
    encoded = encode(upright, format, exif=exif.tobytes(), **options)
    with Image.open(io.BytesIO(encoded)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("L"))
    np.testing.assert_array_equal(open_picture(encoded), expected)
    if orientation == 6:  # stored lying on its left side: the top row is the right-hand column
        np.testing.assert_allclose(open_picture(encoded).astype(int), np.rot90(glyph(), -1), atol=30)


def test_damaged_exif_is_ignored():
    encoded = encode(Image.fromarray(glyph()), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff", quality=95)
    np.testing.assert_allclose(open_picture(encoded).astype(int), glyph(), atol=30)


@pytest.mark.parametrize("ink", [0, 60, 200, 255])
@pytest.mark.parametrize("hidden", [0, 128, 255], ids=lambda value: f"hidden{value}")
def test_ink_on_transparency_stays_visible(ink, hidden):
    """The colour of transparent pixels is ignored; the paper under them contrasts with the ink."""
    stroke = glyph() == 0
    rgba = np.where(stroke, ink, hidden).astype(np.uint8)[..., None].repeat(4, axis=2)
    rgba[..., 3] = np.where(stroke, 255, 0)
    for picture in (rgba, Image.fromarray(rgba), encode(Image.fromarray(rgba), "PNG"), rgba / 255):
        grey = open_picture(picture).astype(int)
        assert abs(grey[stroke].mean() - grey[~stroke].mean()) > 120


def test_cut_out_photograph_keeps_its_paper():
    rgba = glyph(40, 40, paper=210, ink=40)[..., None].repeat(4, axis=2)
    y, x = np.mgrid[:40, :40]
    rgba[..., 3] = np.where(np.hypot(y - 20, x - 20) < 24, 255, 0)
    grey = open_picture(rgba)
    assert grey[0, 0] == 210
    assert set(np.unique(grey)) == {40, 210}


def test_palette_with_transparency():
    palette = Image.new("P", (18, 24))
    palette.putpalette([0, 0, 0, 10, 10, 10] + [0] * 762)
    palette.putdata([1 if value else 0 for value in (glyph() == 0).ravel()])
    grey = open_picture(encode(palette, "PNG", transparency=0))
    np.testing.assert_array_equal(grey, np.where(glyph() == 0, 10, 255))


def test_constant_transparency_is_ignored():
    rgba = np.dstack([glyph()] * 3 + [np.full_like(glyph(), 90)])
    np.testing.assert_array_equal(open_picture(rgba), glyph())


def test_twelve_bit_pixels_use_the_whole_range():
    deep = glyph().astype(np.uint16) * 16
    np.testing.assert_allclose(open_picture(deep).astype(int), glyph(), atol=1)


def test_first_frame_of_an_animation():
    other = Image.fromarray(255 - glyph())
    encoded = encode(Image.fromarray(glyph()), "GIF", save_all=True, append_images=[other, other])
    np.testing.assert_array_equal(open_picture(encoded), glyph())


WRONG_ARRAYS = [
    (np.empty((0, 5)), "empty"),
    (np.zeros(5), r"shape \(height, width\)"),
    (np.zeros((4, 5, 2)), r"shape \(height, width\)"),
    (np.zeros((2, 4, 5, 3)), r"shape \(height, width\)"),
    (np.array(0.5), r"shape \(height, width\)"),
    (np.full((4, 5), np.nan), "NaN"),
    (np.array([[0.0, np.inf]]), "infinite"),
    (np.array([[0, 300]]), "range from 0 to 300"),
    (np.array([[-1, 3]]), "range from -1"),
    (np.array([[0.5, 7.25]]), r"floats must be in 0\.\.1"),
    (np.array([[-0.5, 0.5]]), r"floats must be in 0\.\.1"),
    (np.array([["a", "b"]]), "dtype"),
    (np.zeros((2, 2), dtype=complex), "dtype"),
    (np.zeros((3, 3, 4), dtype=np.uint8), "transparent"),
]


@pytest.mark.parametrize(("array", "problem"), WRONG_ARRAYS, ids=[problem for _, problem in WRONG_ARRAYS])
def test_wrong_arrays(array, problem):
    with pytest.raises(PictureError, match=problem) as caught:
        open_picture(array)
    assert str(array.shape) in str(caught.value)


def test_wrong_files(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "notes.png").write_text("Dear diary, " * 50)
    (tmp_path / "drawing.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    os.mkfifo(tmp_path / "pipe.png")
    cases = {
        "empty.png": "file is empty",
        "notes.png": "not a picture",
        "drawing.eps": "not a picture",
        "missing.png": "no such file",
        "": "folder",
        "pipe.png": "not a regular file",
        "a\0b.png": "cannot be reached",
    }
    for name, problem in cases.items():
        path = f"{tmp_path}/{name}"
        with pytest.raises(PictureError, match=problem) as caught:
            open_picture(path)
        assert repr(path) in str(caught.value)


@pytest.mark.parametrize("picture", [b"", b"nothing", None, 3, ["a.png"]])
def test_wrong_objects(picture):
    with pytest.raises(PictureError):
        open_picture(picture)


def test_unreadable_file(tmp_path, monkeypatch):
    path = tmp_path / "letter.png"
    path.write_bytes(b"x")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(PictureError, match="Permission denied"):
        open_picture(path)


ENCODED = {
    format: encode(image_of("RGB"), format, **({"exif": Image.Exif().tobytes()} if format == "JPEG" else {}))
    for format in FORMATS
}


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_give_a_picture_or_a_picture_error(format, data):
    whole = ENCODED[format]
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=4)):
        if place < len(damaged):
            damaged[place] = value
    try:
        grey = open_picture(bytes(damaged), max_pixels=100_000)
    except PictureError:
        return
    assert grey.ndim == 2
    assert grey.dtype == np.uint8


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated(format, share):
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8))
    whole = encode(noise, format)
    with pytest.raises(PictureError, match=r"damaged or cut short|not a picture"):
        open_picture(whole[: int(share * len(whole))])


def png_header(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [8000, 10_000, 12_000, 60_000])
def test_decompression_bomb_raises_an_error(side, tmp_path):
    """Below, between and above the limits of Pillow's own warning and error."""
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(side, side))
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(PictureError, match="too large") as caught:
            open_picture(path)
    assert time.perf_counter() - start < 1
    assert not seen
    assert "bomb.png" in str(caught.value)


def test_decompression_bombs_use_no_memory(tmp_path):
    for name, encoded in {
        "bomb.png": png_header(60_000, 60_000),
        "bomb.bmp": b"BM" + struct.pack("<IHHIIIIHHIIIIII", 0, 0, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
        "bomb.gif": b"GIF89a" + struct.pack("<HHBBB", 60_000, 60_000, 0, 0, 0) + b",\0\0\0\0`\xea`\xea\0\x02\0;",
        "bomb.webp": webp_header(16_383),
        "bomb.tiff": tiff_header(60_000),
    }.items():
        (tmp_path / name).write_bytes(encoded)
    code = (
        "import resource, sys, pathlib\n"
        "from ensemble_hwr.images import open_picture\n"
        "from ensemble_hwr.exceptions import PictureError\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before = peak()\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    try:\n"
        "        open_picture(path)\n"
        "        raise SystemExit(f'{path} was opened')\n"
        "    except PictureError:\n"
        "        pass\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 60  # MB; decoders' libraries are loaded on first use


def tiff_header(side):
    whole = encode(Image.new("L", (70, 71)), "TIFF")
    return whole.replace(struct.pack("<HI", 1, 70)[2:], struct.pack("<I", side)).replace(
        struct.pack("<I", 71), struct.pack("<I", side)
    )


def webp_header(side):
    size = (side - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + size + size
    frame = encode(Image.fromarray(glyph()), "WEBP", lossless=True)[12:]
    body = b"WEBP" + extended + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_max_pixels_applies_to_every_form():
    image = Image.fromarray(glyph())
    for picture in (glyph(), image, encode(image, "PNG")):
        open_picture(picture, max_pixels=glyph().size)
        with pytest.raises(PictureError, match="max_pixels"):
            open_picture(picture, max_pixels=glyph().size - 1)


def test_global_state_of_pillow_is_unchanged():
    before = (Image.MAX_IMAGE_PIXELS, list(warnings.filters), dict(Image.EXTENSION), list(Image.ID))
    open_picture(ENCODED["PNG"])
    with pytest.raises(PictureError):
        open_picture(png_header(60_000, 60_000))
    assert (Image.MAX_IMAGE_PIXELS, list(warnings.filters), dict(Image.EXTENSION), list(Image.ID)) == before


def test_warning_filters_are_unchanged_by_threads():
    before = list(warnings.filters)
    threads = [threading.Thread(target=lambda: [open_picture(ENCODED["GIF"]) for _ in range(30)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_arrays_are_not_changed():
    for array in (glyph(), np.dstack([glyph()] * 4), glyph() / 255):
        copy = array.copy()
        open_picture(array)
        np.testing.assert_array_equal(array, copy)


def test_describe():
    assert describe(Image.new("L", (3, 2))) == "L image of 3x2 pixels"
    assert describe(np.zeros((2, 3))) == "array of shape (2, 3)"
    assert describe(None) == "object of type NoneType"


@pytest.mark.parametrize("size", [(0, 0), (5, 0)])
def test_an_image_without_pixels_raises_an_error(size):
    with pytest.raises(PictureError, match="it is empty"):
        open_picture(Image.new("L", size))


@pytest.mark.parametrize("max_pixels", [None, 0, "many", 1.5])
def test_invalid_max_pixels_raises_an_error(max_pixels):
    with pytest.raises(ValueError, match="max_pixels="):
        open_picture(np.zeros((2, 2)), max_pixels=max_pixels)


PIXELS = arrays(np.uint8, (5, 6))


@given(PIXELS)
def test_equal_pictures_of_different_dtypes_give_equal_grey(grey):
    assume(grey.max() > 1)  # integers of 0 and 1 alone are black and white
    same = [
        grey[..., None],
        np.stack([grey] * 3, axis=-1),
        grey.astype(np.int64),
        grey / 255,
        (grey / 255).astype(np.float32),
        np.asfortranarray(grey),
    ]
    for array in same:
        np.testing.assert_array_equal(grey_of_array(array), grey)
    np.testing.assert_array_equal(grey_of_image(Image.fromarray(grey)), grey)


def test_booleans_are_black_and_white():
    assert grey_of_array(np.array([[True, False]])).tolist() == [[255, 0]]


@pytest.mark.parametrize("most", [255, 1023, 4095, 65535])
def test_deep_pixels_are_scaled_by_their_bit_depth(most):
    deep = np.array([[0, most // 2, most]], np.uint16)
    assert grey_of_array(deep).tolist() == [[0, 127, 255]]
    assert grey_of_image(Image.fromarray(deep)).tolist() == [[0, 127, 255]]


@given(PIXELS, PIXELS)
def test_compositing_is_the_weighted_mean_of_ink_and_one_paper(grey, alpha):
    alpha[0, :2] = 255, 0
    laid = composite_on_paper(grey, alpha)
    share = alpha / 255
    errors = [np.abs(laid - (grey * share + paper * (1 - share))).max() for paper in range(256)]
    assert min(errors) <= 0.51
    assert (laid[alpha == 255] == grey[alpha == 255]).all()


@given(st.integers(0, 255), st.integers(1, 255))
def test_strokes_on_transparency_contrast_with_their_paper(ink, alpha):
    grey, opacity = np.full((9, 9), ink, np.uint8), np.zeros((9, 9), np.uint8)
    opacity[2:7, 4] = alpha
    laid = composite_on_paper(grey, opacity).astype(int)
    assert abs(laid[4, 4] - laid[0, 0]) >= 127 * alpha // 255


def test_constant_alpha_is_ignored_and_zero_alpha_raises_an_error():
    grey = np.arange(30, dtype=np.uint8).reshape(5, 6)
    np.testing.assert_array_equal(composite_on_paper(grey, np.full((5, 6), 9, np.uint8)), grey)
    with pytest.raises(PictureError, match="every pixel is transparent"):
        composite_on_paper(grey, np.zeros((5, 6), np.uint8))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((0, 4)), "is empty"),
        (np.zeros(4), "shape"),
        (np.zeros((2, 2, 2)), "shape"),
        (np.full((2, 2), 256), "range from 256 to 256"),
        (np.full((2, 2), -1), "range from -1"),
        (np.array([[0.0, 1.5]]), "floats must be in 0..1"),
        (np.array([[-0.5, 1.0]]), "floats must be in 0..1"),
        (np.array([[np.nan, 1.0]]), "NaN"),
        (np.array([["a"]]), "dtype"),
    ],
)
def test_invalid_arrays_raise_an_error_with_the_reason(array, message):
    with pytest.raises(PictureError, match=message):
        grey_of_array(array)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint16])
def test_integers_of_0_and_1_are_black_and_white(dtype):
    np.testing.assert_array_equal(open_picture(np.eye(3, dtype=dtype)), 255 * np.eye(3))


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def test_large_pictures_of_decoders_that_take_much_memory_are_an_error(monkeypatch):
    monkeypatch.setattr(_containers, "DECODER_MEMORY", 16 * 100 * 100)
    data = saved(Image.new("RGB", (101, 100), "white"), "WEBP")
    with pytest.raises(PictureError, match="101x100 pixels, which take 16 bytes each to decode as WEBP"):
        open_picture(data, max_pixels=10_100)
    assert open_picture(data, max_pixels=20_000).shape == (100, 101)  # raised on purpose
    assert open_picture(saved(Image.new("RGB", (100, 100), "white"), "WEBP"), max_pixels=10_000).all()
    assert open_picture(saved(Image.new("RGB", (101, 100), "white"), "PNG"), max_pixels=10_100).all()


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_large_jpegs_are_decoded_as_grey_and_differ_little(progressive, monkeypatch):
    colours = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    data = saved(Image.fromarray(colours).resize((80, 64)), "JPEG", progressive=progressive)
    expected = open_picture(data)
    monkeypatch.setattr(_containers, "GREY_PIXELS", 64 * 80 - 1)
    modes = []
    monkeypatch.setattr(_open, "grey_of_image", lambda image: modes.append(image.mode) or grey_of_image(image))
    found = open_picture(data)
    assert modes == ["L"]
    assert found.shape == expected.shape
    within = np.abs(found.astype(int) - expected)
    assert np.quantile(within, 0.9) <= 2


@pytest.mark.parametrize(("side", "fraction"), [(2688, 8), (1200, 4), (672, 2), (1000, 1), (300, 1)])
def test_jpeg_of_which_fewer_pixels_are_needed_is_decoded_smaller(tmp_path, side, fraction):
    """At a fraction that divides the factor by which it would be averaged."""
    image = Image.new("L", (side, side // 2), 230)
    ImageDraw.Draw(image).ellipse((side // 5, side // 10, side // 2, side // 3), fill=40)
    file = tmp_path / "letter.jpg"
    image.save(file, quality=95)
    smaller = open_picture(file, longest=336)
    average = Image.fromarray(open_picture(file)).reduce(fraction)
    assert smaller.shape == (average.height, average.width)
    assert np.abs(smaller.astype(int) - average).mean() < 1


def test_image_of_the_caller_keeps_its_size(tmp_path):
    file = tmp_path / "letter.jpg"
    Image.new("L", (1200, 900), 200).save(file)
    with Image.open(file) as image:
        assert open_picture(image, longest=300).shape == (900, 1200)
        assert image.size == (1200, 900)
