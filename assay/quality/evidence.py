"""Refused rows as they came, in a form that any file can hold."""

from __future__ import annotations

import numpy as np
import pandas as pd

OURS = ("row", "reasons")
"""The columns of a quarantined frame that the check added."""


def received_text(quarantined: pd.DataFrame) -> pd.DataFrame:
    """Return quarantined rows with every received cell as text, None where it was empty.

    A refused value fits no type, so that only text loses nothing: ``"about 5"``,
    ``inf`` and 2**63 stand side by side in one column. The columns `row` and `reasons`
    keep their types.

    Examples
    --------
    >>> rows = pd.DataFrame({"income": ["about 5"], "row": [7], "reasons": ["a:b"]})
    >>> received_text(rows.assign(income=[2**63])).income.tolist()
    ['9223372036854775808']
    """
    return pd.DataFrame(
        {
            name: column if name in OURS else pd.Series(_texts(column), dtype=object)
            for name, column in quarantined.reset_index(drop=True).items()
        }
    )


def _texts(column: pd.Series) -> list[str | None]:
    gaps = np.asarray(pd.isna(column), dtype=bool)
    cells = column.astype(object)
    return [None if gap else _text(cell) for cell, gap in zip(cells, gaps, strict=True)]


def _text(cell: object) -> str:
    text = cell.isoformat() if isinstance(cell, pd.Timestamp) else str(cell)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
