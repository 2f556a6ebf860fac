import pytest
from sklearn.linear_model import LogisticRegression

from ensemble_hwr import PageReader, WordReader, compose_words
from ensemble_hwr.exceptions import ModelError

TEXT = "TWO WORDS\nON LINES"


@pytest.fixture(scope="module")
def words(classifier):
    return WordReader(classifier, cut="gaps", lexicon=TEXT.split())


@pytest.fixture(scope="module")
def page(letters):
    return compose_words(letters, [TEXT], gap=0.25, random_state=0)[0].picture


def test_reads_lines_of_words(words, page):
    reader = PageReader(words).fit()
    assert reader.predict([page]).tolist() == [TEXT]
    assert reader.score([page], [TEXT]) == 1.0
    assert reader.read(page).export()["text"] == TEXT


def test_the_readers_own_settings_stay(words, page):
    reader = PageReader(words).fit()
    assert not hasattr(words, "lexicon_")
    assert reader.reader_.lexicon_ is not None
    assert reader.predict_details([page]) == [words.fit().read_page(page)]


def test_the_gap_between_words_can_be_said(words, page):
    counts = [
        sum(len(line.words) for line in PageReader(words, word_gap=gap).fit().read(page).lines)
        for gap in (0.0, 0.5, 9.0)
    ]
    assert counts[0] > counts[1] > counts[2] == 2


def test_wrong_settings(words):
    for parameters in ({"reader": 3}, {"word_gap": -1}, {"errors": "ignore"}):
        with pytest.raises(ValueError, match=next(iter(parameters))):
            PageReader(**{"reader": words, **parameters}).fit()
    with pytest.raises(ModelError, match="not fitted"):
        PageReader(WordReader(LogisticRegression(), non_letter=None)).fit()
