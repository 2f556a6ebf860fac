"""Tuning of configs from beginning to end, in worker processes where these matter."""

import re
import shutil
import threading
import time
from dataclasses import replace

import numpy as np
import optuna
import pytest

from ensemble_hwr.config import load_config
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning import _members, _out_of_fold, _tune, tune, write_tuned_config, write_tuning_report
from ensemble_hwr.tuning._heartbeat import WORKER
from ensemble_hwr.tuning._storage import open_storage


def trials_of(address, name="few/generated/router"):
    return optuna.load_study(study_name=name, storage=open_storage(str(address))).trials


def finished(trials):
    """Return parameters and loss of all trials that did not fail."""
    return [(t.params, t.value) for t in trials if t.state.name in ("COMPLETE", "PRUNED")]


@pytest.fixture(scope="module")
def finished_run(write_to, letters, rows, tmp_path_factory):
    """A tuned config and its folder."""
    folder = tmp_path_factory.mktemp("finished")
    return tune(write_to(folder), letters, rows, folder / "w"), folder / "w"


@pytest.fixture(scope="module")
def folder_of_one_trial(write_to, letters, rows, tmp_path_factory, trials_in_this_process):
    folder = tmp_path_factory.mktemp("one")
    with trials_in_this_process():
        tune(write_to(folder, "", "tune.n_trials=1"), letters, rows, folder / "w")
    return folder / "w"


def test_router_is_tuned_and_its_config_is_complete(finished_run, write, tmp_path):
    config = write()
    tuning, _ = finished_run
    (router,) = tuning.members
    assert router.name == "router"
    assert router.loss <= router.baseline_loss
    assert router.reason == "5 trials done"
    first = router.study.trials[0]
    assert first.params["alpha"] == 1e-4  # the baseline
    write_tuned_config(tuning, tmp_path / "tuned.toml", "ensemble-hwr tune")
    again = load_config(tmp_path / "tuned.toml")
    assert again.model_copy(update={"tune": config.tune}) == tuning.config
    assert again.router.params["alpha"] == router.params["alpha"]
    assert list(again.router.params["hidden_layer_sizes"]) == router.params["hidden_layer_sizes"]
    text = (tmp_path / "tuned.toml").read_text()
    assert "Study 'few/generated/router', trial" in text
    assert "optuna" in text
    write_tuning_report(tuning, tmp_path / "tuning.html", "ensemble-hwr tune")
    page = (tmp_path / "tuning.html").read_text()
    assert "width of layer 1" in page
    assert "<script" not in page


@pytest.mark.usefixtures("no_workers")
def test_second_run_has_nothing_to_do(finished_run, write, letters, rows, tmp_path):
    shutil.copytree(finished_run[1], tmp_path / "w")
    before = trials_of(tmp_path / "w/optuna_journal.log")
    tune(write(), letters, rows, tmp_path / "w")
    assert trials_of(tmp_path / "w/optuna_journal.log") == before


def test_resumed_run_has_the_trials_of_an_uninterrupted_one(finished_run, write, letters, rows, tmp_path):
    whole, _ = finished_run
    stops = []

    def stop_often(progress):
        trials = trials_of(tmp_path / "resumed/optuna_journal.log")
        epochs = sum(len(trial.intermediate_values) for trial in trials)
        if len(stops) < 2 and epochs > 12 * (len(stops) + 1):
            stops.append(epochs)
            raise KeyboardInterrupt

    for _ in range(4):
        try:
            resumed = tune(write(), letters, rows, tmp_path / "resumed", on_progress=stop_often)
            break
        except KeyboardInterrupt:
            continue
    assert stops
    assert finished(resumed.members[0].study.trials) == finished(whole.members[0].study.trials)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("tune.router.alpha.high=0.5", "its space"),
        ("data.n=200", "the letters and the folds"),
        ("tune.folds=3", "the folds"),
        ("router.params.learning_rate_init=0.02", "parameters that are not searched"),
        ("tune.scoring=accuracy", "the scoring"),
        ("tune.random_state=1", "(the folds and )?the random_state"),  # few letters may have the same folds
    ],
)
def test_study_with_another_fingerprint_is_rejected(  # noqa: PLR0917
    folder_of_one_trial, write, letters, rows, tmp_path, change, what
):
    shutil.copytree(folder_of_one_trial, tmp_path / "w")
    kept = np.arange(200) if change.startswith("data") else np.arange(240)
    with pytest.raises(ConfigError, match=f"router': {what} changed since its first trial.*--fresh"):
        tune(write("", change), letters.take(kept), rows[kept], tmp_path / "w")


@pytest.mark.usefixtures("no_workers")
def test_trust_is_fitted_on_a_held_out_source_if_the_fold_has_it(write, letters, rows, tmp_path):
    """Each of three sources is left out once, also the one on which the trust is fitted."""
    of_sources = replace(letters, source=np.array(["a", "b", "c", "d"])[np.arange(240) // 4 % 4].astype(object))
    more = """
[tune.specialist]
alpha = { low = 1e-4, high = 0.1, log = true }

[tune.hierarchy]
confidence_threshold = { low = 0.9, high = 1.0 }
"""
    changes = ["tune.n_trials=1", "tune.folds=3", "tune.by=source", "tune.repeats=1", "hierarchy.cv=['a']"]
    changes += [
        "data={ format = 'index', path = '.' }",
        "split={ kind = 'sources', train = ['a', 'b', 'c'], test = ['d'] }",
    ]
    tuning = tune(write(more, *changes), of_sources, rows, tmp_path / "w")
    assert [member.name for member in tuning.members] == ["router", "specialist:A/B", "specialist:D/O", "hierarchy"]
    assert all(member.study.trials[0].state.name == "COMPLETE" for member in tuning.members)
    assert len(tuning.improvement.baseline) == 3


@pytest.mark.usefixtures("no_workers")
def test_fresh_creates_new_studies_and_keeps_the_old_ones(folder_of_one_trial, write, letters, rows, tmp_path):
    shutil.copytree(folder_of_one_trial, tmp_path / "w")
    changed = write("", "tune.n_trials=2", "tune.folds=3")
    assert (
        tune(changed, letters, rows, tmp_path / "w", fresh=True).members[0].study.study_name
        == "few/generated #2/router"
    )
    assert len(tune(changed, letters, rows, tmp_path / "w").members[0].study.trials) == 2
    names = optuna.get_all_study_names(open_storage(str(tmp_path / "w/optuna_journal.log")))
    assert names == ["few/generated/router", "few/generated #2/router"]


def test_each_member_is_tuned_on_the_letters_on_which_it_is_applied(write, letters, rows, tmp_path):
    more = """
[tune.specialist]
alpha = { low = 1e-5, high = 0.1, log = true }
"view.gradient.grid" = [3, 5]
[tune."expert:B/D"]
view = ["coarse", "fine"]
augmentation = ["none", "default"]
"augmentation.rotation" = { low = 0.0, high = 20.0 }
"extra.generated" = [0, 40]
[tune.hierarchy]
min_mass = [0.0, 0.1]
groups = ["batches", ["AO", "BD"]]
"""
    config = write(more, "tune.n_trials=3", "tune.repeats=1")
    progress = []
    tuning = tune(config, letters, rows, tmp_path / "w", n_jobs=2, on_progress=progress.append)
    names = ["router", "specialist:A/B", "specialist:D/O", "expert:B/D", "hierarchy"]
    assert [member.name for member in tuning.members] == names
    assert {one.member for one in progress} >= {*names, "improvement"}
    assert tuning.config.members["expert:B/D"].extra.generated == tuning.members[3].params["extra.generated"]
    counts = {member.name: member.n_valid for member in tuning.members}
    assert counts["router"] == counts["hierarchy"] > counts["specialist:A/B"] > 0
    assert len(tuning.improvement.tuned) == 2
    write_tuned_config(tuning, tmp_path / "tuned.toml", "x")
    again = load_config(tmp_path / "tuned.toml")
    assert again.model_copy(update={"tune": config.tune}) == tuning.config
    write_tuning_report(tuning, tmp_path / "tuning.html", "x")
    page = (tmp_path / "tuning.html").read_text()
    for heading in ("Improvement", "Results by member", "epochs saved by pruning", "Optimization history", "baseline"):
        assert heading in page
    summary = tuning.summary().splitlines()
    assert summary[0].startswith("router: log-loss ")
    assert summary[-1].startswith("whole ensemble, repeated cross-validation: log-loss ")


@pytest.mark.usefixtures("no_workers")
def test_study_ends_after_trials_without_improvement_of_a_named_scorer(write, letters, rows, tmp_path):
    config = write(
        "",
        "tune.scoring=balanced_accuracy",
        "tune.n_trials_no_improvement=2",
        "tune.n_trials=50",
        "tune.sampler=random",
    )
    tuning = tune(config, letters, rows, tmp_path / "w")
    assert -1 <= tuning.members[0].loss <= 0
    assert "trials without improvement" in tuning.members[0].reason


@pytest.mark.usefixtures("no_workers")
def test_timeout_ends_a_study(write, letters, rows, tmp_path):
    config = write("", "tune.timeout_minutes=0.05", "tune.n_trials=100000")
    began = time.monotonic()
    tuning = tune(config, letters, rows, tmp_path / "w")
    assert time.monotonic() - began < 60
    assert tuning.members[0].reason == "timeout"


@pytest.mark.usefixtures("no_workers")
def test_error_of_the_first_trial_is_raised_if_all_fail(write, letters, rows, tmp_path):
    config = write("", 'tune.router={ solver = ["adam"], batch_size = [20], learning_rate_init = [1e300, 1e301] }')
    with pytest.raises(ConfigError, match=r"tune.router: no trial was completed; the first one failed with ValueError"):
        tune(config, letters, rows, tmp_path / "w")


def test_config_without_a_space_is_rejected(write, letters, rows, tmp_path):
    config = write().model_copy(update={"tune": None})
    with pytest.raises(ConfigError, match=r"has no search space"):
        tune(config, letters, rows, tmp_path)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('[tune."expert:X"]\nalpha = [0.1, 0.2]', 'tune."expert:X": there is no such member; there are: expert:B/D'),
        ('[tune.hierarchy]\ngroups = [["AB", "D"], "batches"]', "tune.hierarchy.groups: .*'O' is in no group"),
    ],
)
def test_spaces_that_do_not_fit_the_members_are_rejected(  # noqa: PLR0917
    write, letters, rows, tmp_path, more, message
):
    with pytest.raises(ConfigError, match=message):
        tune(write(more), letters, rows, tmp_path / "w")


@pytest.mark.usefixtures("no_workers")
def test_derived_sets_are_declared_in_the_tuned_config(write, letters, rows, tmp_path):
    more = "[tune.expert]\nalpha = { low = 1e-5, high = 0.1, log = true }"
    config = write(more, "hierarchy.confusables=derived", "hierarchy.max_confusables=1", "tune.n_trials=1")
    tuning = tune(config, letters, rows, tmp_path / "w")
    (sets,) = tuning.config.hierarchy.confusables.items()
    assert tuning.members[1].name == f"expert:{sets[0]}"


def test_two_runs_share_a_database(write, letters, rows, tmp_path):
    config = write("", "tune.n_trials=24")
    url = f"sqlite:///{tmp_path}/studies.db"
    results = []
    threads = [
        threading.Thread(target=lambda i=i: results.append(tune(config, letters, rows, tmp_path / str(i), storage=url)))
        for i in range(2)
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.5)
    for thread in threads:
        thread.join()
    trials = trials_of(url)
    assert sum(trial.state.name in ("COMPLETE", "PRUNED") for trial in trials) == 24
    assert results[0].config == results[1].config
    assert len({trial.user_attrs[WORKER]["pid"] for trial in trials}) == 2


def test_warnings_of_clipped_batches_are_stored_and_not_printed(write, letters, rows, tmp_path, capfd):
    more = "[tune.expert]\nalpha = [0.1, 0.01]"
    changes = ["tune.n_trials=1", "tune.repeats=1", "router.params.batch_size=150", "expert.params.batch_size=150"]
    tuning = tune(write(more, *changes), letters, rows, tmp_path / "w")
    assert "batch_size" not in capfd.readouterr().err
    (trial,) = tuning.members[0].study.trials
    assert any("batch_size" in message for message in trial.user_attrs["warnings"])
    write_tuning_report(tuning, tmp_path / "tuning.html", "x")
    assert "1 trial with the warning: Got `batch_size`" in (tmp_path / "tuning.html").read_text()


@pytest.mark.usefixtures("no_workers")
def test_hyperparameter_importances_are_reported_for_enough_trials(write, letters, rows, tmp_path):
    config = write("", "tune.n_trials=9", "tune.pruner=none", "router.params.max_iter=2")
    tuning = tune(config, letters, rows, tmp_path / "w")
    write_tuning_report(tuning, tmp_path / "tuning.html", "x")
    page = (tmp_path / "tuning.html").read_text()
    assert "Hyperparameter importances" in page
    assert "Parallel coordinates" in page


@pytest.mark.usefixtures("no_workers")
def test_trials_of_the_whole_that_do_not_fit_into_the_time_are_not_begun(write, letters, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(_tune, "ROUTERS_PER_ENSEMBLE", 1e6)
    config = write("", "tune.timeout_minutes=1", "tune.n_trials=2", "tune.hierarchy={ min_mass = [0.01, 0.02] }")
    tuning = tune(config, letters, rows, tmp_path / "w")
    assert "hierarchy" not in [member.name for member in tuning.members]
    assert tuning.notes[0].startswith("parameters of the whole ensemble are not tuned: a trial takes about ")
    assert f"note: {tuning.notes[0]}" in tuning.summary()


@pytest.mark.usefixtures("no_workers")
def test_no_time_is_reserved_for_a_measurement_that_does_not_fit(write, letters, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(_tune, "ROUTERS_PER_ENSEMBLE", 1e6)
    changes = ["tune.timeout_minutes=20", "tune.n_trials=1", "tune.repeats=1"]
    config = write("", *changes, "tune.hierarchy={ min_mass = [0.01, 0.02] }")
    tuning = tune(config, letters, rows, tmp_path / "w")
    assert tuning.improvement is None
    left = re.search(r"([0-9]+) s of the time are left", tuning.notes[0])
    assert left is not None
    assert int(left[1]) > 0.75 * 20 * 60


EXPERTS = "[tune.expert]\nalpha = { low = 1e-5, high = 0.1, log = true }\n"


@pytest.mark.usefixtures("no_workers")
def test_fits_of_members_before_a_tuned_expert_are_reported(write, letters, rows, tmp_path):
    seen = []
    tune(write(EXPERTS, "tune.n_trials=1"), letters, rows, tmp_path / "w", on_progress=seen.append)
    fits = [(progress.member, progress.done, progress.n_trials) for progress in seen if progress.is_fit]
    members = ["router", "specialist:A/B", "specialist:D/O"]
    assert fits == [(member, done, 2) for member in members for done in (0, 1, 2)]
    lefts = [progress.seconds_left for progress in seen if progress.is_fit and progress.done == 0]
    assert all(left > 0 for left in lefts)
    assert lefts[-1] < lefts[0]


@pytest.mark.usefixtures("no_workers")
def test_members_whose_fits_do_not_fit_into_the_time_are_not_tuned(write, letters, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(_members.Stages, "seconds_to_fit", lambda _, before=None: 100.0)
    seen = []
    config = write(EXPERTS, "tune.n_trials=1", "tune.timeout_minutes=1")
    tuning = tune(config, letters, rows, tmp_path / "w", on_progress=seen.append)
    assert [member.name for member in tuning.members] == ["router"]
    assert not any(progress.is_fit for progress in seen)
    assert tuning.notes[0].startswith("expert:B/D and later members are not tuned: the fits of earlier members take ab")


@pytest.mark.usefixtures("no_workers")
def test_trial_of_a_member_that_does_not_fit_into_the_time_is_not_begun(write, letters, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(
        _out_of_fold.OutOfFold, "expected_trial_seconds", lambda _, tried: 100.0 * (tried.name != "router")
    )
    config = write(EXPERTS, "tune.n_trials=1", "tune.timeout_minutes=1")
    tuning = tune(config, letters, rows, tmp_path / "w")
    assert [member.name for member in tuning.members] == ["router"]
    assert tuning.notes[0].startswith("expert:B/D is not tuned: a trial takes about 100 s, and ")
