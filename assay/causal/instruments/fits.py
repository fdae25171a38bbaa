"""The table of an instrumental design, and linearmodels' regressions on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from assay.causal.estimate import Estimate, student_estimate
from assay.causal.panel import present
from assay.causal.rows import (
    Floats,
    Positions,
    covariate_matrix,
    numeric_column,
    refuse_collinear,
)
from assay.errors import DataError

Method: TypeAlias = Literal["2sls", "liml", "gmm"]
Errors: TypeAlias = Literal["unadjusted", "robust", "clustered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns of an instrumental design, rows sorted by their content.

    Attributes
    ----------
    outcome, treatment : ndarray of shape (n_rows,)
    instruments : ndarray of shape (n_rows, n_instruments)
    exogenous : ndarray of shape (n_rows, 1 + n_covariates)
        First column ones.
    names : tuple of str
        Names of the instruments.
    clusters : ndarray of shape (n_rows,), int, or None
    errors : {"unadjusted", "robust", "clustered"}
    small_sample : bool
        Whether errors carry the factor n / (n - k).
    """

    outcome: Floats
    treatment: Floats
    instruments: Floats
    exogenous: Floats
    names: tuple[str, ...]
    clusters: Positions | None
    errors: Errors
    small_sample: bool

    @property
    def n_clusters(self) -> int | None:
        """Number of clusters, or None."""
        return None if self.clusters is None else int(self.clusters.max()) + 1

    @property
    def degrees(self) -> int:
        """Degrees of freedom of a coefficient: of rows, or of clusters."""
        if self.n_clusters is not None:
            return int(self.n_clusters) - 1
        return int(self.outcome.size - self.exogenous.shape[1] - 1)


def read_table(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    instruments: Sequence[str],
    covariates: Sequence[str],
    cluster: str | None,
    errors: Errors,
    small_sample: bool,
) -> Table:
    """Check the columns of an instrumental design.

    Raises
    ------
    DataError
        If a column is unusable, the treatment does not vary, or instruments repeat the
        covariates or each other.
    """
    if not instruments:
        raise DataError("no instrument is listed; name at least one column")
    present(frame, [outcome, treatment])
    y, x = numeric_column(frame, outcome), numeric_column(frame, treatment)
    if np.ptp(x) == 0:
        raise DataError(
            f"treatment {treatment!r} is {x[0]:g} on all {x.size} rows; without "
            "variation there is nothing to compare"
        )
    exogenous, names = covariate_matrix(frame, covariates)
    with_ones, moved = covariate_matrix(frame, instruments)
    z = with_ones[:, 1:]
    refuse_collinear(np.column_stack([exogenous, z]), (*names, *moved[1:]))
    _refuse_few(len(frame), exogenous.shape[1] + z.shape[1])
    codes = None if cluster is None else _codes(frame, cluster)
    keys = [*np.column_stack([exogenous, z]).T[::-1], x, y]
    order = np.lexsort(keys if codes is None else [codes, *keys])
    return Table(
        outcome=y[order],
        treatment=x[order],
        instruments=z[order],
        exogenous=exogenous[order],
        names=moved[1:],
        clusters=None if codes is None else codes[order],
        errors=errors,
        small_sample=small_sample,
    )


def _refuse_few(n_rows: int, n_columns: int) -> None:
    if n_rows < n_columns + 2:
        raise DataError(
            f"{n_rows} rows cannot carry {n_columns} instruments and covariates with "
            f"their errors; it takes at least {n_columns + 2}"
        )


def fitted(table: Table, method: Method) -> Any:  # noqa: ANN401 # untyped library
    """Return linearmodels' fit; the coefficient of interest is called ``treatment``."""
    from linearmodels.iv import IV2SLS, IVGMM, IVLIML

    weights: dict[str, Any] = {}
    if method == "gmm":
        weights["weight_type"] = table.errors
        if table.clusters is not None:
            weights["clusters"] = table.clusters
    model = {"2sls": IV2SLS, "liml": IVLIML, "gmm": IVGMM}[method](
        table.outcome,
        pd.DataFrame(table.exogenous).add_prefix("x"),
        pd.Series(table.treatment, name="treatment"),
        pd.DataFrame(table.instruments).add_prefix("z"),
        **weights,
    )
    return model.fit(**_errors(table))


def least_squares(table: Table, *, level: float, unit: str) -> Estimate:
    """Return what least squares on the same covariates says."""
    from linearmodels.iv import IV2SLS

    design = pd.DataFrame(table.exogenous).add_prefix("x")
    design["treatment"] = table.treatment
    fit = IV2SLS(table.outcome, design, None, None).fit(**_errors(table))
    return student_estimate(
        "association",
        float(fit.params["treatment"]),
        float(fit.std_errors["treatment"]),
        table.degrees,
        n=table.outcome.size,
        level=level,
        unit=unit,
        method="least squares",
    )


def first_stage(table: Table) -> pd.DataFrame:
    """Return coefficient and standard error of every instrument on the treatment."""
    from linearmodels.iv import IV2SLS

    design = pd.DataFrame(table.exogenous).add_prefix("x")
    instruments = pd.DataFrame(table.instruments).add_prefix("z")
    fit = IV2SLS(
        table.treatment, pd.concat([design, instruments], axis=1), None, None
    ).fit(**_errors(table))
    columns = list(instruments.columns)
    return pd.DataFrame(
        {
            "instrument": list(table.names),
            "coefficient": fit.params[columns].to_numpy(),
            "standard_error": fit.std_errors[columns].to_numpy(),
        }
    )


def _errors(table: Table) -> dict[str, Any]:
    options: dict[str, Any] = {"cov_type": table.errors, "debiased": table.small_sample}
    if table.clusters is not None:
        options["clusters"] = table.clusters
    return options


def _codes(frame: pd.DataFrame, cluster: str) -> Positions:
    if cluster not in frame.columns:
        raise DataError(f"column {cluster!r} is not in the frame; name a cluster column")
    n_missing = int(frame[cluster].isna().sum())
    if n_missing:
        raise DataError(
            f"cluster {cluster!r} is missing on {n_missing} of {len(frame)} rows; give "
            "each row a cluster, its own if it belongs to none"
        )
    codes = pd.factorize(frame[cluster], sort=True)[0].astype(np.intp)
    if codes.max() == 0:
        raise DataError(
            f"all {codes.size} rows are in one cluster of {cluster!r}; errors by cluster "
            "need at least two, better thirty"
        )
    return np.asarray(codes)
