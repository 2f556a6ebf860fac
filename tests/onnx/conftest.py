import numpy as np
import pytest

from ensemble_hwr import generate_letters
from ensemble_hwr.onnx import export_onnx, onnx_inputs


@pytest.fixture(scope="session")
def letters():
    """Training rows with labels, and test rows."""
    found = generate_letters(390, writers=10, random_state=0)
    rows = found.to_rows()
    return rows[:260], found.target[:260], rows[260:]


@pytest.fixture(scope="session")
def awkward():
    """Rows that are empty, full, one pixel, one line, or noise."""
    pictures = np.zeros((7, 28, 28), np.float32)
    pictures[1] = 1
    pictures[2, 0, 27] = 1
    pictures[3, 14] = 1
    pictures[4, :, 3] = 0.5
    pictures[5, np.arange(28), np.arange(28)] = 1
    pictures[6] = np.random.default_rng(0).random((28, 28))
    return pictures.reshape(7, -1)


@pytest.fixture(scope="session")
def session(tmp_path_factory):
    """Return a function that exports a model and opens the file in onnxruntime."""
    pytest.importorskip("onnx", reason="needs the extra 'onnx'")
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
    file = tmp_path_factory.mktemp("onnx") / "model.onnx"

    def start(model, after=None):
        export_onnx(model, file, after=after)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        return runtime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    return start


@pytest.fixture(scope="session")
def exported(session):
    """Return a function that exports a model and returns labels and probabilities of the exported graph."""

    def run(model, rows, after=None):
        ready = session(model, after)
        feed = onnx_inputs(model, rows, after=after)
        assert [given.name for given in ready.get_inputs()] == list(feed)
        return ready.run(["label", "probabilities"], feed)

    return run


@pytest.fixture(scope="session")
def assert_same(exported):
    """Return a function that compares an exported model with its predict_proba."""

    def check(model, rows, after=None):
        label, probabilities = exported(model, rows, after)
        expected = model.predict_proba(rows)
        np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-5)
        assert probabilities.dtype == np.float32
        leading = np.sort(expected, axis=1)[:, -2:]
        clear = leading[:, 1] - leading[:, 0] > 1e-5
        assert label[clear].tolist() == model.predict(rows)[clear].tolist()

    return check
