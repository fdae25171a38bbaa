"""Confidence sets that stay right however weak the instruments are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from scipy import optimize, stats

from assay.causal.instruments.moments import Partialled, score_covariance
from assay.causal.rows import Floats

Shape: TypeAlias = Literal["bounded", "disjoint", "unbounded", "empty"]


@dataclass(frozen=True, slots=True)
class _Forms:
    """The test at any effect: a pull linear in it and a variance quadratic in it."""

    pull: tuple[Floats, Floats]
    variance: tuple[Floats, Floats, Floats]
    degrees: int

    def statistics(self, effects: Floats) -> Floats:
        """Return the F statistic at each effect, shape (n_effects,)."""
        effect = effects[:, None]
        pull = self.pull[0] - effect * self.pull[1]
        cube = effect[:, :, None]
        variance = (
            self.variance[0] - 2 * cube * self.variance[1] + cube**2 * self.variance[2]
        )
        solved = np.linalg.solve(variance, pull[:, :, None])[:, :, 0]
        return np.asarray(np.einsum("ij,ij->i", pull, solved) / pull.shape[1])

    def statistic(self, effect: float) -> float:
        """Return the F statistic at one effect."""
        return float(self.statistics(np.array([effect]))[0])

    def p_values(self, statistics: Floats) -> Floats:
        """Return the p values of statistics."""
        return np.asarray(stats.f.sf(statistics, self.pull[0].size, self.degrees))


@dataclass(frozen=True, slots=True)
class AndersonRubin:
    """Effects that the Anderson-Rubin test does not reject.

    Attributes
    ----------
    pieces : tuple of tuple of two float
        Intervals in rising order; ends may be infinite, and there may be none.
    shape : {"bounded", "disjoint", "unbounded", "empty"}
        One interval, several pieces, the whole line, or nothing: the instruments
        contradict each other at every effect.
    statistic, p_value : float
        F statistic and p value of no effect.
    effects, p_values : ndarray of shape (n,)
        The test along a grid of effects, for drawing.
    """

    pieces: tuple[tuple[float, float], ...]
    shape: Shape
    statistic: float
    p_value: float
    effects: Floats
    p_values: Floats

    @property
    def interval(self) -> tuple[float, float]:
        """Return the smallest interval that holds every piece; NaN for the empty set."""
        if not self.pieces:
            return float("nan"), float("nan")
        return self.pieces[0][0], self.pieces[-1][1]


def anderson_rubin(
    data: Partialled, *, level: float = 0.95, n_grid: int = 2001
) -> AndersonRubin:
    """Return the Anderson-Rubin confidence set.

    Parameters
    ----------
    data : Partialled
    level : float, default=0.95
    n_grid : int, default=2001
        Effects at which the test is tried before its crossings are refined; only for
        several instruments with robust errors. Otherwise the set is in closed form.

    Notes
    -----
    The statistic at an effect is the F of the instruments in a regression of the outcome
    less the effect's share of the treatment. With equal variances, or one instrument, it
    compares two quadratics of the effect.

    References
    ----------
    .. [1] T. W. Anderson and H. Rubin, "Estimation of the parameters of a single
       equation in a complete system of stochastic equations", Annals of Mathematical
       Statistics 20, 1949.
    """
    forms = _forms(data)
    limit = float(stats.f.ppf(level, data.n_instruments, data.test_degrees))
    centre, spread = _two_stage(data)
    if data.n_instruments == 1 or not data.robust:
        ends = _quadratic_ends(forms, limit)
    else:
        angles = np.linspace(-np.pi / 2, np.pi / 2, n_grid + 2)[1:-1]
        ends = _searched_ends(forms, limit, centre + spread * np.tan(angles))
    pieces = _pieces(forms, limit, ends, centre, spread)
    at_zero = forms.statistic(0.0)
    shown = np.linspace(centre - 6 * spread, centre + 6 * spread, 201)
    return AndersonRubin(
        pieces,
        _shape(pieces),
        at_zero,
        float(forms.p_values(np.array([at_zero]))[0]),
        shown,
        forms.p_values(forms.statistics(shown)),
    )


def _forms(data: Partialled) -> _Forms:
    z, y, x = data.instruments, data.outcome, data.treatment
    pull_y, pull_x = z.T @ y, z.T @ x
    rest_y, rest_x = y - z @ pull_y, x - z @ pull_x
    return _Forms(
        (pull_y, pull_x),
        (
            score_covariance(data, rest_y),
            score_covariance(data, rest_y, rest_x),
            score_covariance(data, rest_x),
        ),
        data.test_degrees,
    )


def _two_stage(data: Partialled) -> tuple[float, float]:
    z, x, y = data.instruments, data.treatment, data.outcome
    pull = z.T @ x
    strength = float(pull @ pull)
    effect = float(pull @ (z.T @ y)) / strength
    residual = y - effect * x
    return effect, float(np.sqrt(residual @ residual / data.degrees / strength))


def _quadratic_ends(forms: _Forms, limit: float) -> list[float]:
    # Accepted effects satisfy square e^2 + slope e + level <= 0: the squared pull
    # against the limit times a variance that all instruments share.
    (pull_y, pull_x), variance = forms.pull, forms.variance
    scale = limit * pull_y.size
    square = float(pull_x @ pull_x) - scale * float(variance[2][0, 0])
    slope = -2 * (float(pull_y @ pull_x) - scale * float(variance[1][0, 0]))
    level = float(pull_y @ pull_y) - scale * float(variance[0][0, 0])
    inside = slope * slope - 4 * square * level
    if inside <= 0:
        return []
    # The form without cancellation: one root by sum, the other by product.
    far = -(slope + np.copysign(np.sqrt(inside), slope)) / 2
    roots = [level / far] if far else [0.0]
    if square:
        roots.append(far / square)
    return sorted(float(root) for root in roots)


def _searched_ends(forms: _Forms, limit: float, grid: Floats) -> list[float]:
    is_out = forms.statistics(grid) > limit
    crossings = np.flatnonzero(is_out[1:] != is_out[:-1])
    return [
        float(
            optimize.brentq(
                lambda effect: forms.statistic(effect) - limit, grid[i], grid[i + 1],
                xtol=1e-12,
            )
        )
        for i in crossings
    ]  # fmt: skip


def _pieces(
    forms: _Forms, limit: float, ends: list[float], centre: float, spread: float
) -> tuple[tuple[float, float], ...]:
    edges = [-np.inf, *ends, np.inf]
    found: list[tuple[float, float]] = []
    for low, high in pairwise(edges):
        if low == -np.inf and high == np.inf:
            inside = centre
        elif low == -np.inf:
            inside = high - spread
        else:
            inside = low + spread if high == np.inf else (low + high) / 2
        if forms.statistic(inside) <= limit:
            found.append((low, high))
    return tuple(found)


def _shape(pieces: tuple[tuple[float, float], ...]) -> Shape:
    if not pieces:
        return "empty"
    if len(pieces) > 1:
        return "disjoint"
    low, high = pieces[0]
    return "bounded" if np.isfinite(low) and np.isfinite(high) else "unbounded"
