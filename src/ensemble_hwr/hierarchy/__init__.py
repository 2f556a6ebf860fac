"""Groups and confusable sets of classes: declared by the user, or derived from a confusion matrix.

Groups are disjoint, cover every class, and may nest. Confusable sets hold a few similar classes and may overlap.
"""

from ensemble_hwr.hierarchy._derived import derive_confusables as derive_confusables
from ensemble_hwr.hierarchy._derived import derive_groups as derive_groups
from ensemble_hwr.hierarchy._sets import CAPITALS as CAPITALS
from ensemble_hwr.hierarchy._sets import Declaration as Declaration
from ensemble_hwr.hierarchy._sets import NamedSets as NamedSets
from ensemble_hwr.hierarchy._sets import batches as batches
from ensemble_hwr.hierarchy._sets import resolve_confusables as resolve_confusables
from ensemble_hwr.hierarchy._sets import set_name as set_name
from ensemble_hwr.hierarchy._tree import class_paths as class_paths
from ensemble_hwr.hierarchy._tree import levels_of as levels_of
from ensemble_hwr.hierarchy._tree import resolve_groups as resolve_groups
from ensemble_hwr.hierarchy._tree import top_level as top_level
