"""Page and Hinkley's test, as other tools have it, for any stream of numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import ConfigError, DataError


@dataclass(frozen=True, slots=True)
class PageHinkley:
    """Parameters of the test for a rise of the mean.

    Attributes
    ----------
    fewest : int, default=30
        Values before which no alarm is raised.
    tolerance : float, default=0.005
        Rise that is not worth an alarm, in the values' own unit.
    limit : float, default=50
        Sum of exceedances at which the alarm is raised.
    """

    fewest: int = 30
    tolerance: float = 0.005
    limit: float = 50.0

    def __post_init__(self) -> None:
        if self.fewest < 1 or not self.limit > 0:
            raise ConfigError(
                f"fewest {self.fewest} and limit {self.limit:g} must be positive"
            )

    def first_alarm(self, values: ArrayLike) -> int | None:
        """Return the first position, from 0, at which the mean has risen, or None.

        Parameters
        ----------
        values : array-like of shape (n_values,)
            Losses, errors or absolute residuals, in their order.

        Raises
        ------
        DataError
            If a value is not finite.

        Notes
        -----
        Unlike `ResidualDetector` it promises no false alarm rate: the limit has to be
        tried out on streams without drift. Here to compare with.

        References
        ----------
        E. Page, "Continuous inspection schemes", Biometrika, 1954.

        Examples
        --------
        >>> PageHinkley(limit=5).first_alarm([0.0] * 100 + [1.0] * 20)
        105
        """
        stream = np.asarray(values, dtype=np.float64)
        if not np.isfinite(stream).all():
            raise DataError(
                f"{int((~np.isfinite(stream)).sum())} of {len(stream)} values are not "
                "finite"
            )
        counts = np.arange(1, len(stream) + 1)
        means = np.cumsum(stream) / counts
        sums = np.cumsum(stream - means - self.tolerance)
        lowest = np.minimum.accumulate(np.minimum(sums, 0.0))
        is_up = (sums - lowest > self.limit) & (counts >= self.fewest)
        return int(np.argmax(is_up)) if is_up.any() else None
