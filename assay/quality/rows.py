"""Every received row against a contract: accepted, or quarantined with its reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from assay.contract.model import Contract
from assay.contract.received import Mask
from assay.errors import DataError
from assay.quality.rules import TypedColumn, typed_column


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the check saw and that refuses no row."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """What became of every received row; accepted and quarantined make up received.

    Attributes
    ----------
    accepted : DataFrame
        Rows that keep the contract, typed, in the contract's columns and the received
        order: float64 for numbers, truth values and code numbers (NaN is missing),
        objects for texts (None is missing), ``datetime64[ns, UTC]`` for times.
    quarantined : DataFrame
        The other rows as received, with `row` (position in the received frame, from 0)
        and `reasons` (codes ``field:kind`` joined by ``;``).
    n_received : int
        Rows received.
    reason_counts : dict of str to int
        Rows per reason, most frequent first. A row with two reasons counts in both.
    findings : tuple of Finding
        What was seen besides, such as columns that the contract does not know.
    """

    accepted: pd.DataFrame
    quarantined: pd.DataFrame
    n_received: int
    reason_counts: dict[str, int]
    findings: tuple[Finding, ...] = ()

    @property
    def quarantined_share(self) -> float:
        """Quarantined rows over received ones, in [0, 1]; 0 where none was received."""
        return len(self.quarantined) / self.n_received if self.n_received else 0.0


@dataclass(frozen=True, slots=True)
class QualityDecision:
    """Whether data may go on, with every reason why they may not."""

    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """True where nothing speaks against the data."""
        return not self.failures


def assess_rows(
    received: pd.DataFrame,
    contract: Contract,
    *,
    as_of: datetime,
    labelled: bool = True,
) -> Quality:
    """Return which rows of `received` keep `contract`, and why the others do not.

    Parameters
    ----------
    received : DataFrame
        Rows from any source: all text (CSV), typed (Parquet) or objects (SQL).
    contract : Contract
        The rules.
    as_of : datetime
        Moment of the check; UTC where it has no offset. An event after it is
        impossible, and a label whose maturity it has passed must be there.
    labelled : bool, default=True
        False for rows to be scored: only the features are asked for, judged and kept,
        and a row may come again, so that a verdict depends on its row alone.

    Raises
    ------
    DataError
        If a column of the contract is missing, or a column comes twice.

    Notes
    -----
    Of several rows with one identifier the first is judged on its own and every later
    one is a duplicate, whether or not the first was accepted.
    """
    fields = contract.fields if labelled else contract.features
    names = [field.name for field in fields]
    _refuse_columns(received, names)
    columns = {f.name: typed_column(received[f.name], f) for f in fields}
    reasons, counts = _reasons(contract, columns, _utc(as_of), len(received))
    broken = reasons != ""
    typed = pd.DataFrame({name: columns[name].typed for name in names})
    return Quality(
        accepted=typed[~broken].reset_index(drop=True),
        quarantined=_quarantine(received, broken, reasons),
        n_received=len(received),
        reason_counts=dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))),
        findings=_findings(received, names),
    )


def decide_quality(quality: Quality, contract: Contract) -> QualityDecision:
    """Return whether data may go on: no rows, or too many bad ones, and they may not."""
    allowed = contract.gates.max_quarantined_share
    n_accepted, n_bad = len(quality.accepted), len(quality.quarantined)
    failures = []
    if quality.n_received == 0:
        failures.append("no row was received; check the source and its dates")
    elif n_accepted == 0:
        failures.append(f"none of {quality.n_received} received rows keeps the contract")
    if n_accepted + n_bad != quality.n_received:
        failures.append(
            f"{n_accepted} accepted and {n_bad} quarantined rows are not the "
            f"{quality.n_received} received"
        )
    if not quality.quarantined_share <= allowed:
        worst = ", ".join(f"{k} {n}" for k, n in list(quality.reason_counts.items())[:5])
        failures.append(
            f"{n_bad} of {quality.n_received} rows ({quality.quarantined_share:.2%}) "
            f"break the contract; at most {allowed:.2%} may. Most frequent: {worst}"
        )
    return QualityDecision(tuple(failures))


def _refuse_columns(received: pd.DataFrame, names: list[str]) -> None:
    have = [str(name) for name in received.columns]
    twice = sorted({name for name in have if have.count(name) > 1})
    if twice:
        raise DataError(f"columns that come twice: {', '.join(twice)}; name each once")
    lacking = [name for name in names if name not in received.columns]
    if lacking:
        raise DataError(
            f"{len(lacking)} columns of the contract are missing: {', '.join(lacking)}. "
            f"Received were: {', '.join(have) or 'none'}"
        )


def _reasons(
    contract: Contract, columns: Mapping[str, TypedColumn], as_of: datetime, n_rows: int
) -> tuple[np.ndarray, dict[str, int]]:
    """Return each row's reasons as one text, empty for a good row, and their counts."""
    reasons = np.full(n_rows, "", dtype=object)
    counts: dict[str, int] = {}
    for code, mask in _faults(contract, columns, as_of):
        rows = np.flatnonzero(mask)
        if rows.size:
            counts[code] = int(rows.size)
            joint = np.where(reasons[rows] == "", "", ";")
            reasons[rows] = reasons[rows] + joint.astype(object) + code
    return reasons, counts


def _faults(
    contract: Contract, columns: Mapping[str, TypedColumn], as_of: datetime
) -> Iterator[tuple[str, Mask]]:
    for name, column in columns.items():
        for kind, mask in column.faults.items():
            yield f"{name}:{kind}", mask
        if contract.event_time and name == contract.event_time.name:
            late = column.typed > pd.Timestamp(as_of)
            yield f"{name}:in_the_future", late.to_numpy()
        if contract.identifier and name == contract.identifier.name:
            again = column.typed.duplicated().to_numpy() & column.typed.notna().to_numpy()
            yield f"{name}:duplicate_identifier", again
        if name == contract.label_field.name:
            yield from _label_faults(contract, columns, as_of)


def _label_faults(
    contract: Contract, columns: Mapping[str, TypedColumn], as_of: datetime
) -> Iterator[tuple[str, Mask]]:
    field, column = contract.label_field, columns[contract.label_field.name]
    values = column.typed.to_numpy(np.float64)
    other = np.isfinite(values) & (values != 0) & (values != 1)
    yield f"{field.name}:label_not_binary", other
    if field.nulls == "refuse":
        return  # a missing one is refused already, whatever its age
    mature = np.ones(len(values), dtype=bool)
    if contract.event_time:
        age = timedelta(days=contract.label.maturity_days)
        known_by = pd.Timestamp(as_of - age)
        mature = (columns[contract.event_time.name].typed <= known_by).to_numpy()
    yield f"{field.name}:label_overdue", column.missing & mature


def _quarantine(
    received: pd.DataFrame, broken: Mask, reasons: np.ndarray
) -> pd.DataFrame:
    rows = received[broken].reset_index(drop=True)
    ours = {name: f"received.{name}" for name in ("row", "reasons") if name in rows}
    return rows.rename(columns=ours).assign(
        row=np.flatnonzero(broken), reasons=reasons[broken]
    )


def _findings(received: pd.DataFrame, names: list[str]) -> tuple[Finding, ...]:
    unknown = [str(name) for name in received.columns if name not in names]
    if not unknown:
        return ()
    return (
        Finding(
            "unknown_columns",
            f"{len(unknown)} columns are not in the contract and were left out: "
            f"{', '.join(unknown)}",
        ),
    )


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
