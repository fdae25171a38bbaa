"""Predictors next to outcomes: which of them should the donors match, and how well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from assay.causal.synthetic.simplex import simplex_fit
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]

_SCREENED = 150
_HOPS = 3
_STEPS = 80
# Standard deviations of the starting logarithms, in turn: near equal importance, and far.
_SPREADS = (4.0, 9.0)


@dataclass(frozen=True, slots=True)
class PredictorFit:
    """Donor weights from predictors, and the importance of each predictor.

    Attributes
    ----------
    donor_weights : ndarray of shape (n_donors,)
        On the simplex.
    importance : ndarray of shape (n_predictors,)
        Weight of each scaled predictor in the distance, sum 1 (the diagonal of V).
    mspe_pre : float
        Mean squared error of the outcome before treatment.
    predictors_treated, predictors_synthetic : ndarray of shape (n_predictors,)
        In their own units.
    start_mspe : ndarray of shape (n_starts,)
        Where each start of the search ended; their spread shows how well determined
        the importance is.
    """

    donor_weights: Floats
    importance: Floats
    mspe_pre: float
    predictors_treated: Floats
    predictors_synthetic: Floats
    start_mspe: Floats


@dataclass(frozen=True, slots=True)
class _Problem:
    """Scaled predictor gaps (donor minus treated) and outcomes before treatment."""

    gaps: Floats
    donors: Floats
    treated: Floats

    def weights(self, logs: Floats) -> Floats:
        gram = (self.gaps * _importance(logs)[:, None]).T @ self.gaps
        return simplex_fit(gram, np.zeros(gram.shape[0])).weights

    def loss(self, logs: Floats) -> tuple[float, Floats]:
        """Outcome error of the weights that match predictors, and its gradient.

        On a fixed support the weights solve a linear system in the importances; the
        gradient follows from differentiating that system.
        """
        importance = _importance(logs)
        gram = (self.gaps * importance[:, None]).T @ self.gaps
        weights = simplex_fit(gram, np.zeros(gram.shape[0])).weights
        errors = self.donors @ weights - self.treated
        used = np.flatnonzero(weights > 0)
        system = np.ones((used.size + 1, used.size + 1))
        system[:-1, :-1] = gram[np.ix_(used, used)]
        system[-1, -1] = 0
        pull = np.append(2 * self.donors[:, used].T @ errors / errors.size, 0.0)
        adjoint = np.linalg.lstsq(system, pull, rcond=1e-13)[0][:-1]
        gradient = -(self.gaps[:, used] @ adjoint) * (self.gaps @ weights) * importance
        return float(np.mean(errors**2)), gradient


def predictor_fit(
    outcomes_treated: Floats,
    outcomes_donors: Floats,
    predictors_treated: Floats,
    predictors_donors: Floats,
    *,
    n_starts: int = 6,
    seed: int = 0,
    importance: Floats | None = None,
) -> PredictorFit:
    """Weigh donors to match predictors, the predictors weighed to match outcomes.

    Parameters
    ----------
    outcomes_treated : ndarray of shape (n_pre,)
        Outcome of the treated unit before treatment.
    outcomes_donors : ndarray of shape (n_pre, n_donors)
        Outcomes of the donors.
    predictors_treated : ndarray of shape (n_predictors,)
    predictors_donors : ndarray of shape (n_predictors, n_donors)
        Predictors, in any units; each is divided by its standard deviation over all
        units.
    n_starts : int, default=6
        Starts of the search for importances, each from its own stream.
    seed : int, default=0
        Of the starts.
    importance : ndarray of shape (n_predictors,), optional
        Given importances instead of a search.

    Raises
    ------
    DataError
        If a predictor is missing or the same for all units.

    Notes
    -----
    The error is not convex in the importances and has flat stretches and many local
    minima: two searches can agree on the error and differ on the importances. Read the
    donor weights, not the importances.

    References
    ----------
    Abadie, Diamond and Hainmueller, Journal of the American Statistical Association,
    2010, section 2.3.
    """
    gaps = _scaled_gaps(predictors_treated, predictors_donors)
    problem = _Problem(gaps, outcomes_donors, outcomes_treated)
    ends = np.empty(0)
    if importance is None:
        streams = np.random.SeedSequence(seed).spawn(n_starts)
        found = [
            _search(problem, np.random.default_rng(stream), _SPREADS[i % len(_SPREADS)])
            for i, stream in enumerate(streams)
        ]
        ends = np.array([mspe for mspe, _ in found])
        logs = found[int(np.argmin(ends))][1]
    else:
        with np.errstate(divide="ignore"):
            logs = np.log(np.asarray(importance, dtype=np.float64))
    weights = problem.weights(logs)
    errors = outcomes_donors @ weights - outcomes_treated
    return PredictorFit(
        donor_weights=weights,
        importance=_importance(logs),
        mspe_pre=float(np.mean(errors**2)),
        predictors_treated=predictors_treated,
        predictors_synthetic=predictors_donors @ weights,
        start_mspe=ends,
    )


def _scaled_gaps(treated: Floats, donors: Floats) -> Floats:
    """Return donors' predictors minus the treated unit's, in standard deviations."""
    both = np.column_stack([treated, donors])
    if not np.isfinite(both).all():
        missing = int(np.count_nonzero(~np.isfinite(both).all(axis=1)))
        raise DataError(
            f"{missing} of {both.shape[0]} predictors are missing for some unit; average "
            "them over periods in which every unit has them"
        )
    spread = both.std(axis=1, ddof=1)
    if not spread.all():
        raise DataError(
            f"{int(np.count_nonzero(spread == 0))} predictors are the same for all units "
            "and cannot tell donors apart; leave them out"
        )
    return np.asarray((donors - treated[:, None]) / spread[:, None])


def _search(
    problem: _Problem, rng: np.random.Generator, spread: float
) -> tuple[float, Floats]:
    """Screen random importances, follow the gradient from the best, hop and repeat."""
    n_predictors = problem.gaps.shape[0]
    candidates = rng.normal(scale=spread, size=(_SCREENED, n_predictors))
    errors = [
        float(np.mean((problem.donors @ problem.weights(c) - problem.treated) ** 2))
        for c in candidates
    ]
    best, logs = min(errors), candidates[int(np.argmin(errors))]
    for hop in range(_HOPS):
        start = logs
        if hop:
            moves = rng.normal(scale=2.0, size=n_predictors)
            start = logs + moves * (rng.random(n_predictors) < 0.4)
        found = minimize(
            problem.loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}
        )
        # The path can pass lower points than where a kink stops it; only better counts.
        if found.fun < best:
            best, logs = float(found.fun), np.asarray(found.x)
    return best, logs


def _importance(logs: Floats) -> Floats:
    scaled = np.exp(logs - logs.max())
    return np.asarray(scaled / scaled.sum())
