"""Which training rows decide when a network stops."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


def validation_deal(
    labels: Floats, share: float, seed: int, *, in_time: bool
) -> tuple[Ints, Ints]:
    """Return positions to train on and positions that decide when to stop.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,)
        0 or 1.
    share : float in (0, 1)
        Of the rows that decide.
    seed : int
        Of the deal without a time.
    in_time : bool
        Whether the last rows are the newest; then they decide.

    Raises
    ------
    DataError
        If a part would hold one outcome only.
    """
    if in_time:
        cut = round(len(labels) * (1 - share))
        train, held = np.arange(cut), np.arange(cut, len(labels))
    else:
        rng = np.random.default_rng([seed, 7])
        held = np.sort(
            np.concatenate(
                [
                    dealt[: max(1, round(share * len(dealt)))]
                    for value in (0.0, 1.0)
                    if len(dealt := rng.permutation(np.flatnonzero(labels == value)))
                ]
            )
        )
        train = np.setdiff1d(np.arange(len(labels)), held)
    for part, use in ((train, "training"), (held, "validation")):
        n_bad = int(labels[part].sum())
        if not 0 < n_bad < len(part):
            raise DataError(
                f"the {use} rows of the network are {len(part)}, {n_bad} of them bad; "
                "both outcomes are needed: give more rows"
            )
    return train, held
