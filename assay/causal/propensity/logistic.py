"""Logistic propensity at its exact optimum, and a clear word when there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from assay.causal.rows import Floats
from assay.errors import DataError

# Newton walks about one log-odds a step towards an optimum that does not exist; one that
# exists was never seen to need this much.
_DIVERGED_LOG_ODDS = 150.0
_MAX_STEPS = 100


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """A logistic regression at its optimum.

    Attributes
    ----------
    coefficients : ndarray of shape (n_columns,)
        On the scale of the design's columns, log-odds per unit.
    propensity : ndarray of shape (n_rows,)
        Fitted probabilities, in (0, 1).
    information : ndarray of shape (n_columns, n_columns)
        Information matrix at the optimum, penalty included.
    log_likelihood : float
        Of the data, without the penalty.
    n_steps : int
        Newton steps taken.
    """

    coefficients: Floats
    propensity: Floats
    information: Floats
    log_likelihood: float
    n_steps: int


def logistic_optimum(
    design: Floats,
    n_trials: Floats,
    n_successes: Floats,
    *,
    penalty: float = 0.0,
    names: Sequence[str] = (),
) -> LogisticFit:
    """Return the (ridge-penalised) maximum-likelihood logistic regression.

    Parameters
    ----------
    design : ndarray of shape (n_rows, n_columns)
        First column ones. A row may stand for many equal ones.
    n_trials, n_successes : ndarray of shape (n_rows,)
        How many observations a row stands for, and how many of them were treated.
    penalty : float, default=0
        Weight of half the sum of squared coefficients, intercept left out; 1 is the
        optimum that scikit-learn's ``LogisticRegression()`` looks for with C = 1.
    names : sequence of str
        Column names, for messages.

    Raises
    ------
    DataError
        If some combination of the covariates separates treated from untreated rows,
        perfectly or but for ties, so that no optimum exists.

    Notes
    -----
    Newton steps in standardised columns, halved while they lose likelihood, until the
    step is below 1e-10: the answer does not depend on the solver's patience. Library
    defaults stop earlier, which moved the effect of a published example in its fourth
    decimal. Separation is decided by linear programming [1]_.

    References
    ----------
    .. [1] K. Konis, "Linear programming algorithms for detecting separated data in
       binary logistic regression models", DPhil thesis, Oxford, 2007.

    Examples
    --------
    >>> ones = np.ones((1, 1))
    >>> fit = logistic_optimum(ones, np.array([4.0]), np.array([1.0]))
    >>> round(float(fit.propensity[0]), 12)
    0.25
    """
    centre, scale = _standardisation(design, n_trials)
    standard = (design - centre) / scale
    ridge = penalty / scale**2
    ridge[0] = 0.0
    beta = np.zeros(design.shape[1])
    share = float(n_successes.sum() / n_trials.sum())
    beta[0] = np.log(share / (1 - share))
    beta, n_steps, moved = _climbed(standard, n_trials, n_successes, ridge, beta)
    eta = standard @ beta
    if not moved < 1e-8:
        refuse_separation(standard, n_trials, n_successes, names)
        raise DataError(
            f"logistic regression did not settle after {n_steps} Newton steps (last "
            f"step {moved:.1e}); drop covariates that nearly repeat each other or set "
            "a penalty"
        )
    coefficients = beta / scale
    coefficients[0] = beta[0] - float((centre / scale)[1:] @ beta[1:])
    p = _expit(eta)
    curvature = n_trials * p * (1 - p)
    information = (design * curvature[:, None]).T @ design
    information[np.arange(1, beta.size), np.arange(1, beta.size)] += penalty
    likelihood = float(n_successes @ eta - n_trials @ np.logaddexp(0, eta))
    return LogisticFit(coefficients, p, information, likelihood, n_steps)


def refuse_separation(
    design: Floats, n_trials: Floats, n_successes: Floats, names: Sequence[str] = ()
) -> None:
    """Refuse data in which covariates tell treated from untreated with certainty.

    Parameters
    ----------
    design, n_trials, n_successes, names
        As in :func:`logistic_optimum`.

    Raises
    ------
    DataError
        Naming the covariate that carries the separation.
    """
    seen = n_trials > 0
    treated, untreated = n_successes > 0, n_successes < n_trials
    mixed, sign = treated & untreated & seen, np.where(treated, 1.0, -1.0)
    pure = seen & ~mixed
    signed = design[pure] * sign[pure, None]
    # A direction never wrong on pure rows and neutral on mixed ones separates.
    found = optimize.linprog(
        -signed.sum(axis=0),
        A_ub=-signed if len(signed) else None,
        b_ub=np.zeros(len(signed)) if len(signed) else None,
        A_eq=design[mixed] if mixed.any() else None,
        b_eq=np.zeros(int(mixed.sum())) if mixed.any() else None,
        bounds=(-1, 1),
    )
    if found.status != 0 or found.x is None:
        return
    solution = np.asarray(found.x, dtype=np.float64)
    margins = signed @ solution
    if margins.sum() <= 1e-7 * max(1, len(signed)):
        return
    direction = np.abs(solution)
    direction[0] = 0.0
    culprit = int(np.argmax(direction))
    name = names[culprit] if len(names) == design.shape[1] else f"column {culprit}"
    n_decided = int(np.count_nonzero(margins > 1e-9))
    raise DataError(
        f"the covariates separate treated from untreated rows: {n_decided} of "
        f"{int(seen.sum())} distinct covariate rows are decided with certainty, mostly "
        f"by {name!r}; such rows have nothing to be compared with, so drop them or the "
        "covariate, or set a penalty and read the overlap"
    )


def _standardisation(design: Floats, n_trials: Floats) -> tuple[Floats, Floats]:
    centre = n_trials @ design / n_trials.sum()
    spread = np.sqrt(n_trials @ (design - centre) ** 2 / n_trials.sum())
    centre[0], spread[0] = 0.0, 1.0
    return centre, np.where(spread > 0, spread, 1.0)


def _expit(eta: Floats) -> Floats:
    # Clipped where float64 can no longer tell the probability from 0 or 1.
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(eta, -36.0, 36.0))))


def _objective(
    design: Floats, trials: Floats, successes: Floats, ridge: Floats, beta: Floats
) -> float:
    eta = design @ beta
    fit = successes @ eta - trials @ np.logaddexp(0, eta)
    return float(fit - 0.5 * (ridge * beta) @ beta)


def _climbed(
    design: Floats, trials: Floats, successes: Floats, ridge: Floats, beta: Floats
) -> tuple[Floats, int, float]:
    """Return where Newton's steps end, how many there were, and how long the last was."""
    objective = _objective(design, trials, successes, ridge, beta)
    for n_steps in range(1, _MAX_STEPS + 1):  # noqa: B007 # reported after the loop
        p = _expit(design @ beta)
        gradient = design.T @ (successes - trials * p) - ridge * beta
        curvature = trials * p * (1 - p)
        information = (design * curvature[:, None]).T @ design + np.diag(ridge)
        step = _newton_step(information, gradient)
        beta, objective, moved = _line_search(
            design, trials, successes, ridge, beta, step, objective
        )
        eta = design @ beta
        if moved < 1e-10 or np.abs(eta).max() > _DIVERGED_LOG_ODDS:
            break
    return beta, n_steps, moved


def _newton_step(information: Floats, gradient: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(information, gradient))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(information, gradient, rcond=None)[0])


def _line_search(
    design: Floats,
    trials: Floats,
    successes: Floats,
    ridge: Floats,
    beta: Floats,
    step: Floats,
    objective: float,
) -> tuple[Floats, float, float]:
    size = 1.0
    for _ in range(40):
        candidate = beta + size * step
        found = _objective(design, trials, successes, ridge, candidate)
        # Equal up to rounding counts as no loss, or the last steps would be refused.
        if found >= objective - 1e-12 * (1 + abs(objective)):
            return candidate, found, float(np.abs(size * step).max())
        size /= 2
    return beta, objective, 0.0
