"""Sections and keys of a config file, with their defaults and allowed values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import InitErrorDetails

from ensemble_hwr.config._errors import invalid_setting, raise_errors, setting_error, shorten
from ensemble_hwr.config._estimators import (
    CLASSIFIER,
    TRANSFORMER,
    build,
    find_class,
    importable,
    parameter_errors,
    takes,
)
from ensemble_hwr.config.data_schema import (
    Balance,
    Data,
    ExtraLetters,
    MemberExtra,
    NoBalance,
    Positive,
    PredefinedSplit,
    Section,
    Seed,
    Share,
    Split,
    Texts,
)
from ensemble_hwr.config.search_space import Choices, TuneSection

PIXELS = "pixels"
NO_AUGMENTATION = "none"
DEFAULT_AUGMENTATION = "default"
STANDARD_CONTENDERS = (
    "baseline",
    "logreg",
    "flat",
    "flat_macs",
    "flat_macs_cheap",
    "committee",
    "top_down",
    "hierarchical",
)
FEATURES = "features"  # parameter of estimators that transform rows themselves; the key `view` sets it
AUGMENTER = "augmenter"  # parameter of estimators that augment rows themselves; the key `augmentation` sets it
AUGMENTER_CLASS = "ensemble_hwr.preprocessing.Augmenter"
AUGMENT = ("augment",)


class StepSection(BaseModel):
    """One transformer of a view: ``use`` is its name, every other key is one of its parameters."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    use: Annotated[str, importable(TRANSFORMER)]

    @property
    def params(self) -> dict[str, Any]:
        """Return the parameters of the transformer."""
        return dict(self.__pydantic_extra__ or {})

    @model_validator(mode="after")
    def _check_parameters(self) -> Self:
        raise_errors("step", parameter_errors(find_class(self.use, TRANSFORMER), self.params))
        return self


class ViewSection(Section):
    """A chain of transformers from pixels to features."""

    steps: Annotated[tuple[StepSection, ...], Field(strict=False, min_length=1)]


class AugmentationSection(BaseModel):
    """Random variations of the training letters; other keys are parameters of the Augmenter."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    copies: Annotated[int, Field(ge=0)] = 4  # "augmented_mlp" ignores it: it draws new variations in every epoch
    include_original: bool = True

    def augmenter(self) -> Any:
        """Build the :class:`~ensemble_hwr.preprocessing.Augmenter`."""
        return build(AUGMENTER_CLASS, self.__pydantic_extra__ or {}, AUGMENT)

    @model_validator(mode="after")
    def _check_parameters(self) -> Self:
        params = self.__pydantic_extra__ or {}
        raise_errors("augmentation", parameter_errors(find_class(AUGMENTER_CLASS, AUGMENT), params))
        try:
            self.augmenter().augment([[0.0]])  # checks combinations of parameters
        except ValueError as error:
            raise_errors("augmentation", [setting_error((), str(error), params)])
        if not self.copies and not self.include_original:
            text = "got 0 with include_original = false, which leaves no training letters; write 1 or more"
            raise_errors("augmentation", [setting_error(("copies",), text, 0)])
        return self


class MemberSection(Section):
    """A member: an estimator with its parameters, view, augmentation and additional training letters.

    With several ``views`` it is a committee of such estimators, one per view.
    """

    view: str = PIXELS
    views: Texts = ()
    augmentation: str = NO_AUGMENTATION
    extra: MemberExtra | None = None
    estimator: Annotated[str, importable(CLASSIFIER)] = "mlp"
    params: dict[str, Any] = {}

    @model_validator(mode="after")
    def _check_parameters(self) -> Self:
        raise_errors("member", self._conflicts())
        raise_errors("member", parameter_errors(find_class(self.estimator, CLASSIFIER), self.params, "params"))
        if not hasattr(build(self.estimator, self.params), "predict_proba"):
            text = (
                f"{self.estimator!r} has no predict_proba with these params; "
                "wrap it in sklearn.calibration.CalibratedClassifierCV, or choose another"
            )
            raise_errors("member", [setting_error(("estimator",), text, self.estimator)])
        return self

    def _conflicts(self) -> Iterator[InitErrorDetails]:
        """Find parameters that keys of the section set already, and views that cannot be combined."""
        found = find_class(self.estimator, CLASSIFIER)
        for parameter, key in ((FEATURES, "view"), (AUGMENTER, "augmentation")):
            if parameter in self.params and takes(found, parameter):
                text = f'is set by the key {key!r}: declare [{key}s.NAME], write {key} = "NAME", and leave this out'
                yield setting_error(("params", parameter), text, self.params[parameter])
        if self.views and self.view != PIXELS:
            yield setting_error(("views",), "got view and views; write one of the two", list(self.views))
        if self.view != PIXELS and takes(found, AUGMENTER) and not takes(found, FEATURES):
            text = (
                f"{found.__name__} augments its rows, which must be pixels; "
                "name the classifier within it as the estimator, with a view and an augmentation"
            )
            yield setting_error(("view",), text, self.view)


class MemberChange(Section):
    """Changes for one member; missing keys keep the values of the section of its role."""

    view: str | None = None
    views: Texts = ()
    augmentation: str | None = None
    extra: MemberExtra | None = None
    estimator: Annotated[str, importable(CLASSIFIER)] | None = None
    params: dict[str, Any] = {}

    def applied_to(self, role: MemberSection) -> MemberSection:
        """Apply the changes to a role; a different estimator does not inherit the parameters of the role."""
        inherited = {} if self.estimator not in (None, role.estimator) else role.params
        views = self.views or (role.views if self.view is None else ())
        return MemberSection(
            view=PIXELS if views and self.view is None else self.view or role.view,
            views=views,
            augmentation=self.augmentation or role.augmentation,
            extra=role.extra if self.extra is None else self.extra,
            estimator=self.estimator or role.estimator,
            params={**inherited, **self.params},
        )


def _sets(words: tuple[str, ...], *, nested: bool = False) -> Any:
    """Return a validator for one of `words`, or sets of classes as a list or a table of strings and lists.

    With `nested`, a table may hold tables.
    """

    def check(value: Any) -> Any:
        if isinstance(value, str) and value in words:
            return value
        members = list(value.values()) if isinstance(value, Mapping) else value
        if isinstance(members, list | tuple) and members and all(_is_set(one, nested) for one in members):
            return value
        allowed = ", ".join(repr(word) for word in words)
        message = f'got {shorten(value)}; allowed: {allowed}, a list of sets such as ["BP", "DO"], or a table of them'
        message += ", which may hold tables" if nested else ""
        raise invalid_setting(message)

    return BeforeValidator(check)


def _is_set(value: Any, nested: bool) -> bool:
    if nested and isinstance(value, Mapping):
        return bool(value) and all(_is_set(one, nested) for one in value.values())
    if isinstance(value, str):
        return bool(value)
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(one, str) for one in value)


def _check_trust(value: Any) -> Any:
    weights = value.values() if isinstance(value, Mapping) else [value]
    if value == "learned" or all(_is_share(one) for one in weights):
        return value
    message = f"got {shorten(value)}; allowed: 'learned', a number from 0 to 1, or a table of such numbers by member"
    raise invalid_setting(message)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _check_cv(value: Any) -> Any:
    folds = isinstance(value, int) and not isinstance(value, bool) and value >= 2
    if folds or (isinstance(value, float) and 0 < value <= 0.5):
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(name, str) for name in value):
        return tuple(value)
    message = (
        f"got {shorten(value)}; allowed: a number of folds, 2 or more; the share of a single held-out part, up to 0.5; "
        "or a list of sources, each of which is held out once"
    )
    raise invalid_setting(message)


class HierarchySection(Section):
    """Parameters of the hierarchical ensemble: groups, confusable sets, trust and routing."""

    groups: Annotated[Any, _sets(("batches", "derived"), nested=True)] = "batches"
    group_size: Positive | None = None
    confusables: Annotated[Any, _sets(("none", "derived"))] = "none"
    max_confusables: Positive = 10
    router_target: Literal["classes", "groups"] = "classes"
    routing: Literal["soft", "top_down"] = "soft"
    trust: Annotated[Any, BeforeValidator(_check_trust)] = "learned"
    cv: Annotated[Any, BeforeValidator(_check_cv)] = 3
    min_mass: Share = 0.02
    confidence_threshold: Share = 0.995
    calibration: Literal["none", "temperature"] = "none"


class CompareSection(Section):
    """Contenders of the comparison, and the optional 5x2 cross-validation test."""

    contenders: Annotated[Texts, Field(min_length=1)] = STANDARD_CONTENDERS
    committee_views: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | None = None
    five_by_two: bool = False

    @model_validator(mode="after")
    def _check_unique(self) -> Self:
        repeated = [name for i, name in enumerate(self.contenders) if name in self.contenders[:i]]
        errors = [setting_error(("contenders",), f"{name!r} is in the list twice", name) for name in repeated[:1]]
        raise_errors("compare", errors)
        return self


def _check_seeds(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        message = f"got {list(seeds)}; a repeated seed counts the same predictions twice; keep each seed once"
        raise invalid_setting(message)
    return seeds


class ExperimentConfig(Section):
    """A complete experiment: data, split, views, hierarchy, contenders and search spaces.

    It is frozen. Use :func:`~ensemble_hwr.config.load_config` to make one: it also checks that the sections
    are consistent with each other.

    Attributes
    ----------
    name, description : str
        Name and description in the report.
    seeds : tuple of int
        Random states; every contender is fitted once for each.
    data : section
        The letters, by ``format``: generated, folder, index, kaggle, emnist, nist or npz.
    split : section
        The train/test split, by ``kind``: predefined, sources or random.
    extra : ExtraLetters or None
        Generated letters that are added to the training part.
    balance : section
        Class balancing of the training part, by ``method``: none, cap, oversample or weights.
    normalizer : dict
        Parameters of the :class:`~ensemble_hwr.preprocessing.LetterNormalizer` for pictures.
    views : dict of str to ViewSection
        Features by name; ``"pixels"`` always exists.
    augmentations : dict of str to AugmentationSection
        Random variations by name; ``"none"`` and ``"default"`` always exist.
    hierarchy : HierarchySection
        Groups, confusable sets, trust and routing.
    router, specialist, expert : MemberSection
        The estimator of each role.
    flat : MemberSection or None
        The MLP that the flat contenders and ``committee`` are scaled from; the router by default.
    members : dict of str to MemberChange
        Changes for single members, by name such as ``"specialist:A-E"``.
    compare : CompareSection
        The contenders of the comparison.
    contenders : dict of str to MemberSection
        Additional contenders by name.
    tune : TuneSection or None
        The search space of each member, and how to search it.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo
    >>> config = load_demo(["split.test_size=0.25"])
    >>> config.data.format, config.split.test_size, config.hierarchy.confusables["U/V/W"]
    ('generated', 0.25, 'UVW')
    """

    name: Annotated[str, Field(min_length=1)]
    description: str = ""
    seeds: Annotated[tuple[Seed, ...], Field(strict=False, min_length=1), AfterValidator(_check_seeds)] = (
        0,
        1,
        2,
        3,
        4,
    )
    data: Data
    split: Split = PredefinedSplit(kind="predefined")
    extra: ExtraLetters | None = None
    balance: Balance = NoBalance(method="none")
    normalizer: dict[str, Any] = {}
    views: dict[str, ViewSection] = {}
    augmentations: dict[str, AugmentationSection] = {}
    hierarchy: HierarchySection = Field(default_factory=HierarchySection)
    router: MemberSection = Field(default_factory=MemberSection)
    specialist: MemberSection = Field(default_factory=MemberSection)
    expert: MemberSection = Field(default_factory=MemberSection)
    flat: MemberSection | None = None
    members: dict[str, MemberChange] = {}
    compare: CompareSection = Field(default_factory=CompareSection)
    contenders: dict[str, MemberSection] = {}
    tune: TuneSection | None = None


def member_of(config: ExperimentConfig, name: str) -> MemberSection:
    """Return the settings of a member or of a role.

    Parameters
    ----------
    config : ExperimentConfig
    name : str
        A member such as ``"expert:B/P"``, or a role such as ``"expert"``.

    Returns
    -------
    MemberSection

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo
    >>> from ensemble_hwr.config.schema import member_of
    >>> config = load_demo(['members."expert:B/P".view=coarse'])
    >>> member_of(config, "expert:B/P").view, member_of(config, "expert").view
    ('coarse', 'fine')
    """
    role = name.partition(":")[0]
    template: MemberSection = getattr(config, role)
    change = config.members.get(name)
    return template if change is None else change.applied_to(template)


def step_named(config: ExperimentConfig, view: str, use: str) -> StepSection | None:
    """Return the step of a view by its short name or by the class name of its import path; None if missing."""
    steps = () if view == PIXELS or view not in config.views else config.views[view].steps
    return next((step for step in steps if step.use.rpartition(".")[2] == use), None)


def views_searched(config: ExperimentConfig, name: str) -> list[str]:
    """Return the views that a member can have in a search: the choices of its space, or its own view."""
    space = {} if config.tune is None else config.tune.spaces.get(name, {})
    entry = space.get("view")
    return list(entry.choices) if isinstance(entry, Choices) else [member_of(config, name).view]
