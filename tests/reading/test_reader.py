import pickle

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from ensemble_hwr import LetterNormalizer, WordReader, WordSegmenter, compose_words
from ensemble_hwr.exceptions import DataError, ModelError, PictureError
from ensemble_hwr.persistence import load_model
from ensemble_hwr.reading import LetterNgrams, Lexicon, error_report
from ensemble_hwr.segmentation import cut_strokes


def pictures(words):
    return [word.picture for word in words]


def changed(reader, **parameters):
    return WordReader(**{**reader.get_params(deep=False), **parameters}).fit()


def texts(words):
    return [word.text for word in words]


@pytest.fixture(scope="module")
def reader(classifier, non_letter):
    return WordReader(classifier, non_letter=non_letter).fit()


@pytest.fixture(scope="module")
def by_gaps(classifier):
    return WordReader(classifier, cut="gaps", non_letter=None).fit()


def test_words_whose_letters_are_apart(reader, by_gaps, wide):
    for one in (reader, by_gaps):
        assert one.character_error_rate(pictures(wide), texts(wide)) < 0.15


def test_the_lattice_with_non_letter_beats_gaps_where_letters_touch(reader, by_gaps, tight):
    lattice, gaps = (one.character_error_rate(pictures(tight), texts(tight)) for one in (reader, by_gaps))
    assert lattice < gaps


def test_a_lexicon_helps(reader, tight):
    helped = changed(reader, lexicon=[*texts(tight), "OTHER", "WORDS"])
    assert helped.score(pictures(tight), texts(tight)) > reader.score(pictures(tight), texts(tight))


def test_a_common_word_is_read_before_a_rare_one(reader, wide):
    picture = wide[texts(wide).index("TYPE")].picture
    read = changed(reader, lexicon={"type": 1, "tyre": 1}, oov_rate=0.0).read(picture)
    assert read.text == "TYPE"
    assert changed(reader, lexicon={"type": 1, "tyre": 1e12}, oov_rate=0.0).read(picture).text == "TYRE"


def test_words_that_cannot_be_spelled_are_told(classifier):
    with pytest.warns(UserWarning, match=r"^2 of 3 words of the lexicon are left out, such as '12'"):
        reader = WordReader(classifier, non_letter=None, lexicon=["tea", "12", "caf\u00e9"]).fit()
    assert list(reader.lexicon_) == ["TEA"]


def test_new_words_must_fit_better(reader, wide):
    read = reader.predict(pictures(wide))
    others = ["zebra", "music"]
    assert changed(reader, lexicon=others, oov_rate=0.999999).predict(pictures(wide)).tolist() == read.tolist()
    readers = [changed(reader, lexicon=others, oov_rate=oov_rate) for oov_rate in (0.0, 1e-12, 0.5)]
    counts = [sum(text in ("ZEBRA", "MUSIC") for text in told.predict(pictures(wide))) for told in readers]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 0


def test_a_letter_model_has_a_say(reader, wide):
    told = changed(reader, ngrams=LetterNgrams(texts(wide), order=4))
    assert told.score(pictures(wide), texts(wide)) >= reader.score(pictures(wide), texts(wide))


@pytest.mark.parametrize(
    ("read", "weight", "message"),
    [
        (["A", "B", "C"], None, "2 words were read, but there are 3 texts"),
        ("AB", None, "must be a list of texts"),
        (None, None, "must be a list of texts"),
        ([1, 2], None, "each must be a str"),
        (["A", "B"], [-1, 1], "[Nn]egative"),
        (["A", "B"], [0, 0], "0 for every picture|non-zero"),
        (["A", "B"], [1], "shape"),
    ],
)
def test_scores_of_something_else_are_refused(reader, wide, read, weight, message):
    with pytest.raises(ValueError, match=message):
        reader.score(pictures(wide)[:2], read, sample_weight=weight)


def test_details_say_where_and_how_sure(reader, wide):
    details = reader.predict_details(pictures(wide))
    assert [word.text for word in details] == reader.predict(pictures(wide)).tolist()
    for word, made in zip(details, wide, strict=True):
        assert word.text == "".join(letter.text for letter in word.letters)
        shares = [word.confidence, *(p for _, p in word.alternatives)]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1 + 1e-9
        assert len({word.text, *(text for text, _ in word.alternatives)}) == len(shares) <= 5
        for letter in word.letters:
            assert 0 <= letter.confidence <= 1
            assert letter.text not in dict(letter.alternatives)
        if word.text == made.text:
            for letter, true in zip(word.letters, made.letters, strict=True):
                middle = (letter.box.left + letter.box.right) / 2
                assert true.box.left <= middle <= true.box.right


def test_without_non_letter_it_still_reads(classifier, wide):
    assert len(WordReader(classifier, non_letter=None).fit().predict(pictures(wide[:2]))) == 2


def test_a_pipeline_from_pictures_reads_the_same(classifier, non_letter, reader, wide):
    whole = Pipeline([("normalize", LetterNormalizer()), ("classify", classifier)])
    assert WordReader(whole, non_letter=non_letter).fit().predict(pictures(wide[:4])).tolist() == (
        reader.predict(pictures(wide[:4])).tolist()
    )


def test_n_jobs_and_pickling_change_nothing(reader, wide):
    expected = reader.predict_details(pictures(wide[:4]))
    assert changed(reader, n_jobs=2).predict_details(pictures(wide[:4])) == expected
    assert pickle.loads(pickle.dumps(reader)).predict_details(pictures(wide[:4])) == expected


def test_light_ink_when_told(classifier, non_letter, wide):
    light = WordReader(classifier, non_letter=non_letter, segmenter=WordSegmenter(polarity="light")).fit()
    dark = WordReader(classifier, non_letter=non_letter, segmenter=WordSegmenter(polarity="dark")).fit()
    assert light.predict([255 - wide[0].picture]).tolist() == dark.predict([wide[0].picture]).tolist()


def test_a_page(reader, by_gaps, letters):
    (page,) = compose_words(letters, ["TWO WORDS\nON LINES"], gap=0.25, random_state=0)
    for one in (reader, by_gaps):
        read = one.read_page(page.picture)
        assert [len(line.words) for line in read.lines] == [2, 2]
        assert sum(a == b for a, b in zip(read.text, page.text, strict=False)) > 0.6 * len(page.text)


def test_every_error_has_a_cause(reader, tight):
    details = reader.predict_details(pictures(tight))
    report = error_report(texts(tight), details)
    assert report.n_right + report.lexicon + report.missed_cuts + report.extra_cuts + report.letters == len(tight)
    assert report.n_right == round(reader.score(pictures(tight), texts(tight)) * len(tight))


def test_bad_pictures(reader, wide):
    empty = np.full((30, 30), 255, np.uint8)
    with pytest.raises(PictureError, match="picture 1: "):
        reader.predict([wide[0].picture, empty])
    lenient = changed(reader, errors="empty")
    assert lenient.predict([wide[0].picture, empty, b"no picture"])[1:].tolist() == ["", ""]


@pytest.mark.parametrize("cut", ["lattice", "gaps"])
def test_odd_pictures_give_a_result_or_an_error(classifier, non_letter, cut):
    low, dot = np.full((2, 40), 255, np.uint8), np.full((60, 90), 255, np.uint8)
    low[:, 10:12] = low[:, 30:32] = 0
    dot[30, 50] = 0
    broad = np.full((64, 20_000), 255, np.uint8)
    broad[10:50, ::400] = 0
    reader = WordReader(classifier, non_letter=non_letter, cut=cut, errors="empty").fit()
    assert len(reader.predict([low, dot, broad])) == 3


def test_it_must_be_fitted(classifier, wide):
    with pytest.raises(NotFittedError):
        WordReader(classifier).predict(pictures(wide[:1]))


@pytest.mark.parametrize(
    ("parameters", "error", "problem"),
    [
        ({"classifier": 3}, ValueError, "'classifier'"),
        ({"classifier": LogisticRegression()}, ModelError, "not fitted"),
        ({"non_letter": DummyClassifier()}, ModelError, "not fitted"),
        ({"non_letter": DummyClassifier().fit([[0]], ["A"])}, ModelError, "'letter' must be one"),
        ({"cut": "no"}, ValueError, "'cut'"),
        ({"beam": 0}, ValueError, "'beam'"),
        ({"oov_rate": 1}, ValueError, "'oov_rate'"),
        ({"lexicon": []}, DataError, "got none"),
        ({"lexicon": {"TEA": 0}}, DataError, "the count of 'TEA' is 0"),
        ({"lexicon": Lexicon(["123"])}, DataError, "no word of the lexicon"),
    ],
)
def test_wrong_settings(classifier, parameters, error, problem):
    with pytest.raises(error, match=problem):
        WordReader(**{"classifier": classifier, "non_letter": None, **parameters}).fit()


def test_a_lattice_of_strokes_is_read_and_letters_say_their_pieces(classifier):
    stem, bar = [(0, 0), (0, 100)], [(0, 100), (55, 100)]
    tee = [[(80, 0), (150, 0)], [(115, 0), (115, 100)]]
    lattice = cut_strokes([stem, bar, *tee])
    word = WordReader(classifier, non_letter=None, lexicon=["LT"], oov_rate=0.0).fit().read_lattice(lattice)
    assert word.text == "LT"
    assert [letter.span for letter in word.letters] == [(0, 2), (2, 4)]
    assert tuple(word.letters[1].box) == (80, 0, 150, 100)


def test_a_classifier_of_something_else_is_refused():
    with pytest.raises(ModelError, match="rows of 800 numbers, but a letter is a row of 784"):
        WordReader(load_model("non-letter")).fit()
