import numpy as np

from ensemble_hwr.evaluation._report._letters import letter_bars
from ensemble_hwr.evaluation._summary import summarise


def test_letters_come_hardest_first_and_the_longest_bar_fills_its_track(comparison):
    letters = letter_bars(summarise(comparison))
    means = [np.mean(list(row["missed"].values())) for row in letters]
    assert means == sorted(means, reverse=True)
    assert max(bar["length"] for row in letters for bar in row["bars"]) == 100.0
