"""Load, download and generate data sets of handwritten letters; split and balance them."""

from ensemble_hwr.datasets._composition._compose import Composition, compose_words
from ensemble_hwr.datasets._emnist import load_emnist
from ensemble_hwr.datasets._fetch import fetch_emnist, fetch_nist_sd19
from ensemble_hwr.datasets._folder import find_pictures, load_folder, load_index
from ensemble_hwr.datasets._folder import walk_pictures as walk_pictures
from ensemble_hwr.datasets._fonts import load_fonts
from ensemble_hwr.datasets._kaggle import load_kaggle_az
from ensemble_hwr.datasets._letters import LetterSet, concatenate
from ensemble_hwr.datasets._nist import load_nist
from ensemble_hwr.datasets._split import (
    balance_indices,
    class_sample_weight,
    predefined_split,
    split_by_source,
    split_letters,
    writer_groups,
)
from ensemble_hwr.datasets._storage import load_npz, open_letters, save_npz
from ensemble_hwr.datasets.handwriting import generate_letters

__all__ = [
    "Composition",
    "LetterSet",
    "balance_indices",
    "class_sample_weight",
    "compose_words",
    "concatenate",
    "fetch_emnist",
    "fetch_nist_sd19",
    "find_pictures",
    "generate_letters",
    "load_emnist",
    "load_folder",
    "load_fonts",
    "load_index",
    "load_kaggle_az",
    "load_nist",
    "load_npz",
    "open_letters",
    "predefined_split",
    "save_npz",
    "split_by_source",
    "split_letters",
    "writer_groups",
]
