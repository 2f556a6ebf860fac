from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from joblib import cpu_count

from ensemble_hwr.cli._options import (
    all_overrides,
    command_line,
    jobs_option,
    number_of_jobs,
    seeds_option,
    set_option,
    trust_option,
)


@click.command()
@trust_option
@set_option
@seeds_option
@jobs_option
def command(overrides, seeds, jobs):
    click.echo(repr((overrides, seeds, jobs)))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ((), None, None)),
        ("--seeds 0", ((), (0,), None)),
        ("--seeds 3,1,2 -j 2", ((), (3, 1, 2), 2)),
        ("--set a.b=1 --set c=[2]", (("a.b=1", "c=[2]"), None, None)),
    ],
)
def test_options_are_read(typed, expected):
    assert eval(CliRunner().invoke(command, typed.split(), catch_exceptions=False).output) == expected


@pytest.mark.parametrize("seeds", ["a", "1,", "", "1.5", "1;2"])
def test_a_value_that_is_no_list_of_integers_is_wrong_usage(seeds):
    done = CliRunner().invoke(command, ["--seeds", seeds])
    assert done.exit_code == 2
    assert "integers separated by commas" in done.output


@pytest.mark.parametrize("jobs", ["0", "-1", "many"])
def test_there_is_at_least_one_process(jobs):
    assert CliRunner().invoke(command, ["--jobs", jobs]).exit_code == 2


@pytest.mark.parametrize("module", ["no_such_module", "no_such_module.part", "", "."])
def test_trusted_modules_are_installed(module):
    done = CliRunner().invoke(command, ["--trust-imports", "json", "--trust-imports", module])
    assert done.exit_code == 2
    assert f"no module '{module}' is installed" in " ".join(done.output.split())


def test_seeds_are_the_last_override():
    assert all_overrides(("seeds=[9]", "name=x"), (0, 1)) == ["seeds=[9]", "name=x", "seeds=[0, 1]"]
    assert all_overrides(("name=x",), None) == ["name=x"]


def test_by_default_every_core_is_used():
    assert number_of_jobs(3) == 3
    assert number_of_jobs(None) == cpu_count()


def test_a_command_line_can_be_pasted_into_a_shell():
    options = {"output": Path("m"), "contender": None, "random_state": 3}
    line = command_line("train", Path("my config.toml"), overrides=["seeds=[3, 4]"], **options)
    assert line == "ensemble-hwr train 'my config.toml' --output m --random-state 3 --set 'seeds=[3, 4]'"
