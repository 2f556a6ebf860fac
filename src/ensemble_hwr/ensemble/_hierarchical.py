"""Hierarchical ensemble classifier: the scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr._sklearn import HasMethods, Interval, StrOptions, _fit_context, _VisualBlock
from ensemble_hwr._typing import FloatArray
from ensemble_hwr.ensemble._fit import checked_weight, fit_hierarchy, sorted_classes
from ensemble_hwr.ensemble._prediction import (
    Explanation,
    explained,
    levels_of_members,
    predicted,
    refined,
    routed,
    row_counts,
)
from ensemble_hwr.ensemble._templates import (
    Templates,
    accept_sparse,
    params_of_mapping,
    visual_block,
    with_param_of_mapping,
)
from ensemble_hwr.ensemble._trainer import Trainer, fit_params_for, metadata_router
from ensemble_hwr.ensemble.predictor import predictor_of
from ensemble_hwr.hierarchy import Declaration, top_level

TEMPLATES = ("specialist", "expert")  # parameters that may be mappings


class HierarchicalEnsembleClassifier(ClassifierMixin, BaseEstimator):
    """Hierarchical ensemble of a router, specialists for groups of classes and experts for confusable sets.

    The router predicts a probability for every class. Specialists, then experts, are applied to it in their declared
    order, each on the classes of its set and only on the rows where the leading class of this set is uncertain. A
    member redistributes the probability of its set by a logarithmic opinion pool: if `q` is the set's probability
    scaled to sum to 1, `e` the member's own probability and `w` its trust, the set's probability is shared as
    ``normalise(q**(1-w) * e**w)``. The total probability of a set never changes. Trust is estimated on held-out rows.
    With ``trust=1`` and no experts the result is the top-down product of classic hierarchical classification; with
    ``trust=0`` it is the router.

    Parameters
    ----------
    router : classifier, default=None
        Classifier for all classes. If None, an :class:`MemberMLPClassifier` with one hidden layer of 100 units, whose
        batch size and number of epochs (30 to 200) follow from the number of rows. Any scikit-learn classifier with
        ``predict_proba`` may be used; it is cloned.
    specialist : classifier or dict of str to classifier, default=None
        Template of the specialists. Each is trained on the rows of one group. A dict holds one classifier for each
        group by its name, such as ``"A-E"``. If None, the default of `router`.
    expert : classifier or dict of str to classifier, default=None
        Template of the experts. Each is trained on the rows of one confusable set. A dict holds one classifier for
        each set by its name. If None, the default of `router`.
    groups : {"batches", "derived"}, list of sets, dict of str to set, or tree, default="batches"
        Disjoint groups of classes that cover all classes. A set is a list of labels, or a string of letters if all
        classes are single characters. Groups may contain groups, to any depth.

        - ``"batches"``: runs of classes in label order.
        - ``"derived"``: classes that the router confuses in its out-of-fold probabilities, merged by average linkage.
        - a list or a dict: these groups; a list is named after its classes.
        - a dict of dicts: groups within groups; the name of an inner group is its path, such as ``"letters/vowels"``.
        - a dict with a list of node names for every class, the highest node first: the path to each class.
        - a list of pairs (parent, child): edges of a tree as in networkx. A single root stands for the router.
    group_size : int, default=None
        Largest number of classes in a batch or a derived group. If None, 5, except that the 26 capital letters have the
        batches A-E, F-I, J-N, O-R, S-V and W-Z.
    confusables : {"derived"}, list of sets or dict of str to set, default=None
        Sets of two or more similar classes, declared as for `groups`. They may overlap and cross groups; ``"*"`` is
        the set of all classes. ``"derived"`` takes the sets that the router confuses most in its out-of-fold
        probabilities. If None, there are no experts.
    max_confusables : int, default=10
        Largest number of derived confusable sets.
    router_target : {"classes", "groups"}, default="classes"
        Labels that the router is trained on. A router of groups shares the probability of a group evenly among its
        classes, so specialists of the first level have trust 1, and neither groups nor confusable sets can be derived.
    routing : {"soft", "top_down"}, default="soft"
        With ``"soft"`` every specialist may be applied, with ``"top_down"`` only that of the most probable group, and
        so on at each level within it.
    trust : "learned", float or dict of str to float, default="learned"
        Weight of the members in the pool, in [0, 1]. ``"learned"`` finds the weight of each member that minimises
        log-loss on rows it was not trained on. A number holds for all members; a dict gives the weight of each by
        name, such as ``"specialist:A-E"``.
    cv : int, float, cross-validation generator, iterable or "prefit", default=None
        Determines the held-out rows on which trust and temperature are learned and sets are derived. Members of the
        final ensemble are trained on all rows.

        - None: 3 stratified folds; from 5,000 rows on, one held-out half.
        - int: the number of stratified folds.
        - float in (0, 0.5]: one held-out part of about this share (the nearest of 1/2, 1/3, 1/4, ...).
        - a splitter, or an iterable of (train, test), as in scikit-learn.
        - ``"prefit"``: `router` and the classifiers in the dicts `specialist` and `expert` are fitted already, on
          other rows than those passed to `fit`.
    min_mass : float, default=0.02
        A member is applied only on rows where its set holds at least this probability, in [0, 1].
    confidence_threshold : float, default=0.995
        A member is applied only on rows where the most probable class of its set holds less than this share of the
        set's probability, in [0, 1]. Higher values cost more computation. With ``min_mass=0`` and
        ``confidence_threshold=1`` every member is applied on every row.
    calibration : {"temperature"}, default=None
        ``"temperature"`` scales the final probabilities by a temperature, fitted on held-out rows, so that they
        are calibrated. Predicted classes stay the same.
    n_jobs : int, default=None
        Number of processes that fit members, each with one BLAS thread. None is 1 unless in a
        :func:`joblib.parallel_config` context, -1 is one for each core.
    random_state : int, RandomState instance or None, default=None
        Determines the folds and every ``random_state`` of the members. Pass an int for reproducible results. With None
        members keep their own.
    verbose : int, default=0
        Verbosity of joblib.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted class labels.
    groups_ : dict of str to ndarray
        Name and classes of each group of the first level.
    subgroups_ : dict of str to ndarray
        Name and classes of each group within a group, level by level; a name is a path, such as ``"letters/vowels"``.
    confusables_ : dict of str to ndarray
        Name and classes of each confusable set.
    members_ : dict of str to classifier
        Fitted members: ``"router"``, then ``"specialist:NAME"`` and ``"expert:NAME"`` in the order in which they are
        applied: groups level by level, then confusable sets. A group of one class, or of all classes, has no
        specialist.
    levels_ : dict of str to int
        Level at which each member is applied: 0 for the router, 1 for specialists of the first level, and so on;
        experts follow after the deepest level.
    trust_ : dict of str to float
        Trust of each specialist and expert, in [0, 1].
    temperature_ : float
        Temperature of the final probabilities; 1 without `calibration`.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during `fit`, if `X` has names that are all strings.

    See Also
    --------
    MemberMLPClassifier : The default member.
    AugmentedMLPClassifier : A member with its own features and data augmentation.
    sklearn.ensemble.StackingClassifier : Members for all classes, combined by a final classifier.

    Notes
    -----
    Members are trained on arrays: feature names are checked by the ensemble and not passed on. A member that accepts
    only the labels 0, 1, 2, ... is trained on the positions of its labels. Rows of weight 0 are left out.

    References
    ----------
    .. [1] C. Genest and J. V. Zidek (1986). Combining probability distributions: a critique and an annotated
       bibliography. Statistical Science 1(1), 114-135. The logarithmic opinion pool.
    .. [2] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger (2017). On calibration of modern neural networks. ICML.
       Temperature scaling.
    .. [3] C. N. Silla and A. A. Freitas (2011). A survey of hierarchical classification across different application
       domains. Data Mining and Knowledge Discovery 22, 31-72.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr import HierarchicalEnsembleClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> lr = LogisticRegression(max_iter=1000)
    >>> model = HierarchicalEnsembleClassifier(lr, lr, lr, confusables=[[1, 8], [3, 9]], random_state=0)
    >>> model.fit(X[::2] / 16, y[::2]).score(X[1::2] / 16, y[1::2]) > 0.9
    True
    >>> list(model.members_)
    ['router', 'specialist:0-4', 'specialist:5-9', 'expert:1/8', 'expert:3/9']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "router": [HasMethods(["fit", "predict_proba"]), None],
        "specialist": [HasMethods(["fit", "predict_proba"]), dict, None],
        "expert": [HasMethods(["fit", "predict_proba"]), dict, None],
        "groups": [StrOptions({"batches", "derived"}), dict, "array-like"],
        "group_size": [Interval(Integral, 1, None, closed="left"), None],
        "confusables": [StrOptions({"derived"}), dict, "array-like", None],
        "max_confusables": [Interval(Integral, 1, None, closed="left")],
        "router_target": [StrOptions({"classes", "groups"})],
        "routing": [StrOptions({"soft", "top_down"})],
        "trust": [StrOptions({"learned"}), Interval(Real, 0, 1, closed="both"), dict],
        "cv": ["cv_object", StrOptions({"prefit"}), Interval(Real, 0, 0.5, closed="right")],
        "min_mass": [Interval(Real, 0, 1, closed="both")],
        "confidence_threshold": [Interval(Real, 0, 1, closed="both")],
        "calibration": [StrOptions({"temperature"}), None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        router: BaseEstimator | None = None,
        specialist: Templates = None,
        expert: Templates = None,
        *,
        groups: str | Declaration = "batches",
        group_size: int | None = None,
        confusables: str | Declaration | None = None,
        max_confusables: int = 10,
        router_target: str = "classes",
        routing: str = "soft",
        trust: str | float | Mapping[str, float] = "learned",
        cv: Any = None,
        min_mass: float = 0.02,
        confidence_threshold: float = 0.995,
        calibration: str | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.router = router
        self.specialist = specialist
        self.expert = expert
        self.groups = groups
        self.group_size = group_size
        self.confusables = confusables
        self.max_confusables = max_confusables
        self.router_target = router_target
        self.routing = routing
        self.trust = trust
        self.cv = cv
        self.min_mass = min_mass
        self.confidence_threshold = confidence_threshold
        self.calibration = calibration
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return those of the members' estimators too: ``router__alpha``, ``specialist__alpha``, or
            ``specialist__A-E__alpha`` where `specialist` is a dict.

        Returns
        -------
        dict of str to object
            Value of each parameter by name.
        """
        params: dict[str, Any] = super().get_params(deep)
        for role in TEMPLATES if deep else ():
            params |= params_of_mapping(role, getattr(self, role))
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters.

        Parameters
        ----------
        **params : dict
            Named as in `get_params`. ``specialist__A-E`` replaces one estimator of a dict.

        Returns
        -------
        self
            The ensemble.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        super().set_params(**{key: value for key, value in params.items() if "__" not in key})
        others = {}
        for key, value in params.items():
            role, _, rest = key.partition("__")
            if rest and role in TEMPLATES and isinstance(getattr(self, role), Mapping):
                setattr(self, role, with_param_of_mapping(role, getattr(self, role), rest, value))
            elif rest:
                others[key] = value
        super().set_params(**others)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Fit router, specialists and experts, and learn their trust.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Class labels of one sortable type.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, 0 or more. They are passed to the fit of every member, and used where sets are derived
            and trust and temperature are learned.
        **fit_params : dict
            ``groups`` of the rows for `cv`. With metadata routing enabled, everything that members and splitter
            request.

        Returns
        -------
        self
            The fitted ensemble.

        Raises
        ------
        HierarchyError
            If groups, confusable sets, members or trusts do not fit the classes.
        ValueError
            If `y` holds one class only, or a member cannot be fitted; the message names the member.
        """
        rows, labels = validate_data(self, X, y, accept_sparse="csr")
        self.classes_, codes = sorted_classes(labels)
        rng = None if self.random_state is None else check_random_state(self.random_state)
        weight = checked_weight(sample_weight, rows)
        given = None if sample_weight is None else weight
        params = fit_params_for(self, {"sample_weight": given, **fit_params})
        trainer = Trainer(rows, codes, params.of_member, self.n_jobs, self.verbose, rng)
        fitted = fit_hierarchy(
            self, trainer, labels, classes=self.classes_, weight=weight, split_params=params.of_splitter
        )
        self.groups_ = top_level(fitted.groups)
        self.subgroups_ = {name: labels for name, labels in fitted.groups.items() if name not in self.groups_}
        self.confusables_ = fitted.confusables
        self.members_ = {member.name: member.estimator for member in (fitted.router, *fitted.members)}
        self.trust_ = fitted.trust
        self.temperature_ = fitted.temperature
        self._router_target = self.router_target  # what it was trained on, even if the parameter is set later
        return self

    def route(self, X: ArrayLike) -> FloatArray:
        """Return the router's probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities of the classes, before any member is applied. A router of groups shares the probability of a
            group evenly among its classes.
        """
        checked = self._validated(X)
        return routed(predictor_of(self), checked)

    def refine(self, X: ArrayLike, probabilities: ArrayLike) -> FloatArray:
        """Apply specialists and experts to given probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        probabilities : array-like of shape (n_samples, n_classes)
            Probabilities before; columns follow ``classes_``, rows sum to 1.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities after, before any calibration.

        Raises
        ------
        ValueError
            If `probabilities` has another shape, negative values, or rows that do not sum to 1.
        """
        checked = self._validated(X)
        return refined(predictor_of(self), checked, probabilities)

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities; columns follow ``classes_``, rows sum to 1.
        """
        checked = self._validated(X)
        return predicted(predictor_of(self), checked)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        probabilities = self.predict_proba(X)
        labels: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def explain(self, X: ArrayLike) -> Explanation:
        """Return the probabilities of the router, the change that each member made, and the result.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        Explanation
            Arrays for all rows; ``print`` it, or its ``text(i)``, for a description.
        """
        checked = self._validated(X)
        return explained(predictor_of(self), checked)

    @property
    def levels_(self) -> dict[str, int]:
        """Level at which each member is applied: 0 for the router, experts after the deepest group."""
        check_is_fitted(self)
        return levels_of_members(predictor_of(self))

    def route_counts(self, X: ArrayLike) -> dict[str, int]:
        """Count the rows on which each member is applied.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        dict of str to int
            For each of ``members_``; a member of trust 0 is never applied. ``levels_`` has the level of each.
        """
        checked = self._validated(X)
        return row_counts(predictor_of(self), checked)

    def _validated(self, X: ArrayLike) -> Any:
        check_is_fitted(self)
        return validate_data(self, X, accept_sparse="csr", reset=False)

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the metadata that `fit` passes to members and splitter.

        Returns
        -------
        MetadataRouter
            See scikit-learn's user guide on metadata routing.
        """
        return metadata_router(self).add_self_request(self)  # for sample_weight of fit and score

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = accept_sparse(self.router, self.specialist, self.expert)
        return tags

    def _sk_visual_block_(self) -> _VisualBlock:
        return visual_block(self.router, {role: getattr(self, role) for role in TEMPLATES})
