"""What scoring with a version takes, and whether a second fit is the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from scipy.stats import norm

from assay.errors import AssayError, ParityError
from assay.evaluation import Interval
from assay.evaluation.interval import LEVEL
from assay.examination.refit import Refit
from assay.examination.subject import Subject
from assay.models import check_parity
from assay.promotion.evidence import ParityFound, Reproduction, Service

N_CALLS = 1_500
QUANTILE = 0.99


def service_cost(
    subject: Subject, clock: Callable[[], int], n_calls: int = N_CALLS
) -> Service:
    """Return the 99th percentile of the time of one row, and the size of the graph.

    Parameters
    ----------
    subject : Subject
        The version.
    clock : callable
        Returns nanoseconds of processor time of this thread; waiting for a busy machine
        would say nothing about the version.
    n_calls : int
        Rows scored one by one, the golden ones in turn.
    """
    names = [field.name for field in subject.contract.features]
    rows = [
        {name: [row.get(name)] for name in names} for row in subject.bundle.golden.rows
    ]
    subject.scorer.probabilities(rows[0])
    taken = []
    for call in range(n_calls):
        start = clock()
        subject.scorer.probabilities(rows[call % len(rows)])
        taken.append((clock() - start) / 1e6)
    latency = quantile_interval(np.array(taken), QUANTILE)
    return Service(latency, len(subject.bundle.graph))


def quantile_interval(
    values: np.ndarray, quantile: float, level: float = LEVEL
) -> Interval:
    """Return a quantile with the interval that the order of the values gives.

    References
    ----------
    W. J. Conover, *Practical Nonparametric Statistics*, 1999, section 3.2.

    Examples
    --------
    >>> print(quantile_interval(np.arange(1001.0), 0.5))
    500.0000 [469.0000, 531.0000]
    """
    ordered, n = np.sort(values), len(values)
    reach = float(norm.ppf(0.5 + level / 2)) * np.sqrt(n * quantile * (1 - quantile))
    first = max(0, int(np.floor(n * quantile - reach)))
    last = min(n - 1, int(np.floor(n * quantile + reach)))
    middle = min(n - 1, int(np.floor(n * quantile)))
    return Interval(
        float(ordered[middle]), float(ordered[first]), float(ordered[last]), level
    )


def second_fit(subject: Subject) -> tuple[Reproduction, ParityFound | None]:
    """Return the digests of the version's graph and of a second fit's, and their parity.

    A graph that answers otherwise than the second fit has no parity.
    """
    registered = hashlib.sha256(subject.bundle.graph).hexdigest()
    try:
        refit = Refit.on(subject.frame, subject.contract, subject.recipe, subject.split)
    except AssayError:
        return Reproduction(registered, ""), None
    again = Reproduction(registered, refit.graph_digest())
    try:
        parity = check_parity(
            subject.bundle.graph,
            refit,
            subject.frame,
            limit=subject.gates.gates.service.parity,
        )
    except ParityError:
        return again, None
    return again, ParityFound(parity.n_rows, parity.largest_difference)
