"""Pages of real files of each format, made here, whole and damaged."""

import io
import struct
import sys
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import open_pages, open_picture
from ensemble_hwr.images.pages import PageRanges, has_several_pages

Image.init()
LEVELS = (40, 120, 200)


def sheet(level, size=(40, 30)):
    """A light picture with a bar whose brightness identifies the page."""
    image = Image.new("L", size, 255)
    image.paste(level, (0, 0, size[0] // 2, size[1]))
    return image


def encode(images, format, **options):
    buffer = io.BytesIO()
    first, *others = (image.copy() for image in images)  # saving changes an image
    if others:
        options |= {"save_all": True, "append_images": others}
    first.save(buffer, format, **options)
    return buffer.getvalue()


SHEETS = [sheet(level) for level in LEVELS]
SETS = {
    "TIFF": {},
    "GIF": {},
    "PNG": {},
    "WEBP": {"lossless": True},
    "MPO": {"quality": 95},
    "AVIF": {"quality": 95},
    "HEIF": {"quality": 95},
    "PDF": {"resolution": 72},
}


def encoded(format, images=SHEETS):
    if format == "HEIF":
        heif = pytest.importorskip("pillow_heif")
        file = heif.HeifFile()
        for image in images:
            file.add_from_pillow(image)
        buffer = io.BytesIO()
        file.save(buffer, quality=95)
        return buffer.getvalue()
    if format == "PDF":
        pytest.importorskip("pypdfium2")
    return encode(images, format, **SETS[format])


def levels(pages):
    """The brightness of the left half of each page, and None where a page cannot be decoded."""
    found = {}
    for page in pages:
        height, width = (0, 0) if page.pixels is None else page.pixels.shape
        found[page.number] = float(page.grey[height // 2, width // 4]) if height else None
    return found


def problems(pages):
    return [f"{page.name}: {page.problem}" for page in pages if page.problem]


@pytest.mark.parametrize("format", SETS)
def test_every_page_of_every_format_is_opened(format, tmp_path):
    (tmp_path / "scan").write_bytes(encoded(format))
    for picture in (encoded(format), tmp_path / "scan", str(tmp_path / "scan")):
        assert has_several_pages(picture)
        assert levels(open_pages(picture)) == pytest.approx(dict(enumerate(LEVELS, start=1)), abs=8)
        assert levels(open_pages(picture, pages="3,2")) == pytest.approx({2: 120, 3: 200}, abs=8)
        np.testing.assert_array_equal(open_picture(picture), next(iter(open_pages(picture))).grey)
    assert f"{tmp_path / 'scan'}', page 2" in list(open_pages(tmp_path / "scan"))[1].name


@pytest.mark.parametrize("format", SETS)
def test_a_file_of_one_page_has_no_number(format):
    (page,) = open_pages(encoded(format, SHEETS[:1]))
    assert not page.several
    assert "page" not in page.name
    assert not has_several_pages(encoded(format, SHEETS[:1]))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"])
def test_pages_of_every_mode(mode):
    grey = SHEETS[0]
    converted = {
        "1": lambda: grey.point(lambda level: 0 if level < 128 else 255).convert("1"),
        "LAB": lambda: Image.merge("LAB", [grey, Image.new("L", grey.size, 128), Image.new("L", grey.size, 128)]),
        "I;16": lambda: Image.fromarray(np.asarray(grey).astype(np.uint16) * 257),
        "LA": lambda: Image.merge("LA", [grey, Image.new("L", grey.size, 255)]),
        "YCbCr": lambda: grey.convert("RGB").convert("YCbCr"),
    }.get(mode, lambda: grey.convert(mode))()
    expected = 0 if mode == "1" else 40
    for format in ("TIFF", "PIL"):
        picture = converted if format == "PIL" else encode([converted, converted], "TIFF")
        for page in open_pages(picture):
            assert page.grey[15, 10] == pytest.approx(expected, abs=3)
            assert page.grey[15, 30] == pytest.approx(255, abs=3)


@pytest.mark.parametrize("format", ["PPM", "JPEG2000", "TGA", "PCX", "SGI", "ICO", "DDS", "QOI", "DIB"])
def test_rare_formats_that_pillow_opens(format):
    if format not in Image.SAVE:
        pytest.skip(f"this release of Pillow does not write {format}")
    image = sheet(40, (32, 32)).convert("RGB")
    (page,) = open_pages(encode([image], format))
    assert page.grey[15, 10] == pytest.approx(40, abs=3)


@pytest.mark.parametrize(
    "head", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"\x89HDF\r\n\x1a\n" + bytes(99)]
)
def test_formats_that_need_another_program_are_refused(head):
    with pytest.raises(PictureError, match="it is not a picture in a format that can be read"):
        open_picture(head)


def test_thumbnails_and_masks_are_no_pages():
    small = sheet(0, (8, 6))
    whole = encode([SHEETS[0], small, SHEETS[1]], "TIFF")
    kinds = io.BytesIO()
    SHEETS[0].save(kinds, "TIFF", save_all=True, append_images=[small, SHEETS[1]], tiffinfo={254: 1})
    assert list(levels(open_pages(whole))) == [1, 2, 3]
    assert list(levels(open_pages(kinds.getvalue()))) == [1]  # all further ones are marked as reduced
    assert list(levels(open_pages(encoded("MPO", [SHEETS[0], small, SHEETS[1]])))) == [1, 2]


def test_one_page_is_in_memory():
    pages = open_pages(
        encode([Image.new("L", (2000, 2000), level) for level in range(30)], "TIFF", compression="tiff_lzw")
    )

    tracemalloc.start()
    assert sum(1 for _ in pages) == 30
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_too_many_frames_are_one_error():
    frames = [sheet(level % 250, (9, 9)) for level in range(10_000)]
    many = encode(frames, "GIF")
    *pages, last = open_pages(many, max_pages=20)
    assert [page.number for page in pages] == list(range(1, 21))
    assert problems([last]) == [
        f"picture of {len(many)} bytes, page 21 and all after it: "
        "at most 20 pages of a file are read; choose pages, or raise max_pages"
    ]
    with pytest.raises(PictureError, match="page 21 and all after it"):
        open_picture(last)


def test_a_damaged_page_hides_no_other_page():
    """The data of a page of a TIFF is damaged, its directory is whole."""
    rng = np.random.default_rng(0)
    noise = [Image.fromarray(rng.integers(0, 255, (40, 40), dtype=np.uint8)) for _ in range(5)]
    whole = encode(noise, "TIFF", compression="tiff_adobe_deflate")
    with Image.open(io.BytesIO(whole)) as image:
        image.seek(2)
        (start,), (length,) = image.tag_v2[273], image.tag_v2[279]
    damaged = whole[: start + 5] + bytes(length - 5) + whole[start + length :]
    pages = list(open_pages(damaged))
    assert [page.number for page in pages if page.pixels is None] == [3]
    assert [page.number for page in pages] == [1, 2, 3, 4, 5]
    (problem,) = problems(pages)
    assert "page 3: it is damaged or cut short" in problem


@pytest.mark.parametrize("format", ["TIFF", "GIF", "PNG", "WEBP", "MPO", "AVIF", "HEIF", "PDF"])
def test_a_file_that_is_cut_short_is_an_error_at_the_page(format):
    rng = np.random.default_rng(0)
    whole = encoded(format, [Image.fromarray(rng.integers(0, 255, (60, 60), dtype=np.uint8)) for _ in range(5)])
    for share in (0.5, 0.7, 0.9):
        try:
            pages = list(open_pages(whole[: int(share * len(whole))]))
        except PictureError:
            assert format in ("WEBP", "AVIF", "HEIF", "PDF", "MPO")
            continue
        if format != "PDF":  # PDFium rebuilds what it can
            assert problems(pages)
        assert len(problems(pages)) <= 3


def pdf(*objects, trailer=""):
    """A PDF of some objects, the first of which is the catalog."""
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += (
            f"{number} 0 obj\n".encode() + (content if isinstance(content, bytes) else content.encode()) + b"\nendobj\n"
        )
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size}/Root 1 0 R{trailer}>>\n"
    return body + f"{end}startxref\n{len(body)}\n%%EOF\n".encode()


def pdf_of(*boxes, content=b"0 g 10 10 20 20 re f"):
    """A PDF of pages of these sizes in points, with a black square."""
    kids = " ".join(f"{k} 0 R" for k in range(4, 4 + len(boxes)))
    stream = f"<</Length {len(content)}>>\nstream\n".encode() + content + b"\nendstream"
    pages = [f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {w} {h}]/Contents 3 0 R>>" for w, h in boxes]
    return pdf("<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {len(boxes)}>>", stream, *pages)


def test_pages_of_a_pdf_are_rendered_at_300_dpi():
    pytest.importorskip("pypdfium2")
    (page,) = open_pages(pdf_of((72, 36)))
    assert page.grey.shape == (150, 300)
    assert page.grey[150 - 80, 80] == 0
    assert page.grey[5, 5] == 255


def test_a_large_page_of_a_pdf_has_fewer_pixels_and_a_huge_one_is_an_error():
    pytest.importorskip("pypdfium2")
    pages = list(open_pages(pdf_of((300, 300), (14_400, 14_400), (72, 72)), max_pixels=1_000_000))
    assert 900_000 < pages[0].grey.size <= 1_000_000
    assert "page 2: it is too large: 14400x14400 pixels" in problems(pages)[0]
    assert pages[2].grey.shape == (300, 300)


ENCRYPTED = f"/ID[<{'00' * 16}><{'00' * 16}>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{'11' * 32}>/U<{'22' * 32}>>>"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"%PDF-1.4\n" + bytes(200), "it is a damaged PDF"),
        (b"%PDF-", "it is a damaged PDF"),
        (pdf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[]/Count 0>>"), "without pages|damaged"),
        (pdf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[]/Count 0>>", trailer=ENCRYPTED), "by a password"),
    ],
    ids=["zeros", "short", "no pages", "password"],
)
def test_wrong_pdfs(content, problem):
    pytest.importorskip("pypdfium2")
    for function in (open_picture, lambda picture: list(open_pages(picture))):
        with pytest.raises(PictureError, match=problem):
            function(content)


@pytest.mark.parametrize("content", [b"II*\0\x08\0\0\0\0\0\0\0\0\0", b"II*\0\0\0\0\0", b"MM\0*"])
def test_an_empty_tiff_is_an_error(content):
    with pytest.raises(PictureError):
        list(open_pages(content))


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_frames_are_not_decoded_to_reach_another_if_they_are_too_large(format):
    whole = encoded(format)
    with pytest.raises(PictureError, match="too large"):
        list(open_pages(whole, pages="2", max_pixels=100))
    pages = list(open_pages(encoded("TIFF"), max_pixels=100))
    assert [page.pixels for page in pages] == [None] * 3


@pytest.mark.parametrize(
    ("package", "content", "message"),
    [
        ("pypdfium2", b"%PDF-1.7\n", r"it is a PDF; pypdfium2 is not installed; .*ensemble_hwr\[pdf\]"),
        ("pillow_heif", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", r"it is an HEIC; pillow-heif .*ensemble_hwr\[heif\]"),
    ],
)
def test_a_missing_extra_is_named(package, content, message, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PictureError, match=message):
        open_picture(content)
    assert not has_several_pages(content)


def test_a_jpeg_of_many_scans_is_an_error():
    """Each scan costs the time of a whole picture."""
    whole = encode([Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64))], "JPEG", progressive=True)
    assert open_picture(whole).shape == (64, 64)
    scan = whole.rindex(b"\xff\xda")
    length = struct.unpack(">H", whole[scan + 2 : scan + 4])[0]
    bomb = whole[:-2] + whole[scan : scan + 2 + length] * 300 + whole[-2:]
    with pytest.raises(PictureError, match="progressive scans, allowed are"):
        open_picture(bomb)


def test_pil_images_and_arrays_are_files_of_one_page_or_more():
    with Image.open(io.BytesIO(encoded("TIFF"))) as image:
        image.seek(1)
        assert levels(open_pages(image)) == {1: 40, 2: 120, 3: 200}
        assert image.tell() == 1
    (page,) = open_pages(np.asarray(SHEETS[0]))
    assert page.grey.shape == (30, 40)
    (same,) = open_pages(page)
    assert same is page
    (missing,) = open_pages(np.asarray(SHEETS[0]), pages="2")
    assert "no such page" in missing.problem


def test_a_page_is_a_picture():
    page = list(open_pages(encoded("TIFF")))[1]
    np.testing.assert_array_equal(open_picture(page), page.grey)
    with pytest.raises(PictureError, match="page 2: it is too large"):
        open_picture(page, max_pixels=10)


@pytest.mark.parametrize("text", ["", "0", "3-1", "a", "1,,2", "-3", "1-2-3", "1.5", "9" * 10])
def test_invalid_ranges(text):
    with pytest.raises(ValueError, match="pages are numbers from 1"):
        PageRanges.parse(text)


@pytest.mark.parametrize("options", [{"max_pages": 0}, {"max_pixels": 1.5}])
def test_invalid_limits(options):
    with pytest.raises(ValueError, match="must be an integer of 1 or more"):
        open_pages(b"", **options)
