"""Profiles of writers: letters that are kept, replaced, exported and deleted."""

import numpy as np
import pytest

from ensemble_hwr.adaptation import profiles
from ensemble_hwr.adaptation.profiles import Profile, available_profiles
from ensemble_hwr.datasets import load_npz
from ensemble_hwr.exceptions import DataError


def rows(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 784)).astype(np.float32) / np.float32(255)


def test_letters_are_kept_exactly_in_their_order(tmp_path):
    letters = rows(5)
    Profile("Anna", tmp_path).add(letters[:3], ["A", "B", "C"])
    Profile("Anna", tmp_path).add(letters[3:], ["D", "@"])
    found, labels = Profile("Anna", tmp_path).letters()
    assert np.allclose(found, letters, atol=1e-6)
    assert labels.tolist() == ["A", "B", "C", "D", "@"]


def test_a_letter_that_is_corrected_again_gets_its_new_label(tmp_path):
    profile, letters = Profile("Anna", tmp_path), rows(2)
    profile.add(letters, ["A", "B"])
    profile.add(letters[:1], ["H"])
    assert sorted(profile.letters()[1].tolist()) == ["B", "H"]


def test_nothing_is_written_before_the_first_letter(tmp_path):
    profile = Profile("Anna", tmp_path / "profiles")
    assert profile.letters()[0].shape == (0, 784)
    assert available_profiles(tmp_path / "profiles") == []
    assert not (tmp_path / "profiles").exists()
    with pytest.raises(DataError, match="the profile 'Anna' has no letters yet"):
        profile.export(tmp_path / "anna.npz")


def test_a_profile_is_deleted_in_one_step(tmp_path):
    profile = Profile("Anna", tmp_path)
    profile.add(rows(1), ["A"])
    assert available_profiles(tmp_path) == ["Anna"]
    profile.delete()
    profile.delete()
    assert list(tmp_path.iterdir()) == []


def test_an_exported_profile_is_a_set_of_letters(tmp_path):
    profile = Profile("Anna", tmp_path)
    profile.add(rows(2), ["A", "B"])
    assert load_npz(profile.export(tmp_path / "anna-letters.npz")).target.tolist() == ["A", "B"]
    with pytest.raises(DataError, match=r"give a file that ends with \.npz"):
        profile.export(tmp_path / "anna.zip")


def test_the_oldest_letters_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(profiles, "MOST_LETTERS", 3)
    profile = Profile("Anna", tmp_path)
    profile.add(rows(5), list("ABCDE"))
    assert profile.letters()[1].tolist() == ["C", "D", "E"]


@pytest.mark.parametrize("name", ["", "../other", "a/b", ".hidden", "x" * 70, "a\n"])
def test_a_name_cannot_lead_out_of_the_folder(name, tmp_path):
    with pytest.raises(DataError, match="is not a name of a profile"):
        Profile(name, tmp_path)


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_a_damaged_profile_is_an_error_and_is_not_replaced(content, tmp_path):
    profile = Profile("Anna", tmp_path)
    profile.file.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        profile.add(rows(1), ["A"])
    assert profile.file.read_bytes() == content


def test_a_file_with_other_arrays_is_an_error(tmp_path):
    profile = Profile("Anna", tmp_path)
    np.savez(profile.file, data=np.zeros((2, 3)), target=np.array(["A", "B"]))
    with pytest.raises(DataError, match="is not a profile"):
        profile.letters()


def test_numbers_of_letters_and_labels_must_agree(tmp_path):
    with pytest.raises(DataError, match="there are 2 letters, but 1 labels"):
        Profile("Anna", tmp_path).add(rows(2), ["A"])


def test_profiles_are_in_the_folder_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_data_path", lambda name, appauthor: tmp_path / name)
    Profile("Anna").add(rows(1), ["A"])
    assert available_profiles() == ["Anna"]
    assert (tmp_path / "ensemble_hwr" / "profiles" / "Anna.npz").is_file()
