"""The shortest interval of fixed length when slopes change by a bounded amount."""

from __future__ import annotations

import numpy as np
from scipy import linalg, optimize, special

from assay.causal.panel import Floats
from assay.errors import DataError

TOLERANCE = 1e-13


def smoothness_interval(
    beta: Floats, sigma: Floats, n_pre: int, target: Floats, alpha: float, bound: float
) -> tuple[float, float]:
    r"""Return the FLCI for the target under second differences of at most `bound`.

    Arguments as in :func:`~assay.causal.differences.honest.honest_intervals`.

    Notes
    -----
    The interval is :math:`l'\beta_{post} + w'\beta_{pre} \pm \sigma c_\alpha(b /
    \sigma)`, where b is the worst bias of the affine estimator. A linear trend must
    cancel; the rest of b is `bound` times an L1 norm once w is expressed by the
    second differences that it loads on. So the shortest interval [1]_ is a lasso whose
    penalty solves one monotone equation: no general optimiser, no tolerance to tune.

    References
    ----------
    .. [1] T. B. Armstrong and M. Kolesár, "Optimal inference in a class of
       regression models", Econometrica 86 (2018).
    """
    n_post = target.size
    ahead = np.arange(1.0, n_post + 1)
    behind = np.arange(float(n_pre), 0, -1)
    loads_post = np.maximum(ahead[None, :] - ahead[:-1, None], 0.0) @ target
    loads = np.maximum(behind[None, :] - np.arange(n_pre)[:, None], 0.0)
    # w = inverse @ z, where z are the loads on the second differences before. That a
    # linear trend cancels fixes the first of them, the kink at the reference.
    inverse = np.linalg.inv(loads)
    lift = np.vstack([inverse[:, 1:], np.zeros((n_post, n_pre - 1))])
    kink = float(ahead @ target)
    fixed = np.concatenate([inverse[:, 0] * kink, target])
    fixed_bias = bound * float(np.abs(loads_post).sum() + abs(kink))
    gram = lift.T @ sigma @ lift
    pull = lift.T @ sigma @ fixed

    def spread(z: Floats) -> tuple[float, float]:
        """Return bias and standard deviation of the estimator with loads `z`."""
        weights = lift @ z + fixed
        bias = fixed_bias + bound * float(np.abs(z).sum())
        return bias, float(np.sqrt(weights @ sigma @ weights))

    def excess(penalty: float) -> float:
        """Return the penalty minus the one that its own solution calls for."""
        bias, deviation = spread(_penalised(gram, pull, penalty))
        return penalty - bound * deviation * _exchange(bias / deviation, alpha)

    penalty = 0.0
    if bound > 0 and n_pre > 1:
        most = float(np.abs(pull).max())
        penalty = most if excess(most) <= 0 else optimize.brentq(excess, 0.0, most)
    z = _penalised(gram, pull, penalty)
    bias, deviation = spread(z)
    half = deviation * folded_critical_value(bias / deviation, alpha)
    centre = float((lift @ z + fixed) @ beta)
    return centre - half, centre + half


def folded_critical_value(bias: float, alpha: float) -> float:
    """Return the 1 - alpha quantile of the absolute value of N(bias, 1).

    Examples
    --------
    >>> round(folded_critical_value(0.0, 0.05), 6)
    1.959964
    """
    critical = bias + float(special.ndtri(1 - alpha / (2 if bias == 0 else 1)))
    for _ in range(100):
        gap = special.ndtr(critical - bias) - special.ndtr(-critical - bias) - 1 + alpha
        step = gap / (_density(critical - bias) + _density(critical + bias))
        critical -= float(step)
        if abs(step) < TOLERANCE * critical:
            break
    return critical


def _density(x: float) -> float:
    return float(np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi))


def _exchange(ratio: float, alpha: float) -> float:
    """Return how much deviation buys one unit of bias at equal interval length."""
    critical = folded_critical_value(ratio, alpha)
    near, far = _density(critical - ratio), _density(critical + ratio)
    growth = (near - far) / (near + far)
    return growth / (critical - growth * ratio)


def _penalised(gram: Floats, pull: Floats, penalty: float) -> Floats:
    """Return the minimiser of z'gram z / 2 + pull'z + penalty |z|, exactly.

    Its dual is least squares within a box, which an active set solves in finitely
    many steps.
    """
    if penalty == 0 or pull.size == 0:
        return np.asarray(-np.linalg.solve(gram, pull), dtype=np.float64)
    root = np.linalg.cholesky(gram)
    square = linalg.solve_triangular(root, np.eye(pull.size), lower=True)
    scale = float(np.abs(square).max())
    found = optimize.lsq_linear(
        square / scale,
        -(square @ pull) / scale,
        bounds=(-penalty, penalty),
        method="bvls",
        tol=TOLERANCE,
        max_iter=1_000,
    )
    if not found.success:
        raise DataError(
            f"the shortest interval for {pull.size + 1} periods before was not found; "
            "use fewer periods before the start"
        )
    return np.asarray(-np.linalg.solve(gram, found.x + pull), dtype=np.float64)
