"""Common checks of all readers, like those of scikit-learn for estimators of rows."""

import pickle
import re
import warnings

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import estimator_html_repr
from sklearn.utils.estimator_checks import check_estimator

from ensemble_hwr import PageReader, WordReader
from ensemble_hwr.exceptions import PictureError


@pytest.fixture(params=["words, lattice", "words, gaps", "pages"])
def reader(request, classifier, non_letter_model):
    """Unfitted readers whose classifiers stay fitted when cloned."""
    frozen = {"classifier": FrozenEstimator(classifier), "non_letter_model": FrozenEstimator(non_letter_model)}
    if request.param == "pages":
        return PageReader(WordReader(**frozen, cut="gaps"))
    return WordReader(**frozen, cut=request.param.split()[-1])


@pytest.fixture
def pictures(wide):
    return [word.picture for word in wide[3:6]]


def test_sklearn_checks(reader):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        results = check_estimator(reader)
    assert {result["status"] for result in results} == {"passed"}


def test_fit_returns_self_and_does_not_change_parameters(reader, pictures):
    before = reader.get_params(deep=False)
    assert reader.fit(pictures) is reader
    after = reader.get_params(deep=False)
    assert all(after[name] is before[name] for name in before)


def test_fitting_twice_gives_the_same_results(reader, pictures):
    first = reader.fit().predict_details(pictures)
    assert reader.fit().predict_details(pictures) == first


def test_predict_does_not_change_the_reader(reader, pictures):
    reader.fit()
    before = {name: id(value) for name, value in vars(reader).items()}
    reader.predict(pictures)
    assert {name: id(value) for name, value in vars(reader).items()} == before


def test_predict_returns_the_texts_of_predict_details(reader, pictures):
    read = reader.fit().predict(pictures)
    assert read.shape == (len(pictures),)
    assert read.dtype == object
    assert read.tolist() == [found.text for found in reader.predict_details(pictures)]
    assert read.tolist() == [reader.read(picture).text for picture in pictures]


def assert_same(found, expected, reader):
    """Compare readings; probabilities of letters that are classified together differ in the last digits."""
    if reader.get_params().get("cut") != "lattice":
        assert found == expected
        return
    number = re.compile(r"\d+\.\d+(?:e-\d+)?")
    assert number.sub("", repr(found)) == number.sub("", repr(expected))
    numbers = [[float(digits) for digits in number.findall(repr(words))] for words in (found, expected)]
    np.testing.assert_allclose(*numbers, rtol=0, atol=1e-6)


def test_pictures_are_read_independently(reader, pictures):
    details = reader.fit().predict_details(pictures)
    assert_same(reader.predict_details(pictures[::-1]), details[::-1], reader)
    assert_same(reader.predict_details(pictures[1:2]), details[1:2], reader)
    assert_same([reader.read(picture) for picture in pictures], details, reader)


def test_predicting_no_picture_raises(reader):
    with pytest.raises(ValueError, match="at least one picture"):
        reader.fit().predict([])


def test_paths_bytes_images_and_arrays_read_the_same(reader, pictures, tmp_path):
    path = tmp_path / "word.png"
    Image.fromarray(pictures[0]).save(path)
    (expected,) = reader.fit().predict_details(pictures[:1])
    for form in (path, str(path), path.read_bytes(), Image.open(path), pictures[0] / 255.0):
        assert reader.predict_details([form]) == [expected]
    assert reader.predict_details(pictures[0][None]) == [expected]


def test_predict_does_not_change_pictures(reader, pictures):
    copies = [picture.copy() for picture in pictures]
    for picture in pictures:
        picture.flags.writeable = False
    reader.fit().predict(pictures)
    for picture, copied in zip(pictures, copies, strict=True):
        np.testing.assert_array_equal(picture, copied)


def test_clones_pickles_and_processes_read_the_same(reader, pictures):
    expected = reader.fit().predict_details(pictures)
    assert clone(reader).fit().predict_details(pictures) == expected
    assert pickle.loads(pickle.dumps(reader)).predict_details(pictures) == expected
    assert clone(reader).set_params(n_jobs=2).fit().predict_details(pictures) == expected


def test_readers_can_end_a_pipeline(reader, pictures):
    pipeline = Pipeline([("read", reader)]).fit(pictures)
    assert pipeline.predict(pictures).tolist() == reader.predict(pictures).tolist()
    texts = reader.predict(pictures)
    assert pipeline.score(pictures, texts) == 1.0


def test_repr_and_html_repr_name_the_class(reader):
    assert type(reader).__name__ in repr(reader)
    assert type(reader).__name__ in estimator_html_repr(reader)


@pytest.mark.parametrize("method", ["predict", "predict_details", "read"])
def test_unfitted_readers_raise(reader, pictures, method):
    with pytest.raises(NotFittedError):
        getattr(reader, method)(pictures if method != "read" else pictures[0])


@pytest.mark.parametrize("X", ["a.png", b"GIF", 5])
def test_predict_rejects_single_pictures_and_numbers(reader, X):
    with pytest.raises(TypeError):
        reader.fit().predict(X)


def extreme_pictures():
    def paper(height=60, width=100):
        return np.full((height, width), 255, np.uint8)

    dot = paper()
    dot[30, 50] = 0
    low = paper(2, 40)
    low[:, 10:12] = low[:, 30:32] = 0
    broad = paper(64, 20_000)
    broad[10:50, ::100] = 0
    half = paper()
    half[:, 50:] = 0
    shade = np.linspace(90, 160, 240) + np.random.default_rng(0).normal(0, 6, (200, 240))
    noise = np.random.default_rng(1).integers(0, 256, (150, 200))
    return {
        "empty": np.zeros((0, 5)),
        "one colour": paper(),
        "black": np.zeros((40, 40), np.uint8),
        "one pixel": np.zeros((1, 1)),
        "one dot": dot,
        "2 pixels high": low,
        "20,000 pixels wide": broad,
        "half black": half,
        "photo of nothing": shade.clip(0, 255).astype(np.uint8),
        "noise": noise.astype(np.uint8),
        "not a number": np.full((9, 9), np.nan),
        "no picture": b"no picture",
        "no file": "no such file.png",
    }


@pytest.mark.parametrize("name", extreme_pictures())
def test_extreme_pictures_give_a_text_or_a_picture_error(reader, name):
    picture = extreme_pictures()[name]
    lenient = reader.set_params(errors="empty").fit()
    (read,) = lenient.predict([picture])
    assert isinstance(read, str)
    if not lenient.predict_details([picture])[0].text:
        with pytest.raises(PictureError, match=r"^picture 0: "):
            reader.set_params(errors="raise").fit().predict([picture])
