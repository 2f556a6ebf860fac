import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ensemble_hwr.datasets import _kaggle as kaggle
from ensemble_hwr.datasets import load_kaggle_az
from ensemble_hwr.exceptions import DataError

NAMES = "label," + ",".join(f"pixel{i}" for i in range(1, 785))
BLANK = ",".join("0" * 785)


def row(label=0, pixels=None):
    values = np.zeros(784, int) if pixels is None else pixels
    return ",".join(map(str, [label, *values]))


@pytest.fixture
def write(tmp_path):
    def make(text, **kwargs):
        file = tmp_path / "table.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_kaggle_az(file, **kwargs)

    return make


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("head", [None, NAMES, ",".join(map(str, range(785)))])
def test_every_row_is_read_with_and_without_header(write, end, last, bom, head):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3, 784))
    lines = [row(label, p) for label, p in zip([0, 25, 7], pixels, strict=True)]
    text = bom + end.join(([head] if head else []) + lines) + (end if last else "")
    letters = write(text)
    assert letters.target.tolist() == ["A", "Z", "H"]
    assert letters.data.dtype == np.uint8
    assert (letters.data == pixels).all()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=arrays(np.uint8, st.tuples(st.integers(1, 12), st.just(785)), elements=st.integers(0, 255)),
    block=st.integers(1, 9000),
)
def test_any_table_is_read_in_blocks_of_any_size(tmp_path, data, block):
    data[:, 0] %= 26
    file = tmp_path / "any.csv"
    np.savetxt(file, data, fmt="%d", delimiter=",")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kaggle, "_BLOCK", block)
        letters = load_kaggle_az(file)
    assert (letters.data == data[:, 1:]).all()
    assert letters.target.tolist() == [chr(65 + label) for label in data[:, 0]]


@pytest.mark.parametrize("good_rows", [0, 700])  # in the first block, and beyond it
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (BLANK + ",0", "786 values; expected 785"),
        (BLANK[:-2], "784 values"),
        ("", "1 values"),
        (row(26), "label is 26; expected 0 .A. to 25 .Z."),
        (BLANK[:-1] + "256", "pixel 784 is '256'"),
        (BLANK[:-1] + "-1", "pixel 784 is '-1'"),
        (BLANK[:-1] + "0.5", "pixel 784 is '0.5'"),
        (BLANK[:-1] + "0000", "pixel 784 is '0000'"),
        (BLANK[:-1] + " 0", "pixel 784 is ' 0'"),
        (BLANK[:-1], "pixel 784 is ''"),
        ("x" + BLANK[1:], "the label is 'x'"),
        (BLANK[:-1] + "\u0663", "pixel 784"),
    ],
)
def test_a_malformed_line_is_reported_by_number(write, good_rows, bad, message):
    text = (BLANK + "\n") * (good_rows + 1) + bad + "\n" + BLANK + "\n"
    with pytest.raises(DataError, match=f"line {good_rows + 2}: .*{message}"):
        write(text)


def test_a_malformed_first_line_is_not_a_header(write):
    with pytest.raises(DataError, match="line 1: the label is 'A'"):
        write("A" + BLANK[1:] + "\n" + BLANK)


def test_a_header_of_another_width_is_rejected(write):
    with pytest.raises(DataError, match="line 1: 3 values"):
        write("label,pixel1,pixel2\n" + BLANK)


def test_a_row_converted_to_column_names_is_rejected(write):
    mangled = ",".join(["0", *(f"0.{i}" for i in range(1, 785))])
    with pytest.raises(DataError, match=r"line 1: .*converted to column names.*header=True"):
        write(mangled + "\n" + BLANK)
    assert len(write(mangled + "\n" + BLANK, header=True)) == 1


def test_header_detection_can_be_overridden(write):
    with pytest.raises(DataError, match="line 1: the label is 'label'"):
        write(NAMES + "\n" + BLANK, header=False)


@pytest.mark.parametrize("text", ["", NAMES, NAMES + "\n"])
def test_tables_without_rows(write, text):
    with pytest.raises(DataError, match="contains no letters"):
        write(text)


def test_a_line_that_is_too_long_is_rejected(write):
    with pytest.raises(DataError, match="line 1: is longer than a row"):
        write(b"0," * 3_000_000)


def test_bytes_that_are_not_text(write):
    with pytest.raises(DataError, match="line 1"):
        write(bytes(range(256)) * 20)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: no such file"):
        load_kaggle_az(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a folder"):
        load_kaggle_az(tmp_path)
