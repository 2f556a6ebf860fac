"""Benchmarks of 62 classes: contenders by group, sources that are left out, and real names, which are never shown."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from ensemble_hwr.config import load_config
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.evaluation.results import Comparison, HierarchyTrace, MemberTrace, Run

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import mixed_left_out, mixed_protocol, mixed_variants, names
from benchmarks.mixed import CLASSES, GENERATED

sys.path.pop(0)

ROOT = Path(__file__).parents[1]
LABELS = np.array(list(CLASSES))
TARGET = np.array(list("AbC" + CLASSES))


def answers(text):
    return np.array([[0.4 if label == answer else 0.6 / 61 for label in CLASSES] for answer in text])


def comparison(seed, text):
    """Contenders with the answers `text` and "AbC" for the letters A, b and C; 62 further letters are for training."""
    test = np.array([0, 1, 2])
    runs = [
        Run(name, seed, test, answers(found), 1.0, 1.0, 9, parameters=count, macs=None)
        for name, found, count in (("hierarchical", text, 1200), ("flat", "AbC", None))
    ]
    return Comparison(tuple(runs), TARGET, np.zeros((65, 784), np.float32), None, {}, np.arange(3, 65))


def test_contenders_are_measured_by_group_and_seed():
    letters = LetterSet(np.zeros((65, 784)), TARGET, source=np.array(["unipen62"] * 65))
    found = [comparison(0, "AbB"), comparison(1, "AbC")]
    lines = mixed_protocol.tables(letters, found)
    cells = [cell.strip() for cell in lines[2].split("|")]
    assert cells[1:5] == ["unipen62", "`hierarchical`", "75.00 ± 35.36", "100.00 ± 0.00"]
    assert cells[5] == ""  # no digits
    assert cells[-3:-1] == ["1,200", ""]
    assert "62 training letters, 3 test letters, 2 random states" in lines[-1]
    rows = mixed_protocol.differences(found)[4:]
    assert rows[0] == "| capitals | -25.00 (1) |"
    assert rows[-1] == "| all | -16.67 (1) |"


def test_the_effect_of_members_is_summed_over_seeds():
    def trace(trust):
        some = MemberTrace("expert:6/b", "expert", ("6", "b"), trust, 9, 4, 1)
        none = MemberTrace("expert:f/t", "expert", ("f", "t"), 0.0, 0, 0, 0)
        return HierarchyTrace(0.5, 0.75, {}, (some, none))

    assert mixed_protocol.members([comparison(0, "AbC")]) == []
    found = [
        replace(part, runs=(replace(part.runs[0], hierarchy=trace(trust)), part.runs[1]))
        for part, trust in ((comparison(0, "AbC"), 0.0), (comparison(1, "AbC"), 0.5))
    ]
    first, _, last = mixed_protocol.members(found)
    assert first.endswith("alone: 50.00. Errors that the members correct, less those they add: `expert:6/b` +6.")
    assert last == "Members without any weight: `expert:f/t`."


def test_options_of_a_short_run_change_the_config():
    changes = mixed_protocol.short_run(3, 0.25)
    config = load_config(ROOT / "configs" / "unipen62.toml", changes)
    assert {config.router.params["max_iter"], config.expert.params["max_iter"], config.flat.params["max_iter"]} == {3}
    assert config.hierarchy.cv == 0.25
    assert mixed_protocol.short_run(None, None) == []


def test_a_kept_table_needs_a_finished_contender(tmp_path):
    bench = SimpleNamespace(config=load_config(ROOT / "configs" / "unipen62.toml"))
    assert mixed_protocol.fit_in_turn(bench, ["hierarchical"], 0, tmp_path, kept=True) is None


def test_contenders_without_random_state_are_fitted_once(monkeypatch):
    fitted = []

    def fit(bench, names, seed, folder, *, kept):
        fitted.append((seed, list(names)))
        runs = [replace(comparison(seed, "AbC").runs[0], contender=name) for name in names]
        return replace(comparison(seed, "AbC"), runs=tuple(runs))

    monkeypatch.setattr(mixed_protocol, "fit_in_turn", fit)
    found = mixed_protocol.fit_with_each(None, ["hierarchical", "svm"], [3, 4], ROOT)
    assert fitted == [(3, ["hierarchical", "svm"]), (4, ["hierarchical"])]
    assert [[(run.contender, run.seed) for run in part.runs] for part in found] == [
        [("hierarchical", 3), ("svm", 3)],
        [("hierarchical", 4), ("svm", 4)],
    ]


def test_errors_within_sets_are_counted():
    confusion = np.array([[5, 2, 1], [0, 5, 3], [4, 0, 5]])
    assert mixed_left_out.within(confusion, np.array(list("abc")), [{"a", "b"}]) == 2
    assert mixed_left_out.within(confusion, np.array(list("abc")), [{"a", "b"}, {"a", "c"}]) == 7


def test_left_out_letters_are_evaluated_with_case_ignored():
    target = np.array(list("aBc1"))
    part = mixed_left_out.Letters("tablet55", target, answers("AbX1"))
    assert mixed_left_out.larger_case(part.probabilities, LABELS, target) == pytest.approx(2 / 3)
    text = mixed_left_out.folding([part], LABELS, np.ones(62))
    assert text.count("| 66.67 |") == 5
    sets = mixed_left_out.shapes([part, part._replace(source="photo62")], LABELS, {"c/x": {"c", "x"}})
    assert "| tablet55 | 3 | 33 % | 100 % |" in sets


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Pictures of three names, two of them equal; one has a hyphen. Another has print."""
    folder = tmp_path / "more" / "names_caps"
    folder.mkdir(parents=True)
    picture = np.full((40, 100), 255, np.uint8)
    picture[8:32, 20:24] = picture[8:32, 60:64] = picture[28:32, 60:76] = 0
    Image.fromarray(picture).save(folder / "1.png")
    rows = ["1.png,ZORBLAX,clean", "1.png,ZORBLAX,clean", "1.png,QUO-PLIM,nearly", "1.png,IL,top"]
    (folder / "index.csv").write_text("\n".join(["path,text,form", *rows]), encoding="utf-8")
    (folder.parent / "names.txt").write_text("ZORBLAX\nQUOPLIM\nIL\n", encoding="utf-8")
    (tmp_path / "list.txt").write_text("Émile\n  ana \nx\nO'NEIL\n", encoding="utf-8")
    monkeypatch.setattr(names, "data_file", lambda place: tmp_path / place)
    return tmp_path


def test_names_that_occur_once_do_not_train_the_letter_model(pictures):
    assert names.read_list(pictures / "list.txt") == ["ANA", "EMILE"]
    found = names.load_names()
    assert found.texts == ["ZORBLAX", "ZORBLAX", "QUOPLIM"]
    known = ["ANA", "EMILE", "QUOPLIM", "ZORBLAX"]
    options = names.readers(["QUOPLIM", "ZORBLAX"], known, found.texts)
    assert "Q" not in options["letter model"]["ngrams"].letters
    assert "Z" in options["letter model"]["ngrams"].letters
    assert len(options["lexicon"]["lexicon"]) == 2
    assert len(options["large lexicon"]["lexicon"]) == 4


def test_the_benchmark_prints_and_stores_no_name(pictures):
    output = pictures / "names.json"
    arguments = ["--list", str(pictures / "list.txt"), "--output", str(output)]
    result = CliRunner().invoke(names.main, arguments)
    assert result.exit_code == 0, result.output
    rows = [line for line in result.output.splitlines() if line.startswith("|")]
    assert len(rows) == 10
    assert len({row.count("|") for row in rows}) == 1
    for text in (result.output, output.read_text(encoding="utf-8")):
        for name in ("ZORBLAX", "QUO", "EMILE", "1.PNG", str(pictures).upper()):
            assert name not in text.upper()
    again = CliRunner().invoke(names.main, arguments)
    assert result.output.endswith(again.output)  # also the times: nothing is measured again


def test_variants_are_compared_on_sources_that_are_left_out(tmp_path):
    for variant in mixed_variants.VARIANTS.values():
        assert set(variant.without) <= set(GENERATED)
        load_config(ROOT / "configs" / "mixed.toml", [*mixed_variants.SMALL, *variant.changes])
    found = {
        "shipped, photo62": {"capitals": 0.5, "all": 0.25, "log-loss": 1.5},
        "20 epochs, tablet55": {"small": 1.0, "log-loss": 0.25},
    }
    (tmp_path / "variants.json").write_text(json.dumps(found), encoding="utf-8")
    result = CliRunner().invoke(mixed_variants.main, ["--output", str(tmp_path), "--kept"])
    lines = result.output.splitlines()
    assert lines[2:] == [
        "| tablet55 | 20 epochs |  | 100.00 |  |  |  |  | 0.250 |",
        "| photo62 | shipped | 50.00 |  |  |  |  | 25.00 | 1.500 |",
    ]
