"""The designs by name: which function answers, who was exposed, what is copied."""

from __future__ import annotations

from collections.abc import Mapping

from assay.causal.design import Copies, Design
from assay.causal.exposure import (
    Exposure,
    after_start,
    cohort_started,
    column,
    ruled,
    treated_after,
    treated_units,
)
from assay.errors import ConfigError


def design_named(name: str) -> Design:
    """Return the design of that name.

    Raises
    ------
    ConfigError
        If there is none; the names are listed.

    Examples
    --------
    >>> design_named("two_by_two").title
    'Difference-in-differences, two groups and two times'
    """
    if name not in DESIGNS:
        raise ConfigError(f"no design {name!r}; there are {', '.join(DESIGNS)}")
    return DESIGNS[name]


def _listed(*designs: Design) -> dict[str, Design]:
    return {design.name: design for design in designs}


def _design(
    path: str,
    title: str,
    exposed: Exposure,
    copies: Copies = "rows",
    clusters: tuple[str, ...] = (),
    estimand: str = "",
) -> Design:
    return Design(
        name=path.partition(":")[2],
        title=title,
        function=f"assay.causal.{path}",
        exposed=exposed,
        copies=copies,
        estimand=estimand or _ESTIMANDS[path.partition(":")[0]],
        cluster_options=clusters,
    )


_PANEL = ("cluster", "unit_column")
_ESTIMANDS = {
    "experiments": "ate",
    "differences": "att",
    "synthetic": "att",
    "discontinuity": "jump",
    "propensity": "ate",
    "instruments": "late",
    "heterogeneity": "ate",
    "time_series": "att",
}

DESIGNS: Mapping[str, Design] = _listed(
    _design(
        "experiments:mean_difference",
        "Randomised experiment, difference in means",
        column("treated"),
    ),
    _design(
        "experiments:cuped",
        "Randomised experiment, adjusted by what was known before (CUPED)",
        column("treated"),
    ),
    _design(
        "experiments:cluster_difference",
        "Cluster-randomised experiment",
        column("treated"),
        "clusters",
        ("cluster",),
    ),
    _design(
        "experiments:switchback",
        "Switchback experiment",
        column("treated"),
        "clusters",
        ("block", "period"),
    ),
    _design(
        "experiments:sequential_test",
        "Experiment watched as it runs, always-valid interval",
        column("treated"),
    ),
    _design(
        "differences:two_by_two",
        "Difference-in-differences, two groups and two times",
        treated_after,
        "clusters",
        ("cluster",),
    ),
    _design(
        "differences:fixed_effects",
        "Difference-in-differences, regression with fixed effects",
        column("treatment"),
        "clusters",
        ("cluster",),
    ),
    _design(
        "differences:event_study",
        "Difference-in-differences, event study",
        cohort_started,
        "clusters",
        _PANEL,
    ),
    _design(
        "differences:group_time_effects",
        "Staggered difference-in-differences (Callaway and Sant'Anna)",
        cohort_started,
        "clusters",
        _PANEL,
    ),
    _design(
        "differences:interaction_weighted",
        "Staggered difference-in-differences (Sun and Abraham)",
        cohort_started,
        "clusters",
        _PANEL,
    ),
    _design(
        "differences:imputed_effects",
        "Staggered difference-in-differences by imputation",
        cohort_started,
        "clusters",
        ("unit_column",),
    ),
    _design(
        "differences:wild_bootstrap",
        "Few clusters, wild cluster bootstrap",
        column("treatment"),
        "clusters",
        ("cluster",),
    ),
    _design(
        "synthetic:synthetic_control",
        "Synthetic control",
        treated_units,
        "donors",
        ("unit",),
    ),
    _design(
        "synthetic:synthetic_difference_in_differences",
        "Synthetic difference-in-differences",
        treated_units,
        "donors",
        ("unit",),
    ),
    _design(
        "synthetic:augmented_control",
        "Synthetic control, augmented by a ridge regression",
        treated_units,
        "donors",
        ("unit",),
    ),
    _design(
        "synthetic:penalised_control",
        "Synthetic control, penalised by each donor's distance",
        treated_units,
        "donors",
        ("unit",),
    ),
    _design("discontinuity:sharp_jump", "Regression discontinuity", ruled, "curve"),
    _design(
        "discontinuity:fuzzy_jump",
        "Fuzzy regression discontinuity",
        column("treatment"),
        "curve",
        estimand="late",
    ),
    _design(
        "propensity:weighted_effect",
        "Propensity weighting",
        column("treatment"),
    ),
    _design(
        "propensity:matched_effect",
        "Propensity matching",
        column("treatment"),
    ),
    _design(
        "propensity:doubly_robust_effect",
        "Doubly robust adjustment (AIPW)",
        column("treatment"),
    ),
    _design(
        "instruments:instrumented_effect",
        "Instrumental variables",
        column("treatment"),
        "rows",
        ("cluster",),
    ),
    _design(
        "heterogeneity:heterogeneous_effects",
        "Effects that differ between rows",
        column("treatment"),
    ),
    _design(
        "time_series:interrupted_series",
        "Interrupted time series",
        after_start,
        "series",
    ),
)
"""Every design that a plan may name, most of what it must believe last."""
