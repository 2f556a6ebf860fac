import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from ensemble_hwr import LetterNormalizer, PageReader, WordReader, WordSegmenter, compose_words, generate_letters
from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import DataError, ModelError, PictureError
from ensemble_hwr.persistence import load_model
from ensemble_hwr.reading import LetterNgrams, Lexicon, Word, _words, error_report
from ensemble_hwr.reading._characters import CharacterClassifier
from ensemble_hwr.reading._pictures import PictureReader
from ensemble_hwr.reading.fields import restricted_reader
from ensemble_hwr.segmentation import cut_page, cut_strokes


def pictures(words):
    return [word.picture for word in words]


def changed(reader, **parameters):
    return WordReader(**{**reader.get_params(deep=False), **parameters}).fit()


def texts(words):
    return [word.text for word in words]


@pytest.fixture(scope="module")
def reader(classifier, non_letter_model):
    return WordReader(classifier, non_letter_model=non_letter_model).fit()


@pytest.fixture(scope="module")
def by_gaps(classifier):
    return WordReader(classifier, cut="gaps", non_letter_model=None).fit()


def test_words_with_gaps_between_letters_are_read(reader, by_gaps, wide):
    for one in (reader, by_gaps):
        assert one.character_error_rate(pictures(wide), texts(wide)) < 0.15


def test_the_lattice_reads_touching_letters_better_than_gaps(reader, by_gaps, tight):
    lattice, gaps = (one.character_error_rate(pictures(tight), texts(tight)) for one in (reader, by_gaps))
    assert lattice < gaps


def test_a_lexicon_improves_the_score(reader, tight):
    helped = changed(reader, lexicon=[*texts(tight), "OTHER", "WORDS"])
    assert helped.score(pictures(tight), texts(tight)) > reader.score(pictures(tight), texts(tight))


def test_frequent_words_are_preferred(reader, wide):
    picture = wide[texts(wide).index("TYPE")].picture
    read = changed(reader, lexicon={"type": 1, "tyre": 1}, oov_rate=0.0).read(picture)
    assert read.text == "TYPE"
    assert changed(reader, lexicon={"type": 1, "tyre": 1e12}, oov_rate=0.0).read(picture).text == "TYRE"


def test_words_that_cannot_be_spelled_give_a_warning(classifier):
    with pytest.warns(UserWarning, match=r"^2 of 3 words of the lexicon are left out, such as '12'"):
        reader = WordReader(classifier, non_letter_model=None, lexicon=["tea", "12", "\u0153uf"]).fit()
    assert list(reader.lexicon_) == ["TEA"]


def test_a_lower_oov_rate_reads_more_words_of_the_lexicon(reader, wide):
    read = reader.predict(pictures(wide))
    others = ["zebra", "music"]
    assert changed(reader, lexicon=others, oov_rate=0.999999).predict(pictures(wide)).tolist() == read.tolist()
    readers = [changed(reader, lexicon=others, oov_rate=oov_rate) for oov_rate in (0.0, 1e-12, 0.5)]
    counts = [sum(text in ("ZEBRA", "MUSIC") for text in one.predict(pictures(wide))) for one in readers]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 0


def test_a_letter_model_improves_the_score(reader, wide):
    with_ngrams = changed(reader, ngrams=LetterNgrams(texts(wide), order=4))
    assert with_ngrams.score(pictures(wide), texts(wide)) >= reader.score(pictures(wide), texts(wide))


@pytest.mark.parametrize(
    ("read", "weight", "message"),
    [
        (["A", "B", "C"], None, "2 words were read, but there are 3 texts; give one text per word"),
        ("AB", None, "must be a list with one str per word"),
        (None, None, "must be a list with one str per word"),
        ([1, 2], None, "each text must be a str"),
        (["A", "B"], [-1, 1], "[Nn]egative"),
        (["A", "B"], [0, 0], "0 for every picture|non-zero"),
        (["A", "B"], [1], "shape"),
    ],
)
def test_score_rejects_invalid_texts_and_weights(reader, wide, read, weight, message):
    with pytest.raises(ValueError, match=message):
        reader.score(pictures(wide)[:2], read, sample_weight=weight)


def test_details_have_boxes_confidences_and_alternatives(reader, wide):
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


@pytest.mark.parametrize("cut", ["lattice", "gaps"])
def test_letters_keep_the_row_that_was_classified(reader, wide, cut):
    word = changed(reader, cut=cut).read(wide[0].picture)
    assert [letter.row.shape for letter in word.letters] == [(784,)] * len(word.letters)
    rows = np.array([letter.row for letter in word.letters])
    probability = dict(zip(reader.classes_.tolist(), reader.classifier_.predict_proba(rows).T, strict=True))
    for place, letter in enumerate(word.letters):
        for text, p in ((letter.text, letter.confidence), *letter.alternatives):
            assert p == pytest.approx(probability[text][place], rel=1e-5)  # rows are float32


def test_without_a_non_letter_model_words_are_read(classifier, wide):
    assert len(WordReader(classifier, non_letter_model=None).fit().predict(pictures(wide[:2]))) == 2


def test_words_are_read_where_transformers_return_frames(wide):
    pytest.importorskip("pandas")
    shipped = WordReader().fit()
    with config_context(transform_output="pandas"):
        found = shipped.predict(pictures(wide)[:3])
    np.testing.assert_array_equal(found, shipped.predict(pictures(wide)[:3]))


def test_a_pipeline_with_a_normalizer_reads_the_same(classifier, non_letter_model, reader, wide):
    whole = Pipeline([("normalize", LetterNormalizer()), ("classify", classifier)])
    assert WordReader(whole, non_letter_model=non_letter_model).fit().predict(pictures(wide[:4])).tolist() == (
        reader.predict(pictures(wide[:4])).tolist()
    )


def test_n_jobs_and_pickling_give_the_same_results(reader, wide):
    several = [*pictures(wide[:8]), *pictures(wide[:1])]  # more than are read together
    expected = reader.predict_details(several)
    assert changed(reader, n_jobs=2).predict_details(several) == expected
    assert pickle.loads(pickle.dumps(reader)).predict_details(several) == expected


def test_errors_are_in_the_places_of_words_that_are_read_together(reader, wide, monkeypatch):
    several = [*pictures(wide[:2]), np.full((30, 30), 255, np.uint8), *pictures(wide[2:3]), "none.png"]
    singly = [reader.read(several[place]) for place in (0, 1, 3)]
    found = reader.read_each(several)
    assert [found[place].text for place in (0, 1, 3)] == [word.text for word in singly]
    assert "all one colour" in str(found[2])
    assert "none.png" in str(found[4])
    monkeypatch.setattr(_words, "PIXELS_TOGETHER", 0)
    assert [word for word in reader.read_each(several) if isinstance(word, Word)] == singly


def test_words_that_are_too_much_together_are_read_one_by_one(reader, wide, monkeypatch):
    classify = CharacterClassifier._evidence_of_some

    def limited(self, lattices):
        if len(lattices) > 1:
            raise PictureError("takes longer than 10 seconds")
        return classify(self, lattices)

    expected = [reader.read(picture) for picture in pictures(wide[:3])]
    monkeypatch.setattr(CharacterClassifier, "_evidence_of_some", limited)
    assert reader.read_each(pictures(wide[:3])) == expected


def test_the_time_of_cutting_a_word_counts_when_it_is_read(reader, wide, monkeypatch):
    clock = iter([0.0, 11.0])
    monkeypatch.setattr(_words, "time", SimpleNamespace(thread_time=lambda: next(clock)))
    (error,) = reader.read_each(pictures(wide[:1]))
    assert "takes longer than 10 seconds" in str(error)


def test_polarity_of_the_segmenter_is_used(classifier, non_letter_model, wide):
    light = WordReader(classifier, non_letter_model=non_letter_model, segmenter=WordSegmenter(polarity="light")).fit()
    dark = WordReader(classifier, non_letter_model=non_letter_model, segmenter=WordSegmenter(polarity="dark")).fit()
    assert light.predict([255 - wide[0].picture]).tolist() == dark.predict([wide[0].picture]).tolist()


def test_read_page_finds_lines_and_words(reader, by_gaps, letters):
    (page,) = compose_words(letters, ["TWO WORDS\nON LINES"], gap=0.25, random_state=0)
    for one in (reader, by_gaps):
        read = one.read_page(page.picture)
        assert [len(line.words) for line in read.lines] == [2, 2]
        assert sum(a == b for a, b in zip(read.text, page.text, strict=False)) > 0.6 * len(page.text)


def test_error_report_counts_all_words(reader, tight):
    details = reader.predict_details(pictures(tight))
    report = error_report(texts(tight), details)
    assert report.n_right + report.lexicon + report.missed_cuts + report.extra_cuts + report.letters == len(tight)
    assert report.n_right == round(reader.score(pictures(tight), texts(tight)) * len(tight))


def test_unreadable_pictures_raise_or_give_empty_texts(reader, wide):
    empty = np.full((30, 30), 255, np.uint8)
    with pytest.raises(PictureError, match="picture 1: "):
        reader.predict([wide[0].picture, empty])
    lenient = changed(reader, errors="empty")
    assert lenient.predict([wide[0].picture, empty, b"no picture"])[1:].tolist() == ["", ""]


@pytest.mark.parametrize("cut", ["lattice", "gaps"])
def test_extreme_pictures_give_a_result(classifier, non_letter_model, cut):
    low, dot = np.full((2, 40), 255, np.uint8), np.full((60, 90), 255, np.uint8)
    low[:, 10:12] = low[:, 30:32] = 0
    dot[30, 50] = 0
    broad = np.full((64, 20_000), 255, np.uint8)
    broad[10:50, ::400] = 0
    reader = WordReader(classifier, non_letter_model=non_letter_model, cut=cut, errors="empty").fit()
    assert len(reader.predict([low, dot, broad])) == 3


def test_a_reader_must_be_fitted(classifier, wide):
    with pytest.raises(NotFittedError):
        WordReader(classifier).predict(pictures(wide[:1]))


@pytest.mark.parametrize(
    ("parameters", "error", "problem"),
    [
        ({"classifier": 3}, ValueError, "'classifier'"),
        ({"classifier": LogisticRegression()}, ModelError, "not fitted"),
        ({"non_letter_model": DummyClassifier()}, ModelError, "not fitted"),
        ({"non_letter_model": DummyClassifier().fit([[0]], ["A"])}, ModelError, "must have the class 'letter'"),
        ({"cut": "no"}, ValueError, "'cut'"),
        ({"beam": 0}, ValueError, "'beam'"),
        ({"oov_rate": 1}, ValueError, "'oov_rate'"),
        ({"lexicon": []}, DataError, "got none"),
        ({"lexicon": {"TEA": 0}}, DataError, "the count of 'TEA' must be"),
        ({"lexicon": Lexicon(["123"])}, DataError, "no word of the lexicon"),
    ],
)
def test_invalid_parameters_raise(classifier, parameters, error, problem):
    with pytest.raises(error, match=problem):
        WordReader(**{"classifier": classifier, "non_letter_model": None, **parameters}).fit()


def test_a_lattice_of_strokes_is_read_and_letters_have_spans(classifier):
    stem, bar = [(0, 0), (0, 100)], [(0, 100), (55, 100)]
    tee = [[(80, 0), (150, 0)], [(115, 0), (115, 100)]]
    lattice = cut_strokes([stem, bar, *tee])
    word = WordReader(classifier, non_letter_model=None, lexicon=["LT"], oov_rate=0.0).fit().read_lattice(lattice)
    assert word.text == "LT"
    assert [letter.span for letter in word.letters] == [(0, 2), (2, 4)]
    assert tuple(word.letters[1].box) == (80, 0, 150, 100)


def test_a_classifier_of_other_rows_raises():
    with pytest.raises(ModelError, match="takes rows of 800 numbers, but a letter is a row of 784"):
        WordReader(load_model("non-letter")).fit()


TEXT = "TWO WORDS\nON LINES"


@pytest.fixture(scope="module")
def page_words(classifier):
    return WordReader(classifier, cut="gaps", lexicon=TEXT.split())


@pytest.fixture(scope="module")
def page(letters):
    return compose_words(letters, [TEXT], gap=0.25, random_state=0)[0].picture


def test_a_page_reader_reads_lines_of_words(page_words, page):
    reader = PageReader(page_words).fit()
    assert reader.predict([page]).tolist() == [TEXT]
    assert reader.score([page], [TEXT]) == 1.0
    assert reader.read(page).export()["text"] == TEXT


def test_a_page_reader_fits_a_copy_of_its_word_reader(page_words, page):
    reader = PageReader(page_words).fit()
    assert not hasattr(page_words, "lexicon_")
    assert reader.reader_.lexicon_ is not None
    assert reader.predict_details([page]) == [page_words.fit().read_page(page)]


def test_a_larger_word_gap_gives_fewer_words(page_words, page):
    counts = [
        sum(len(line.words) for line in PageReader(page_words, word_gap=gap).fit().read(page).lines)
        for gap in (0.0, 0.5, 9.0)
    ]
    assert counts[0] > counts[1] > counts[2] == 2


def test_invalid_parameters_of_a_page_reader_raise(page_words):
    for parameters in ({"reader": 3}, {"word_gap": -1}, {"errors": "ignore"}):
        with pytest.raises(ValueError, match=next(iter(parameters))):
            PageReader(**{"reader": page_words, **parameters}).fit()
    with pytest.raises(ModelError, match="not fitted"):
        PageReader(WordReader(LogisticRegression(), non_letter_model=None)).fit()


class Widths(PictureReader[Word]):
    """Test double: reads the width of a picture, and fails if it is odd."""

    def __init__(self, *, errors="raise", n_jobs=None):
        self.errors = errors
        self.n_jobs = n_jobs

    def fit(self, X=None, y=None):
        self.fitted_ = True
        return self

    def read(self, picture):
        width = picture.shape[1]
        if width % 2:
            raise PictureError("odd width")
        return Word(Box(0, 0, width, 1), (), str(width), 1.0)

    def _empty(self):
        return Word(Box(0, 0, 0, 0), (), "", 0.0)


def pictures_of_widths(*widths):
    return [np.zeros((3, width), np.uint8) for width in widths]


def test_texts_are_in_the_order_of_the_pictures():
    assert Widths().fit().predict(pictures_of_widths(4, 2, 6)).tolist() == ["4", "2", "6"]
    assert Widths().fit().predict(np.zeros((2, 5, 8), np.uint8)).tolist() == ["8", "8"]


def test_the_first_unreadable_picture_is_named_or_all_give_empty_texts():
    with pytest.raises(PictureError, match="picture 1: odd width"):
        Widths().fit().predict(pictures_of_widths(4, 3, 5))
    assert Widths(errors="empty").fit().predict(pictures_of_widths(4, 3, 6)).tolist() == ["4", "", "6"]


def test_character_error_rate_counts_characters():
    assert Widths().fit().character_error_rate(pictures_of_widths(4, 20), ["4", "25"]) == pytest.approx(1 / 3)


def test_picture_readers_are_estimators_with_tags_for_pictures():
    assert clone(Widths(errors="empty", n_jobs=2)).get_params() == {"errors": "empty", "n_jobs": 2}
    tags = get_tags(Widths())
    assert (tags.no_validation, tags.input_tags.two_d_array, tags.input_tags.three_d_array) == (True, False, True)


def test_words_are_read_in_the_case_in_which_they_are_written(mixed_classifier, non_letter_model, mixed_words):
    reader = WordReader(mixed_classifier, non_letter_model=non_letter_model, lexicon=["slops", "Pool", "polo"]).fit()
    assert list(reader.lexicon_) == ["POLO", "POOL", "SLOPS"]
    pictures = [word.picture for word in mixed_words]
    assert reader.predict(pictures[:3]).tolist() == ["pool", "Polo", "SLOPS"]
    in_lexicon = changed(reader, case="lexicon")
    assert in_lexicon.predict(pictures[:3]).tolist() == ["Pool", "polo", "slops"]
    capitals = changed(reader, case="upper")
    assert capitals.read(pictures[0]).text == "POOL"
    assert "".join(letter.text for letter in capitals.read(pictures[0]).letters) == "pool"


def test_words_of_a_line_share_their_base_line_and_x_height(mixed_classifier, non_letter_model):
    letters = generate_letters(9 * 20, letters="LOPSlops1", writers=10, random_state=0, format="pictures")
    text = "so Polo SO slops oo OO"
    picture = compose_words(letters, [text], gap=0.3, random_state=5)[0].picture
    reader = WordReader(mixed_classifier, non_letter_model=non_letter_model).fit()
    assert reader.read_page(picture).text == text
    assert PageReader(reader).fit().predict([picture]).tolist() == [text]
    words = [word for line in reader.read_page(picture).lines for word in line.words]
    assert [word.box for word in words] == [word.box for word in cut_page(picture).lines[0].words]


@pytest.mark.parametrize("word", ["polo", "SLOPS"])
def test_letters_with_accents_are_read_without_them(mixed_classifier, non_letter_model, word):
    letters = generate_letters(9 * 20, letters="LOPSlops1", writers=10, random_state=0, format="pictures")
    made = compose_words(letters, [word], gap=0.3, noise=0.0, random_state=2)[0]
    box = next(letter.box for letter in made.lines[0].words[0].letters if letter.letter in "oO")
    picture = np.pad(made.picture, ((20, 0), (0, 0)), mode="edge")
    top, middle = box.top + 20, (box.left + box.right) // 2
    for place in range(10):  # an acute accent
        picture[top - 8 - place, middle + place // 2 - 3 : middle + place // 2] = 20
    reader = WordReader(mixed_classifier, non_letter_model=non_letter_model, lexicon=[word.replace("O", "Ó"), "lops"])
    read = reader.fit().read(picture)
    assert read.text == word
    assert changed(reader, lexicon=["PÓLÖ", "SLÓPS"], accents="keep").read(picture).text == (
        "póló".replace("ló", "lö") if word == "polo" else "SLÓPS"
    )


@pytest.mark.parametrize("text", ["SO SLOPS POOL", "so Polo slops", "SLOP 1"])
def test_capitals_are_found_out_for_a_page(mixed_classifier, non_letter_model, text):
    letters = generate_letters(9 * 20, letters="LOPSlops1", writers=10, random_state=0, format="pictures")
    picture = compose_words(letters, [text], gap=0.3, random_state=5)[0].picture
    everything = WordReader(mixed_classifier, non_letter_model=non_letter_model).fit()
    page = changed(everything, alphabet="auto").read_page(picture)
    capitals = changed(everything, alphabet="LOPS1" if "1" in text else "LOPS")
    expected = capitals if text.isupper() else everything
    assert page.text == expected.read_page(picture).text == text
    word = changed(everything, alphabet="auto", lexicon=["slop"]).read(picture)
    assert word.text.isupper() == text.isupper()


def test_an_alphabet_restricts_the_letters(mixed_classifier, non_letter_model, mixed_words):
    reader = WordReader(mixed_classifier, alphabet="LOPS", non_letter_model=non_letter_model).fit()
    assert reader.classes_.tolist() == ["L", "O", "P", "S"]
    assert reader.letters_.tolist() == list("1LOPSlops")
    assert reader.read(mixed_words[0].picture).text.isupper()
    with pytest.raises(DataError, match="'x' cannot be read"):
        WordReader(mixed_classifier, alphabet="px").fit()


def test_forms_keep_the_case_of_the_lexicon(mixed_classifier, non_letter_model, mixed_words):
    reader = WordReader(mixed_classifier, non_letter_model=non_letter_model, lexicon=["PooL"], case="lexicon").fit()
    assert restricted_reader(reader, alphabet="lopPO").read(mixed_words[0].picture).text == "PooL"
    assert restricted_reader(reader, alphabet="lop").read(mixed_words[0].picture).text == "PooL"
    assert restricted_reader(reader, lexicon=["POOl"]).read(mixed_words[0].picture).text == "POOl"
