"""What a config file may say: every section, its keys, their defaults and their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ensemble_hwr.config._agreement import STANDARD_CONTENDERS, disagreements, parameter_problems
from ensemble_hwr.config._data_schema import (
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
from ensemble_hwr.config._estimators import CLASSIFIER, TRANSFORMER, build, find_class
from ensemble_hwr.config._problems import problem, refuse, shorten
from ensemble_hwr.config._slots import NO_AUGMENTATION, PIXELS, slot_problems
from ensemble_hwr.config._tune_agreement import tune_problems
from ensemble_hwr.config._tune_schema import Tune
from ensemble_hwr.exceptions import ConfigError

AUGMENTER_CLASS = "ensemble_hwr.preprocessing.Augmenter"
VARIER = ("augment",)


def _importable(methods: tuple[str, ...]) -> Any:
    def check(name: str) -> str:
        try:
            find_class(name, methods)
        except ConfigError as error:
            raise PydanticCustomError("setting", "{message}", {"message": str(error)}) from None
        return name

    return AfterValidator(check)


class Step(BaseModel):
    """One transformer of a view: ``use`` is its name, every other key one of its parameters."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    use: Annotated[str, _importable(TRANSFORMER)]

    @property
    def params(self) -> dict[str, Any]:
        """Parameters of the transformer."""
        return dict(self.__pydantic_extra__ or {})

    @model_validator(mode="after")
    def _known_parameters(self) -> Self:
        refuse("step", parameter_problems(find_class(self.use, TRANSFORMER), self.params))
        return self


class View(Section):
    """A chain of transformers from rows of pixels to features."""

    steps: Annotated[tuple[Step, ...], Field(strict=False, min_length=1)]


class Augmentation(BaseModel):
    """Random variations of the letters that are learned from: other keys are parameters of the Augmenter."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    copies: Annotated[int, Field(ge=0)] = 4  # for who learns from one set of rows; "epochs" draws anew every time
    include_original: bool = True

    def augmenter(self) -> Any:
        """Return what makes the variations."""
        return build(AUGMENTER_CLASS, self.__pydantic_extra__ or {}, VARIER)

    @model_validator(mode="after")
    def _known_parameters(self) -> Self:
        params = self.__pydantic_extra__ or {}
        refuse("augmentation", parameter_problems(find_class(AUGMENTER_CLASS, VARIER), params))
        try:
            self.augmenter().augment([[0.0]])  # tells what is wrong between settings that are right by themselves
        except ValueError as error:
            refuse("augmentation", [problem((), str(error), params)])
        if not self.copies and not self.include_original:
            refuse("augmentation", [problem(("copies",), "got 0 without the letters themselves; that leaves none", 0)])
        return self


class Member(Section):
    """An estimator, its parameters, the view it sees, the variations and the extra letters it learns from.

    With several ``views`` it is a committee, one such estimator for each.
    """

    view: str = PIXELS
    views: Texts = ()
    augmentation: str = NO_AUGMENTATION
    extra: MemberExtra | None = None
    estimator: Annotated[str, _importable(CLASSIFIER)] = "mlp"
    params: dict[str, Any] = {}

    @model_validator(mode="after")
    def _known_parameters(self) -> Self:
        refuse("member", slot_problems(self))
        refuse("member", parameter_problems(find_class(self.estimator, CLASSIFIER), self.params, "params"))
        if not hasattr(build(self.estimator, self.params), "predict_proba"):
            text = (
                f"{self.estimator!r} gives no probabilities with these params; "
                "wrap it in sklearn.calibration.CalibratedClassifierCV, or choose another"
            )
            refuse("member", [problem(("estimator",), text, self.estimator)])
        return self


class MemberChange(Section):
    """What is different for one member: keys left out are as in its role's section."""

    view: str | None = None
    views: Texts = ()
    augmentation: str | None = None
    extra: MemberExtra | None = None
    estimator: Annotated[str, _importable(CLASSIFIER)] | None = None
    params: dict[str, Any] = {}

    def applied_to(self, role: Member) -> Member:
        """Return the member; another estimator starts without the role's parameters."""
        inherited = {} if self.estimator not in (None, role.estimator) else role.params
        views = self.views or (role.views if self.view is None else ())
        return Member(
            view=PIXELS if views and self.view is None else self.view or role.view,
            views=views,
            augmentation=self.augmentation or role.augmentation,
            extra=role.extra if self.extra is None else self.extra,
            estimator=self.estimator or role.estimator,
            params={**inherited, **self.params},
        )


def _sets(words: tuple[str, ...]) -> Any:
    """Check for a keyword, or sets of classes as a list or a table of strings and lists."""

    def check(value: Any) -> Any:
        if isinstance(value, str) and value in words:
            return value
        members = list(value.values()) if isinstance(value, Mapping) else value
        if isinstance(members, list | tuple) and members and all(_is_set(one) for one in members):
            return value
        allowed = ", ".join(repr(word) for word in words)
        message = f'got {shorten(value)}; allowed: {allowed}, a list of sets such as ["BP", "DO"], or a table of them'
        raise PydanticCustomError("setting", "{message}", {"message": message})

    return BeforeValidator(check)


def _is_set(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value)
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(one, str) for one in value)


def _check_trust(value: Any) -> Any:
    shares = value.values() if isinstance(value, Mapping) else [value]
    if value == "learned" or all(_is_share(one) for one in shares):
        return value
    message = f"got {shorten(value)}; allowed: 'learned', a number from 0 to 1, or a table of such numbers by member"
    raise PydanticCustomError("setting", "{message}", {"message": message})


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _check_cv(value: Any) -> Any:
    folds = isinstance(value, int) and not isinstance(value, bool) and value >= 2
    if folds or (isinstance(value, float) and 0 < value <= 0.5):
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(name, str) for name in value):
        return tuple(value)
    message = (
        f"got {shorten(value)}; allowed: a number of folds, 2 or more, the share of one held-out part, up to 0.5, or a "
        "list of sources, each of which is held out once"
    )
    raise PydanticCustomError("setting", "{message}", {"message": message})


class Hierarchy(Section):
    """Groups, confusable sets, trust and routing of the hierarchical ensemble."""

    groups: Annotated[Any, _sets(("batches", "derived"))] = "batches"
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


class Compare(Section):
    """Who takes part in the comparison, and which extra test is made."""

    contenders: Annotated[Texts, Field(min_length=1)] = STANDARD_CONTENDERS
    committee_views: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | None = None
    five_by_two: bool = False

    @model_validator(mode="after")
    def _once(self) -> Self:
        twice = [name for i, name in enumerate(self.contenders) if name in self.contenders[:i]]
        refuse("compare", [problem(("contenders",), f"{name!r} is in the list twice", name) for name in twice[:1]])
        return self


def _check_seeds(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        message = f"got {list(seeds)}; a seed twice would count the same letters twice, keep each once"
        raise PydanticCustomError("setting", "{message}", {"message": message})
    return seeds


class ExperimentConfig(Section):
    """A whole experiment: data, division, views, hierarchy and contenders.

    Made by :func:`~ensemble_hwr.config.load_config`; frozen.

    Attributes
    ----------
    name, description : str
        For the report.
    seeds : tuple of int
        A fit of every contender for each.
    data : section
        Which letters, by ``form``: generated, folder, index, kaggle, emnist, nist or npz.
    split : section
        Which of them are learned from, by ``kind``: prescribed, sources or random.
    extra : ExtraLetters or None
        Generated letters that are learned from too, and never tested on.
    balance : section
        What is done about letters that are more common than others, by ``method``; training letters only.
    normalizer : dict
        Parameters of the :class:`~ensemble_hwr.preprocessing.LetterNormalizer` that pictures go through.
    views : dict of str to View
        Features by name; ``"pixels"`` is always there.
    augmentations : dict of str to Augmentation
        Random variations by name; ``"none"`` and ``"default"`` are always there.
    hierarchy : Hierarchy
        Groups, confusable sets, trust and routing.
    router, specialist, expert : Member
        The estimator of each role.
    flat : Member or None
        The MLP that contenders ``flat`` and ``committee`` are scaled from; the router by default.
    members : dict of str to MemberChange
        Differences for single members, by name such as ``"specialist:A-E"``.
    compare : Compare
        Who takes part.
    contenders : dict of str to Member
        Contenders of one's own by name.
    tune : Tune or None
        What is searched for each member, and how.
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
    views: dict[str, View] = {}
    augmentations: dict[str, Augmentation] = {}
    hierarchy: Hierarchy = Field(default_factory=Hierarchy)
    router: Member = Field(default_factory=Member)
    specialist: Member = Field(default_factory=Member)
    expert: Member = Field(default_factory=Member)
    flat: Member | None = None
    members: dict[str, MemberChange] = {}
    compare: Compare = Field(default_factory=Compare)
    contenders: dict[str, Member] = {}
    tune: Tune | None = None

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        refuse("config", disagreements(self))
        refuse("config", tune_problems(self))
        return self
