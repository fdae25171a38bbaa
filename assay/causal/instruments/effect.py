"""The effect of a treatment that only an instrument moved at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from assay.causal.assumptions import Assumption
from assay.causal.estimate import Estimate, student_estimate
from assay.causal.instruments.anderson_rubin import AndersonRubin, anderson_rubin
from assay.causal.instruments.assess import assess_instruments
from assay.causal.instruments.fits import (
    Errors,
    Method,
    Table,
    first_stage,
    fitted,
    least_squares,
    read_table,
)
from assay.causal.instruments.moments import Partialled, partialled_out
from assay.causal.instruments.strength import Strength, first_stage_strength
from assay.causal.panel import refuse_constant
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class TestValue:
    """A statistic and its p value."""

    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentResult:
    """An effect through instruments, with what it rests on.

    Attributes
    ----------
    estimate : Estimate
        Of the effect on those whom the instruments moved.
    naive : Estimate
        Least squares on the same covariates.
    strength : Strength
        Of the first stage.
    first_stage : DataFrame
        Coefficient and standard error of every instrument.
    anderson_rubin : AndersonRubin
        The confidence set to read where instruments are weak.
    endogeneity : TestValue
        Wu and Hausman's test of whether least squares would have done.
    overidentification : TestValue or None
        Sargan's test with equal variances, Hansen's J otherwise; None with one
        instrument.
    diagnostics : mapping of str to float
    assumptions : tuple of Assumption
    """

    estimate: Estimate
    naive: Estimate
    strength: Strength
    first_stage: pd.DataFrame
    anderson_rubin: AndersonRubin
    endogeneity: TestValue
    overidentification: TestValue | None
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]

    def plots(self) -> dict[str, Figure]:
        """Draw the Anderson-Rubin test along the effects, and the first stage."""
        from assay.causal.instruments.plots import confidence_plot, first_stage_plot

        return {
            "anderson_rubin": confidence_plot(self.anderson_rubin, self.estimate),
            "first_stage": first_stage_plot(self.first_stage),
        }


def instrumented_effect(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    instruments: Sequence[str],
    covariates: Sequence[str] = (),
    method: Method = "2sls",
    errors: Errors = "robust",
    cluster: str | None = None,
    small_sample: bool = True,
    level: float = 0.95,
    unit: str = "",
) -> InstrumentResult:
    """Return the effect of a treatment on those whom the instruments moved.

    Parameters
    ----------
    frame : DataFrame
        One row an observation. Not changed.
    outcome, treatment : str
        Numeric columns; the treatment may be a dose.
    instruments : sequence of str
        Columns or terms that move the treatment and nothing else.
    covariates : sequence of str
        As in :func:`assay.causal.rows.observe`.
    method : {"2sls", "liml", "gmm"}, default="2sls"
        Limited-information maximum likelihood leans less with many instruments; GMM
        weighs several instruments by their precision.
    errors : {"unadjusted", "robust", "clustered"}, default="robust"
    cluster : str, optional
        Column of groups, for ``errors="clustered"``.
    small_sample : bool, default=True
        Whether the errors of coefficients carry the factor n / (n - k). Tests and the
        effective F always do.
    level : float, default=0.95
    unit : str
        Of the outcome, per unit of treatment.

    Raises
    ------
    DataError
        If a column is unusable, instruments repeat the covariates or each other or
        explain the treatment completely, or all rows are in one cluster.
    """
    refuse_constant(frame, outcome)
    if method not in ("2sls", "liml", "gmm"):
        raise ValueError(f"method must be '2sls', 'liml' or 'gmm', got {method!r}")
    if (errors == "clustered") != (cluster is not None):
        raise ValueError("errors='clustered' and a cluster column go together")
    table = read_table(
        frame, outcome=outcome, treatment=treatment, instruments=instruments,
        covariates=covariates, cluster=cluster, errors=errors, small_sample=small_sample,
    )  # fmt: skip
    data = _partialled(table)
    strength = _partial_strength(data, treatment)
    estimate = _estimate(table, method, level=level, unit=unit)
    set_ = anderson_rubin(data, level=level)
    endogeneity, over = _specification_tests(table)
    return InstrumentResult(
        estimate=estimate,
        naive=least_squares(table, level=level, unit=unit),
        strength=strength,
        first_stage=first_stage(table),
        anderson_rubin=set_,
        endogeneity=endogeneity,
        overidentification=over,
        diagnostics=_diagnostics(strength, set_, endogeneity, over),
        assumptions=_assumptions(table, strength, set_, over),
    )


def _partialled(table: Table) -> Partialled:
    return partialled_out(
        table.outcome,
        table.treatment,
        table.instruments,
        table.exogenous,
        clusters=table.clusters,
        robust=table.errors != "unadjusted",
    )


def _partial_strength(data: Partialled, treatment: str) -> Strength:
    """Return the strength of instruments that leave part of the treatment unexplained."""
    strength = first_stage_strength(data)
    if strength.partial_r_squared > 1 - 1e-10:
        raise DataError(
            f"the instruments explain {treatment!r} completely; an instrument that is "
            "the treatment frees it of nothing"
        )
    return strength


def _estimate(table: Table, method: Method, *, level: float, unit: str) -> Estimate:
    fit = fitted(table, method)
    return student_estimate(
        "late",
        float(fit.params["treatment"]),
        float(fit.std_errors["treatment"]),
        table.degrees,
        n=table.outcome.size,
        level=level,
        unit=unit,
        method=f"{method}, {table.errors} errors",
    )


def _assumptions(
    table: Table, strength: Strength, set_: AndersonRubin, over: TestValue | None
) -> tuple[Assumption, ...]:
    return assess_instruments(
        strength,
        set_,
        None if over is None else (over.statistic, over.p_value),
        n_rows=table.outcome.size,
        n_clusters=table.n_clusters,
    )


def _specification_tests(table: Table) -> tuple[TestValue, TestValue | None]:
    plain = fitted(table, "2sls")
    endogeneity = _value(plain.wu_hausman())
    if len(table.names) == 1:
        return endogeneity, None
    if table.errors == "unadjusted":
        return endogeneity, _value(plain.sargan)
    return endogeneity, _value(fitted(table, "gmm").j_stat)


def _value(found: Any) -> TestValue:  # noqa: ANN401 # linearmodels is untyped
    return TestValue(float(found.stat), float(found.pval))


def _diagnostics(
    strength: Strength,
    set_: AndersonRubin,
    endogeneity: TestValue,
    over: TestValue | None,
) -> Mapping[str, float]:
    low, high = set_.interval
    found = {
        "effective_f": strength.effective_f,
        "critical_f": strength.critical_f,
        "classical_f": strength.classical_f,
        "partial_r_squared": strength.partial_r_squared,
        "n_instruments": float(strength.n_instruments),
        "anderson_rubin_statistic": set_.statistic,
        "anderson_rubin_p_value": set_.p_value,
        "anderson_rubin_lower": low,
        "anderson_rubin_upper": high,
        "wu_hausman_statistic": endogeneity.statistic,
        "wu_hausman_p_value": endogeneity.p_value,
    }
    if over is not None:
        found["overidentification_statistic"] = over.statistic
        found["overidentification_p_value"] = over.p_value
    return MappingProxyType(found)
