"""Evidently's own report of a window, from the stored reference."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from assay.contract import Contract
from assay.monitoring.profile import CategoryProfile, NumberProfile, Reference

N_SHOWN = 5_000


def reference_rows(reference: Reference, contract: Contract) -> pd.DataFrame:
    """Return rows with the reference's margins, at most 5,000.

    Each column by itself has the law of the reference; what columns have in common is
    lost, and a report of single columns does not look at it.
    """
    n_rows = min(reference.n_rows, N_SHOWN)
    shares = (np.arange(n_rows) + 0.5) / max(n_rows, 1)
    columns: dict[str, object] = {}
    for field in contract.features:
        profile = reference.columns[field.name]
        n_known = round(n_rows * (1 - profile.missing_share))
        if isinstance(profile, CategoryProfile):
            ranks = np.cumsum(profile.counts)
            names = np.array(profile.categories, dtype=object)
            known = names[_at(ranks, shares[:n_known], n_known, n_rows)]
            columns[field.name] = [*known, *[None] * (n_rows - n_known)]
        elif isinstance(profile, NumberProfile):
            places = _at(profile.ranks, shares[:n_known], n_known, n_rows)
            known = np.take(profile.values, places)  # no pandas
            columns[field.name] = np.append(known, np.full(n_rows - n_known, np.nan))
    return pd.DataFrame(columns)


def evidently_report(
    reference: Reference, rows: pd.DataFrame, contract: Contract, *, seed: int = 0
) -> bytes:
    """Return Evidently's report of data drift as one HTML page without outside links.

    Parameters
    ----------
    reference : Reference
        Of the champion.
    rows : DataFrame
        The window's typed rows; 5,000 of them are shown.
    contract : Contract
        Names the features.
    seed : int
        Draws the rows.
    """
    words = [field.name for field in contract.features if field.categories]
    names = [field.name for field in contract.features]
    shown = rows[names].sample(min(len(rows), N_SHOWN), random_state=seed)
    # Two forms of one category, 12.0 and "12", would be two categories.
    shown = shown.assign(**{name: _words(shown[name]) for name in words})
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # its own, about numpy and constant columns
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset

        definition = DataDefinition(
            numerical_columns=[name for name in names if name not in words],
            categorical_columns=words,
        )
        now = Dataset.from_pandas(shown, data_definition=definition)
        before = reference_rows(reference, contract)
        then = Dataset.from_pandas(before, data_definition=definition)
        preset = DataDriftPreset(num_method="psi", cat_method="psi")
        page = Path(folder) / "report.html"
        Report([preset]).run(now, then).save_html(str(page))
        return page.read_bytes()


def _at(ranks: np.ndarray, shares: np.ndarray, n_known: int, n_rows: int) -> np.ndarray:
    """Return the place of each share among rows counted by rank."""
    scaled = shares * n_rows / max(n_known, 1) * (ranks[-1] if len(ranks) else 0)
    return np.minimum(np.searchsorted(ranks, scaled, side="right"), len(ranks) - 1)


def _words(values: pd.Series) -> pd.Series:
    return values.map(
        lambda value: f"{value:g}" if isinstance(value, float) else value,
        na_action="ignore",
    ).astype(object)
