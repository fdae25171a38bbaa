"""Simulated rollouts with known truth: designs as they should be, and broken ones."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.causal.worlds.drawn import clusters, experiment, switched
from benchmarks.causal.worlds.observed import chosen, cutoff, differing, nudged
from benchmarks.causal.worlds.panels import donors, rollout, upgraded
from benchmarks.causal.worlds.world import World

__all__ = ["BROKEN", "VALID", "World"]


def _rollouts(design: str, **how: float) -> Callable[..., World]:
    return lambda rng: rollout(rng, design=design, **how)


VALID: dict[str, Callable[..., World]] = {
    "experiment": experiment,
    "experiment, CUPED": lambda rng: experiment(rng, design="cuped"),
    "experiment, watched": lambda rng: experiment(rng, design="sequential_test"),
    "clusters drawn": clusters,
    "switchback": switched,
    "two by two": _rollouts("two_by_two"),
    "fixed effects": _rollouts("fixed_effects"),
    "wild bootstrap": _rollouts("wild_bootstrap"),
    "event study": _rollouts("event_study"),
    "group-time": _rollouts("group_time_effects", staggered=True),
    "interaction-weighted": _rollouts("interaction_weighted", staggered=True),
    "imputation": _rollouts("imputed_effects", staggered=True),
    "synthetic control": donors,
    "synthetic differences": lambda rng: donors(
        rng, design="synthetic_difference_in_differences"
    ),
    "augmented control": lambda rng: donors(rng, design="augmented_control"),
    "penalised control": lambda rng: donors(rng, design="penalised_control"),
    "sharp cutoff": cutoff,
    "cutoff on a score of two decimals": lambda rng: cutoff(rng, decimals=2),
    "fuzzy cutoff": lambda rng: cutoff(rng, sharp=False),
    "weighting": lambda rng: chosen(rng, design="weighted_effect"),
    "matching": lambda rng: chosen(rng, design="matched_effect"),
    "doubly robust": chosen,
    "instrument": nudged,
    "interrupted series": upgraded,
    "effects by row": differing,
}

BROKEN: dict[str, Callable[..., World]] = {
    "experiment that lost a quarter of the treated": lambda rng: experiment(
        rng, lost=0.25
    ),
    "switchback that carries over": lambda rng: switched(rng, carryover=0.6),
    "two by two, own trend": _rollouts("two_by_two", trend=0.08),
    "event study, own trend": _rollouts("event_study", trend=0.08),
    "group-time, own trend": _rollouts("group_time_effects", trend=0.08, staggered=True),
    "imputation, own trend": _rollouts("imputed_effects", trend=0.08, staggered=True),
    "one treated branch": _rollouts("two_by_two", n_treated=1),
    "donors as many as weeks before": lambda rng: donors(rng, n_donors=38),
    "treated unit outside its donors": lambda rng: donors(rng, outside=15.0),
    "synthetic differences, own trend": lambda rng: donors(
        rng, outside=15.0, design="synthetic_difference_in_differences"
    ),
    "augmented control, treated unit outside its donors": lambda rng: donors(
        rng, outside=15.0, design="augmented_control"
    ),
    "penalised control, treated unit outside its donors": lambda rng: donors(
        rng, outside=15.0, design="penalised_control"
    ),
    "bunching at the cutoff": lambda rng: cutoff(rng, bunched=0.6),
    "covariate that jumps": lambda rng: cutoff(rng, jumping=0.6),
    "no overlap, weighting": lambda rng: chosen(
        rng, design="weighted_effect", strength=5.0
    ),
    "no overlap, matching": lambda rng: chosen(
        rng, design="matched_effect", strength=5.0
    ),
    "no overlap, doubly robust": lambda rng: chosen(rng, strength=5.0),
    "weak instrument": lambda rng: nudged(rng, strength=0.02),
    "many weak instruments": lambda rng: nudged(rng, strength=0.05, n_instruments=40),
    "series that wanders": lambda rng: upgraded(rng, wander=1.0),
    "effects by row, no overlap": lambda rng: differing(rng, strength=6.0),
}
