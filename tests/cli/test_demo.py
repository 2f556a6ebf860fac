import json

from ensemble_hwr import config as configs
from ensemble_hwr.cli import main


def test_the_demo_runs_and_says_where_its_report_is(tmp_path, capsys, monkeypatch):
    demo = configs.load_demo(
        [
            "data.n=208",
            "data.writers=8",
            "seeds=[0]",
            "router.params.max_iter=2",
            "expert.params.early_stopping=false",
            'compare.contenders=["hierarchical"]',
        ]
    )
    monkeypatch.setattr(configs, "load_demo", lambda: demo)
    assert main(["demo", "--output", str(tmp_path / "demo"), "-j", "1"]) == 0
    assert f"report: {tmp_path / 'demo' / 'report.html'}" in capsys.readouterr().out
    assert (tmp_path / "demo" / "report.html").stat().st_size > 10_000
    report = json.loads((tmp_path / "demo" / "report.json").read_text())
    assert report["data"]["command"] == "ensemble-hwr demo"
