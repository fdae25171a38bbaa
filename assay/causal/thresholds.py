"""Registered limits by family of designs, each with the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Threshold:
    """A registered limit and why it is where it is."""

    value: float
    reason: str


_SHARED = {
    "test_level": Threshold(
        0.05, "customary level of a falsification test; below it the state is doubtful"
    ),
    "reject_level": Threshold(
        0.001,
        "a valid design fails a test at this level once in a thousand reports, so that "
        "withholding stays far below the 5 % of valid designs that we allow",
    ),
}

_CLUSTERS = {
    "clusters_minimum": Threshold(
        5,
        "below five clusters not even enumerated signs reach p = 0.05 "
        "(2^4 / 2^5 sign patterns give at best 0.0625)",
    ),
    "jackknife_treated_maximum": Threshold(
        8,
        "the jackknife over units sees no shock that treated units share, which is most "
        "of the error once their own noise has averaged out: with 12 its 95 % interval "
        "held the truth in 89 % of 1,000 simulations, with 6 in 94 %",
    ),
    "clusters_few": Threshold(
        30,
        "cluster-robust errors reject true nulls too often below about 30 to 50 "
        "clusters (Cameron, Gelbach and Miller 2008)",
    ),
    "clusters_treated_minimum": Threshold(
        2,
        "with one treated cluster its residuals sum to zero by construction, the "
        "cluster-robust error has nothing to estimate from (MacKinnon and Webb 2018)",
    ),
    "clusters_treated_few": Threshold(
        6,
        "with fewer than six treated (or untreated) clusters both the robust and the "
        "bootstrapped test are unreliable (MacKinnon and Webb 2018)",
    ),
}

_DIFFERENCES = {
    "bacon_forbidden_share": Threshold(
        0.10,
        "weight of comparisons with units treated earlier; above a tenth the two-way "
        "estimate can change sign with effects that differ by cohort",
    ),
    "negative_weight_share": Threshold(
        0.05,
        "treated rows with negative weight; above a twentieth the two-way estimate can "
        "lie outside the range of the effects that it averages",
    ),
    "cohorts_for_event_study": Threshold(
        1, "with two cohorts or more, event-time coefficients mix their effects"
    ),
    "cohort_minimum": Threshold(
        5, "did, the reference package, warns of cohorts below five plus covariates"
    ),
    "staggered_gap_errors": Threshold(
        2.0,
        "standard errors between two-way and group-time estimates beyond which "
        "heterogeneous effects, not noise, explain the gap",
    ),
    "propensity_maximum": Threshold(
        0.999,
        "a comparison unit as sure of treatment as this carries a weight of 1,000",
    ),
}

_EXPERIMENTS = {
    "sample_ratio_p": Threshold(
        0.001,
        "customary alarm of a sample-ratio test: assignment that misses its plan by "
        "this much is a defect of the rollout (Fabijan et al. 2019)",
    ),
    "residual_autocorrelation_p": Threshold(
        0.01, "Ljung-Box level at which the residuals are called autocorrelated"
    ),
    "memory_maximum": Threshold(
        0.8,
        "above it the intervals of a segmented regression cover 91 % at 100 periods and "
        "88 % at 40 (benchmarks/causal/serial_errors.py)",
    ),
    "wander_room_minimum": Threshold(
        30.0,
        "periods times one minus memory; a random walk about a line that may jump and "
        "turn stays below it nine times in ten (Dickey and Fuller 1979 for a line "
        "alone: below 21.8 in 95 of 100)",
    ),
    "placebo_significant_share": Threshold(
        0.35,
        "placebo dates overlap and share errors, so more than 5 % look significant even "
        "on a straight trend; above this the trend is not straight",
    ),
    "periods_pre_minimum": Threshold(
        8, "fewer points than this do not carry a level, a slope and their errors"
    ),
}

_PROPENSITY = {
    "propensity_edge": Threshold(
        0.1,
        "rows with a propensity outside [0.1, 0.9] count as without counterpart "
        "(Crump, Hotz, Imbens and Mitnik 2009)",
    ),
    "overlap_outside_doubtful": Threshold(
        0.15,
        "share of such rows from which intervals by weighting begin to cover less than "
        "they say, in our simulations",
    ),
    "overlap_outside_broken": Threshold(
        0.40, "share at which they cover less than nine times in ten"
    ),
    "effective_share_doubtful": Threshold(
        0.05,
        "below it nineteen of twenty rows of an arm carry no information: the answer "
        "rests on a sliver that the sample was not drawn for",
    ),
    "effective_rows_doubtful": Threshold(
        30, "fewer equally weighted rows than a normal interval is used for"
    ),
    "effective_rows_broken": Threshold(
        10, "fewer than ten rows' worth of information in an arm decide nothing"
    ),
    "balance_doubtful": Threshold(
        0.10, "customary limit of a standardised difference (Austin 2009)"
    ),
    "balance_broken": Threshold(
        0.25,
        "beyond a quarter of a standard deviation adjustment depends on its functional "
        "form (Imbens and Rubin 2015)",
    ),
    "variance_ratio_doubtful": Threshold(
        2.0, "customary limit of the ratio of variances, either way (Rubin 2001)"
    ),
}

_INSTRUMENTS = {
    "effective_f_broken": Threshold(
        4.0,
        "two-stage least squares keeps about 1 / F of the bias of least squares: a "
        "quarter of it and more below four",
    ),
    "effective_f_doubtful": Threshold(
        23.1,
        "critical value of the effective F for a bias of at most a tenth of the worst "
        "case at 5 %, one instrument (Montiel Olea and Pflueger 2013); for several "
        "instruments their own value is computed",
    ),
    "instruments_per_row": Threshold(
        0.02,
        "above two instruments per hundred rows the first stage overfits and two-stage "
        "least squares leans to least squares (Bekker 1994)",
    ),
}

_HETEROGENEITY = {
    "heterogeneity_rows_minimum": Threshold(
        50, "fewest rows of an arm in a fold from which an effect by row is learned"
    ),
}

_SYNTHETIC = {
    "donors_per_pre_period": Threshold(
        0.8,
        "with nearly as many donors as pre-periods weights can be found that follow "
        "noise; the fit before treatment then says little (Abadie 2021)",
    ),
    "pre_fit_ratio_doubtful": Threshold(
        2.24,
        "root of 5: Abadie, Diamond and Hainmueller (2010) set aside placebos whose "
        "squared error before treatment is five times the comparison's",
    ),
    "pre_fit_ratio_broken": Threshold(
        4.47, "root of 20, the mildest cut-off of the same authors"
    ),
    "hull_outside_doubtful": Threshold(
        0.10,
        "share of pre-periods in which the treated unit lies above or below every "
        "donor, where no average of them can follow",
    ),
    "hull_outside_broken": Threshold(
        0.50, "outside in most pre-periods, the comparison is extrapolation"
    ),
    "donor_noise_share": Threshold(
        0.5,
        "share of sampling noise in the donors' variation around their own means; above "
        "a half, weights answer noise more than signal",
    ),
    "donor_leverage": Threshold(
        0.5,
        "change of the estimate when one donor is dropped, as a share of it, above "
        "which the answer is that donor's",
    ),
}

_DISCONTINUITY = {
    "local_rows_broken": Threshold(
        20, "fewer rows than this on a side do not carry a line, a curve and their noise"
    ),
    "local_rows_doubtful": Threshold(
        50, "fewer rows than this on a side make the normal interval optimistic"
    ),
    "local_values_doubtful": Threshold(
        10,
        "with fewer distinct running values on a side the bandwidth cannot shrink and "
        "the bias cannot be seen (Kolesar and Rothe 2018)",
    ),
    "sensitivity_errors": Threshold(
        3.0,
        "standard errors of the difference beyond which half or twice the bandwidth, or "
        "leaving out the rows next to the cutoff, tells another story",
    ),
    "off_rule_share": Threshold(
        0.01,
        "share of rows near the cutoff that the rule did not treat as it says; beyond it "
        "the jump of the outcome is visibly less than the effect",
    ),
    "first_stage_f": Threshold(
        10.0,
        "below it the ratio of a fuzzy design is not normal (Feir, Lemieux and Marmer "
        "2016)",
    ),
}

THRESHOLDS: Mapping[str, Threshold] = MappingProxyType(
    {
        **_SHARED,
        **_CLUSTERS,
        **_DIFFERENCES,
        **_EXPERIMENTS,
        **_PROPENSITY,
        **_INSTRUMENTS,
        **_HETEROGENEITY,
        **_SYNTHETIC,
        **_DISCONTINUITY,
    }
)
