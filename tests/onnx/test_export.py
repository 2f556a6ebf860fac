import subprocess
import sys

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from ensemble_hwr import LetterNormalizer, MemberMLPClassifier, generate_letters
from ensemble_hwr.exceptions import MissingExtraError, ModelError
from ensemble_hwr.onnx import export_onnx, onnx_inputs

pytest.importorskip("onnx", reason="needs the extra 'onnx'")


@pytest.fixture(scope="module")
def network():
    rows = np.eye(6, dtype=np.float32)
    return MemberMLPClassifier((4,), max_iter=5, random_state=0).fit(rows, list("AABBCC"))


def test_a_normalizer_at_the_beginning_is_left_out(assert_same, exported):
    pictures = generate_letters(52, writers=2, random_state=0, format="pictures")
    model = make_pipeline(LetterNormalizer(), MemberMLPClassifier((4,), max_iter=3, random_state=0)).fit(
        list(pictures.data), pictures.target
    )
    rows = model[0].transform(list(pictures.data))
    _, probabilities = exported(model, rows)
    np.testing.assert_allclose(probabilities, model.predict_proba(list(pictures.data)), atol=1e-5)


def test_existing_files_are_replaced(network, tmp_path):
    file = tmp_path / "model.onnx"
    file.write_bytes(b"old")
    assert export_onnx(network, file) == file
    assert file.read_bytes() != b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_missing_folder_is_an_error_and_leaves_no_file(network, tmp_path):
    with pytest.raises(ModelError, match="cannot be written"):
        export_onnx(network, tmp_path / "no" / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_the_same_model_gives_the_same_bytes(network, tmp_path):
    files = [export_onnx(network, tmp_path / f"{k}.onnx").read_bytes() for k in range(2)]
    assert files[0] == files[1]


def test_an_invalid_after_is_an_error(network, tmp_path):
    with pytest.raises(ModelError, match="after: got 'pixels'"):
        export_onnx(network, tmp_path / "model.onnx", after="pixels")


def test_inputs_match_the_graph(network):
    inputs = onnx_inputs(network, np.eye(6))
    assert list(inputs) == ["rows"]
    assert inputs["rows"].dtype == np.float32


def test_without_onnx_the_error_names_the_extra(network, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"ensemble_hwr\[onnx\]"):
        export_onnx(network, tmp_path / "model.onnx")


def test_importing_the_room_imports_no_optional_package():
    code = "import sys, ensemble_hwr.onnx; sys.exit(str({'onnx', 'skl2onnx', 'onnxruntime'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"
