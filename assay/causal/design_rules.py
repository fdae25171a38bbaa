"""For every design: what it needs, what forbids it, what to be careful about."""

from __future__ import annotations

from dataclasses import dataclass

from assay.causal.admission import (
    Check,
    all_of,
    arms_for_whom,
    before_and_after,
    both_arms,
    came_by,
    clusters,
    comparison,
    covariates,
    crowded_donors,
    cutoff_sides,
    donors,
    few_clusters,
    few_pre_periods,
    few_units,
    instrument,
    instrument_care,
    many_treated,
    not_random,
    not_staggered,
    nothing,
    series,
    sparse_cutoff,
    staggered,
    switches,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignRule:
    """One design of `assay.causal`, most credible first in :data:`DESIGN_RULES`.

    Attributes
    ----------
    name, function, estimand : str
        Its name, the function to call, and what its number is of.
    needs : tuple of str
        What the data and the world must offer, as a reader would check it.
    forbids : callable
        Reasons why the question cannot have it; none if it can.
    cautions : callable
        What to be careful about where it can.
    """

    name: str
    function: str
    estimand: str
    needs: tuple[str, ...]
    forbids: Check
    cautions: Check


DESIGN_RULES: tuple[DesignRule, ...] = (
    DesignRule(
        name="experiment",
        function="assay.causal.experiments.cuped",
        estimand="ate",
        needs=(
            "units assigned at random, one by one",
            "a sample ratio that is the planned one",
            "an outcome before treatment, for CUPED; else mean_difference",
        ),
        forbids=all_of(came_by("random_units"), both_arms),
        cautions=few_units,
    ),
    DesignRule(
        name="cluster experiment",
        function="assay.causal.experiments.cluster_difference",
        estimand="ate",
        needs=("whole groups assigned at random", "the group of every row"),
        forbids=all_of(came_by("random_clusters"), clusters),
        cautions=few_clusters,
    ),
    DesignRule(
        name="switchback",
        function="assay.causal.experiments.switchback",
        estimand="ate",
        needs=("periods assigned at random", "no carry-over beyond the burn-in"),
        forbids=all_of(came_by("random_periods"), switches),
        cautions=lambda _: ["leave out rows just after a switch"],
    ),
    DesignRule(
        name="sharp discontinuity",
        function="assay.causal.discontinuity.sharp_jump",
        estimand="jump",
        needs=(
            "a score with a cutoff that decides treatment",
            "no sorting at the cutoff",
        ),
        forbids=all_of(
            came_by("cutoff"),
            cutoff_sides,
            lambda q: [] if q.is_rule_followed else ["the rule has exceptions"],
        ),
        cautions=sparse_cutoff,
    ),
    DesignRule(
        name="fuzzy discontinuity",
        function="assay.causal.discontinuity.fuzzy_jump",
        estimand="late",
        needs=(
            "a score with a cutoff at which the chance of treatment jumps",
            "no sorting at the cutoff",
        ),
        forbids=all_of(
            came_by("cutoff"),
            cutoff_sides,
            lambda q: ["the rule has no exceptions"] if q.is_rule_followed else [],
        ),
        cautions=sparse_cutoff,
    ),
    DesignRule(
        name="instrument",
        function="assay.causal.instruments.instrumented_effect",
        estimand="late",
        needs=(
            "something random that moved the treatment",
            "no other way from it to the outcome",
            "an effective F above its critical value, or the Anderson-Rubin set",
        ),
        forbids=all_of(instrument, both_arms),
        cautions=instrument_care,
    ),
    DesignRule(
        name="staggered differences",
        function="assay.causal.differences.group_time_effects",
        estimand="att",
        needs=("the same units before and after", "parallel trends", "no anticipation"),
        forbids=all_of(
            came_by("rollout"), before_and_after, comparison, staggered, clusters
        ),
        cautions=all_of(few_pre_periods, few_clusters),
    ),
    DesignRule(
        name="differences",
        function="assay.causal.differences.event_study",
        estimand="att",
        needs=("the same groups before and after", "parallel trends", "no anticipation"),
        forbids=all_of(
            came_by("rollout"), before_and_after, comparison, not_staggered, clusters
        ),
        cautions=all_of(few_pre_periods, few_clusters),
    ),
    DesignRule(
        name="synthetic control",
        function="assay.causal.synthetic.synthetic_control",
        estimand="att",
        needs=(
            "one or a few treated groups",
            "untreated groups whose mixture follows them before treatment",
            "no spill-over to those groups",
        ),
        forbids=all_of(came_by("rollout"), before_and_after, donors, many_treated),
        cautions=crowded_donors,
    ),
    DesignRule(
        name="synthetic differences",
        function="assay.causal.synthetic.synthetic_difference_in_differences",
        estimand="att",
        needs=(
            "one or a few treated groups",
            "untreated groups that weighted move like them, at any level",
            "no spill-over to those groups",
        ),
        forbids=all_of(came_by("rollout"), before_and_after, donors, many_treated),
        cautions=few_pre_periods,
    ),
    DesignRule(
        name="doubly robust",
        function="assay.causal.propensity.doubly_robust_effect",
        estimand="ate",
        needs=(
            "every cause of both treatment and outcome among the covariates",
            "treated and untreated rows alike in them",
        ),
        forbids=all_of(not_random, both_arms, covariates),
        cautions=all_of(
            few_units,
            lambda _: ["say how strong a hidden cause would have to be (E-value)"],
        ),
    ),
    DesignRule(
        name="interrupted series",
        function="assay.causal.time_series.interrupted_series",
        estimand="jump",
        needs=("a long, stable series", "nothing else that happened at the same time"),
        forbids=all_of(came_by("everybody", "rollout"), series),
        cautions=lambda _: ["anything else that changed that day is in the estimate"],
    ),
    DesignRule(
        name="effects for whom",
        function="assay.causal.heterogeneity.heterogeneous_effects",
        estimand="ate",
        needs=("covariates measured before treatment", "a design that holds on average"),
        forbids=all_of(
            arms_for_whom,
            covariates,
            lambda q: (
                []
                if q.rule in ("random_units", "choice")
                else ["it needs a random or an adjustable assignment of units"]
            ),
        ),
        cautions=nothing,
    ),
)
