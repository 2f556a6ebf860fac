import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.exceptions import DataError
from ensemble_hwr.reading import Lexicon

some_words = st.lists(st.text("ABC", min_size=1, max_size=5), min_size=1, max_size=30)


@given(some_words, st.text("ABCD", max_size=6))
def test_it_is_the_set_of_its_words(words, other):
    lexicon = Lexicon(words)
    assert list(lexicon) == sorted(set(words))
    assert len(lexicon) == len(set(words))
    assert all(word in lexicon for word in words)
    assert (other in lexicon) == (other in set(words))


def test_many_words():
    words = [f"{number:b}".replace("0", "A").replace("1", "B") for number in range(20_000)]
    lexicon = Lexicon(words)
    assert len(lexicon) == 20_000
    assert "B" * 14 in lexicon
    assert "B" * 20 not in lexicon
    assert 3 not in lexicon


def test_files_of_words(tmp_path):
    file = tmp_path / "words.txt"
    file.write_bytes(b"\xef\xbb\xbfone\r\n\r\ntwo \n")
    assert list(Lexicon.from_file(file)) == ["one", "two"]
    for content in (b"", b"\n\n", b"\xff\xff"):
        file.write_bytes(content)
        with pytest.raises(DataError, match=r"words\.txt: "):
            Lexicon.from_file(file)
    for missing in (tmp_path / "none.txt", tmp_path, "\0"):
        with pytest.raises(DataError, match="cannot be read"):
            Lexicon.from_file(missing)


def test_words_that_letters_can_spell():
    lexicon = Lexicon(["tea", "Te", "o'clock"])
    with pytest.warns(UserWarning, match='^1 of 3 words of the lexicon are left out, such as "o\'clock"'):
        assert list(lexicon.spelled_with("AET")) == ["TE", "TEA"]
    with pytest.warns(UserWarning, match=r"such as \"o'clock\": they are not spelled with 'Taet' alone$"):
        assert list(lexicon.spelled_with("aetT")) == ["Te", "tea"]
    with pytest.raises(DataError, match=r"^no word of the lexicon is spelled with 'XYZ' alone$"):
        lexicon.spelled_with("XYZ")


def test_words_that_are_the_same_in_capitals_are_not_left_out():
    assert list(Lexicon(["tea", "TEA"]).spelled_with("AET")) == ["TEA"]


def test_a_file_is_named_where_its_words_are_left_out(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("tea\n12\n")
    with pytest.warns(UserWarning, match=r"^1 of 2 words of .*words\.txt are left out, such as '12'"):
        few = Lexicon.from_file(file).spelled_with("AET")
    with pytest.raises(DataError, match=r"^no word of .*words\.txt is spelled with 'X' alone"):
        few.spelled_with("X")


@pytest.mark.parametrize("words", [[], ["", " "], "TEXT"])
def test_no_words(words):
    with pytest.raises(DataError):
        Lexicon(words)
