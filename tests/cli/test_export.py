import numpy as np
import pytest

from ensemble_hwr.cli import main
from ensemble_hwr.onnx import onnx_inputs
from ensemble_hwr.persistence import load_model

pytest.importorskip("onnx", reason="needs the extra 'onnx'")


@pytest.mark.parametrize("after", [None, "features"])
def test_a_model_file_becomes_a_graph_that_answers_the_same(model, few, tmp_path, after, capsys):
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
    file = tmp_path / "few.onnx"
    assert main(["export", str(model), "-o", str(file), *([] if after is None else ["--after", after])]) == 0
    assert capsys.readouterr().out.startswith(f"{file} (0.")
    known = load_model(model)
    rows = known[0].transform([str(path) for path in sorted((few / "letters" / "A").glob("*.png"))[:5]])
    feed = onnx_inputs(known, rows, after=after)
    label, probabilities = runtime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, feed)
    np.testing.assert_allclose(probabilities, known[-1].predict_proba(rows), rtol=0, atol=1e-5)
    assert label.tolist() == known[-1].predict(rows).tolist()


def test_the_model_is_not_replaced_by_its_graph(model, tmp_path, capsys):
    before = model.read_bytes()
    assert main(["export", str(model), "-o", str(model)]) == 1
    assert "would be replaced" in capsys.readouterr().err
    assert model.read_bytes() == before


def test_what_cannot_be_done_is_one_line(model, tmp_path, capsys):
    assert main(["export", str(tmp_path / "no.model"), "-o", str(tmp_path / "no.onnx")]) == 1
    assert main(["export", str(model), "-o", str(tmp_path / "no" / "few.onnx")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith("error: ") for line in lines] == [True, True]
    assert "cannot be written" in lines[1]
