"""Every error is ours and the kind of Python's that a caller would expect, also after a trip between processes."""

import inspect
import pickle

import pytest

from ensemble_hwr import exceptions

ERRORS = [kind for _, kind in inspect.getmembers(exceptions, inspect.isclass) if kind.__module__ == exceptions.__name__]
EXTRA = exceptions.MissingExtraError("matplotlib", "plots")


def test_all_exceptions_have_one_base_class_and_are_documented():
    assert len(ERRORS) == 10
    for kind in ERRORS:
        assert issubclass(kind, exceptions.EnsembleHwrError)
        assert inspect.getdoc(kind) or kind is exceptions.MissingExtraError


@pytest.mark.parametrize(
    ("kind", "pythons"),
    [
        (exceptions.PictureError, ValueError),
        (exceptions.HierarchyError, ValueError),
        (exceptions.DataError, ValueError),
        (exceptions.DownloadError, OSError),
        (exceptions.ConfigError, ValueError),
        (exceptions.ModelError, ValueError),
        (exceptions.MissingExtraError, ImportError),
    ],
)
def test_each_is_a_builtin_exception_too(kind, pythons):
    assert issubclass(kind, pythons)


def test_a_missing_package_is_named_with_the_install_command():
    assert str(EXTRA) == "matplotlib is not installed; install it with: pip install 'ensemble_hwr[plots]'"
    assert EXTRA.name == "matplotlib"


@pytest.mark.parametrize("error", [*(kind("text") for kind in ERRORS if kind is not type(EXTRA)), EXTRA])
def test_exceptions_can_be_pickled(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
