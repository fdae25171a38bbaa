"""Copies of the user's own data in which the effect is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.panel import numeric
from assay.causal.plan import Plan
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Draw: TypeAlias = Callable[[np.random.Generator], tuple[pd.DataFrame, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Copier:
    """Draws copies of the data.

    Attributes
    ----------
    draw : callable
        From a generator to a frame and the options that changed for it.
    scheme : str
        How a copy comes about, in a sentence.
    """

    draw: Draw
    scheme: str


def copier(frame: pd.DataFrame, plan: Plan, estimate: float, planted: float) -> Copier:
    """Return what draws copies of `frame` with an effect of `planted`.

    Parameters
    ----------
    frame : DataFrame
        The user's data.
    plan : Plan
        Names design, outcome and columns.
    estimate : float
        What the design finds in `frame`; it is taken out before `planted` goes in.
    planted : float
        The effect of every copy.
    """
    known = frame[frame[plan.outcome].notna()].reset_index(drop=True)
    outcome = numeric(known, plan.outcome)
    exposed = plan.how.exposed(known, plan.options)
    moved = known.assign(**{plan.outcome: outcome + (planted - estimate) * exposed})
    makers = {
        "rows": _rows,
        "clusters": _clusters,
        "curve": _curve,
        "series": _series,
        "donors": _donors,
    }
    return makers[plan.how.copies](moved, plan, planted)


def _rows(frame: pd.DataFrame, plan: Plan, _planted: float) -> Copier:
    cluster = next((plan.options.get(n) for n in plan.how.cluster_options), None)
    if cluster:
        return _clusters(frame, plan, _planted)

    def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, Any]]:
        taken = rng.integers(0, len(frame), size=len(frame))
        return frame.iloc[taken].reset_index(drop=True), {}

    return Copier(draw, "rows drawn with replacement")


def _clusters(frame: pd.DataFrame, plan: Plan, _planted: float) -> Copier:
    given = (plan.options.get(name) for name in plan.how.cluster_options)
    column = next((name for name in given if name), None)
    if column is None:
        raise DataError(
            f"design {plan.design!r} names no column of what was assigned together; "
            f"give one of {', '.join(plan.how.cluster_options)} to certify its interval"
        )
    codes, _ = pd.factorize(frame[column], sort=True)
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(codes.max() + 2))
    members = [order[a:b] for a, b in pairwise(bounds)]
    renamed = [n for n in ("unit_column",) if plan.options.get(n) not in (None, column)]
    treated = plan.how.exposed(frame, plan.options)
    ever = np.array([treated[rows].max() > 0 for rows in members])
    strata = [np.flatnonzero(ever), np.flatnonzero(~ever)]

    def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, Any]]:
        taken = np.concatenate([rng.choice(s, s.size) for s in strata if s.size])
        rows = np.concatenate([members[i] for i in taken])
        again = np.repeat(np.arange(taken.size), [members[i].size for i in taken])
        copy = frame.iloc[rows].reset_index(drop=True)
        named = {column: again}
        for name in renamed:  # a unit that is drawn twice is two units
            inside, _ = pd.factorize(copy[plan.options[name]], sort=True)
            named[plan.options[name]] = again * (int(inside.max()) + 1) + inside
        return copy.assign(**named), {}

    return Copier(
        draw, f"{len(members)} values of {column} drawn with replacement, by arm"
    )


def _curve(frame: pd.DataFrame, plan: Plan, planted: float) -> Copier:
    running = numeric(frame, plan.options["running"])
    outcome = numeric(frame, plan.outcome)
    above = running >= plan.options["cutoff"]
    exposed = plan.how.exposed(frame, plan.options)
    scaled = (running - plan.options["cutoff"]) / np.ptp(running)
    powers = np.vander(scaled, 5, increasing=True)
    # One curve on both sides with the effect taken out, so that no jump is left but
    # the planted one, and the curvature near the cutoff is the data's.
    level = outcome - planted * exposed
    design = np.column_stack([powers, powers[:, 1:] * above[:, None]])
    coefficients, *_ = np.linalg.lstsq(design, level, rcond=None)
    smooth = design @ coefficients
    residuals = level - smooth

    def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, Any]]:
        signs = rng.choice([-1.0, 1.0], size=residuals.size)
        values = smooth + planted * exposed + signs * residuals
        return frame.assign(**{plan.outcome: values}), {}

    return Copier(
        draw, "rows kept, a quartic either side of the cutoff, residuals' signs drawn"
    )


def _series(frame: pd.DataFrame, plan: Plan, planted: float) -> Copier:
    ordered = frame.sort_values(plan.options["period"], kind="stable")
    ordered = ordered.reset_index(drop=True)
    times = numeric(ordered, plan.options["period"])
    values = numeric(ordered, plan.outcome)
    after = (times >= plan.options["start"]).astype(np.float64)
    design = np.column_stack([np.ones_like(times), times - times.mean(), after])
    coefficients, *_ = np.linalg.lstsq(design, values, rcond=None)
    residuals = values - design @ coefficients
    line = design[:, :2] @ coefficients[:2] + planted * after
    length = max(2, round(residuals.size ** (1 / 3)))

    def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, Any]]:
        n_blocks = -(-residuals.size // length)
        starts = rng.integers(0, residuals.size - length + 1, size=n_blocks)
        taken = (starts[:, None] + np.arange(length)).ravel()[: residuals.size]
        return ordered.assign(**{plan.outcome: line + residuals[taken]}), {}

    return Copier(draw, f"a straight line, residuals drawn in blocks of {length}")


def _donors(frame: pd.DataFrame, plan: Plan, planted: float) -> Copier:
    options = plan.options
    treated = list(options["treated_units"])
    donors = options.get("donors")
    unit = frame[options["unit"]]
    pool = ~unit.isin(treated) if donors is None else unit.isin(list(donors))
    names = sorted(unit[pool].unique().tolist())
    rest = frame[pool].reset_index(drop=True)
    late = rest[options["period"]].to_numpy(np.float64) >= options["treatment_start"]

    def draw(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, Any]]:
        chosen = names[int(rng.integers(len(names)))]
        is_it = (rest[options["unit"]] == chosen).to_numpy()
        values = numeric(rest, plan.outcome) + planted * (is_it & late)
        changed = {"treated_units": [chosen]}
        if donors is not None:
            changed["donors"] = [name for name in names if name != chosen]
        return rest.assign(**{plan.outcome: values}), changed

    return Copier(
        draw, f"one of {len(names)} donors takes the treated unit's place, by lot"
    )
