from pathlib import Path

import pytest

from ensemble_hwr.cli import main
from ensemble_hwr.config.loading import load_config, shipped_configs


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_configs_are_listed_with_their_descriptions(capsys):
    assert main(["init"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(shipped_configs())
    assert any(line.endswith(load_config(shipped_configs()["folder"]).description) for line in lines)


def test_a_config_is_copied(here, capsys):
    assert main(["init", "folder"]) == 0
    assert capsys.readouterr().out == "config: folder.toml\n"
    assert (here / "folder.toml").read_bytes() == shipped_configs()["folder"].read_bytes()


@pytest.mark.parametrize("name", list(shipped_configs()))
def test_a_copy_names_itself_and_no_folder_of_the_checkout(name, here, monkeypatch, capsys):
    monkeypatch.delenv("ENSEMBLE_HWR_DATA", raising=False)
    assert main(["init", name, "-o", "my copy.toml"]) == 0
    text = (here / "my copy.toml").read_text()
    assert "configs/" not in text
    assert '"../' not in text
    copied, shipped = load_config(here / "my copy.toml"), load_config(shipped_configs()[name])
    if hasattr(copied.data, "path"):
        assert Path(copied.data.path).parent == here
        assert Path(copied.data.path).name == Path(shipped.data.path).name
    assert copied.model_dump(exclude={"data"}) == shipped.model_dump(exclude={"data"})


def test_an_existing_file_is_replaced_only_with_force(here, capsys):
    (here / "mine.toml").write_text("mine")
    assert main(["init", "demo", "-o", "mine.toml"]) == 1
    assert "exists already" in capsys.readouterr().err
    assert (here / "mine.toml").read_text() == "mine"
    assert main(["init", "demo", "-o", "mine.toml", "--force"]) == 0
    assert load_config(here / "mine.toml").name == "demo"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no"], "there is no config 'no'; allowed: az, "),
        (["demo", "-o", "a/b.toml"], "no folder"),
        (["demo", "-o", "/"], "is a folder"),
        (["demo", "-o", "/proc/new.toml"], "/proc: cannot be written to"),
    ],
)
def test_wrong_arguments(arguments, message, capsys):
    assert main(["init", *arguments]) == 1
    assert message in capsys.readouterr().err
