import zipfile

import pytest

from ensemble_hwr.datasets import load_nist, split_by_source
from ensemble_hwr.exceptions import DataError

MEMBERS = [
    "by_class/41/train_41/train_41_00000.png",
    "by_class/41/train_41/train_41_00001.png",
    "by_class/41/hsf_0/hsf_0_00000.png",
    "by_class/41/hsf_1/hsf_1_00000.png",
    "by_class/41/hsf_4/hsf_4_00000.png",
    "by_class/41/hsf_0.mit",
    "by_class/4d/train_4d/train_4d_00000.png",
    "by_class/4d/hsf_0/hsf_0_00000.png",
    "by_class/6d/train_6d/train_6d_00000.png",
    "by_class/30/train_30/train_30_00000.png",
]


@pytest.fixture
def folder(tmp_path, to_png):
    for i, member in enumerate(MEMBERS):
        file = tmp_path / member
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(to_png(i))
    return tmp_path


@pytest.fixture
def archive(tmp_path, to_png):
    path = tmp_path / "by_class.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for i, member in enumerate(MEMBERS):
            zipped.writestr(member, to_png(i))
    return path


@pytest.mark.parametrize("form", ["folder", "by_class", "archive"])
def test_standard_split(request, form, to_png):
    path = request.getfixturevalue("archive" if form == "archive" else "folder")
    letters = load_nist(path / "by_class" if form == "by_class" else path, letters="AM")
    assert letters.target.tolist() == ["A", "A", "A", "M"]
    assert letters.source.tolist() == ["hsf_4", "train", "train", "train"]
    assert letters.split.tolist() == ["test", "train", "train", "train"]
    if form == "archive":
        assert letters.data.tolist() == [to_png(MEMBERS.index(MEMBERS[i])) for i in (4, 0, 1, 6)]
    else:
        folder = request.getfixturevalue("folder")
        assert letters.data.tolist() == [str(folder / MEMBERS[i]) for i in (4, 0, 1, 6)]


def test_writer_parts_are_sources(folder):
    letters = load_nist(folder, letters="AM", parts=["hsf_0", "hsf_1"])
    assert letters.source.tolist() == ["hsf_0", "hsf_1", "hsf_0"]
    train, test = split_by_source(letters, ["hsf_0"], ["hsf_1"])
    assert (len(train), len(test)) == (2, 1)


def test_other_characters(archive):
    assert load_nist(archive, letters="m0", parts="train").target.tolist() == ["0", "m"]


def test_parts_with_the_same_letters_are_rejected(folder):
    with pytest.raises(DataError, match="'train' repeats"):
        load_nist(folder, parts=["train", "hsf_0"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"letters": "AÄ"}, "Ä"),
        ({"letters": ""}, "letters must be"),
        ({"letters": ["AM"]}, "AM"),
        ({"letters": "A", "parts": ["hsf_8"]}, "hsf_8"),
        ({"letters": "A", "parts": []}, "parts must be"),
        ({"letters": "AB"}, "42"),
        ({"letters": "M", "parts": ["hsf_1"]}, "no picture of 'M'"),
        ({"letters": "M", "parts": ["train", "hsf_4"]}, "part 'hsf_4'"),
    ],
)
@pytest.mark.parametrize("form", ["folder", "archive"])
def test_wrong_settings_and_missing_pictures(request, form, settings, message):
    with pytest.raises(DataError, match=message):
        load_nist(request.getfixturevalue(form), **settings)


def test_missing_paths_of_nist(tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        load_nist(tmp_path / "nowhere")
    (tmp_path / "x.zip").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"x\.zip: cannot be read as the archive"):
        load_nist(tmp_path / "x.zip")


def test_a_damaged_member_is_reported(archive):
    raw = archive.read_bytes()
    at = raw.index(b"IHDR") + 30
    archive.write_bytes(raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :])
    with pytest.raises(DataError, match="CRC"):
        load_nist(archive, letters="A")


@pytest.mark.parametrize("member", ["../41/train_41/x.png", "/41/train_41/x.png", "c:/41/train_41/x.png"])
def test_members_that_lead_out_are_rejected_and_nothing_is_written(archive, to_png, member, tmp_path):
    with zipfile.ZipFile(archive, "a") as zipped:
        zipped.writestr(member, to_png())
    with pytest.raises(DataError, match="leads out of the archive"):
        load_nist(archive, letters="A")
    assert list(tmp_path.iterdir()) == [archive]


def test_members_that_are_too_large_are_rejected(archive):
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("by_class/41/train_41/bomb.png", bytes(2_000_000))
    with pytest.raises(DataError, match=r"bomb\.png' unpacks to 2000000 bytes"):
        load_nist(archive, letters="A")
