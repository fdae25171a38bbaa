"""Where the window of a look comes from: the model's records, else its source."""

from __future__ import annotations

from datetime import datetime

from assay.bundle import Bundle
from assay.errors import DataError
from assay.monitoring.report import Told
from assay.monitoring.watch import Window
from assay.settings import Settings
from tasks.monitor import receive_window
from tasks.records import LEDGER, receive_records


def receive(
    bundle: Bundle,
    settings: Settings,
    source: str | None,
    moment: datetime,
    window_days: float,
) -> tuple[Window, Told | None, str]:
    """Return the window, what records tell, and the source a retraining is to read.

    The live decisions in the ledger come first; where it holds none of these days, the
    rows of the source. Records are no source to train on: that is the settings' then.

    Raises
    ------
    DataError
        If the ledger alone was asked for and holds none.
    """
    if source in (None, LEDGER):
        records = receive_records(bundle, settings, moment, window_days)
        if records is not None:
            return records.window, records.told, ""
    if source == LEDGER:
        raise DataError(
            f"the ledger holds no decision of {bundle.contract.name!r} in the "
            f"{window_days:g} days before {moment:%Y-%m-%d}; name a source, or leave it "
            "empty to take the one of the settings"
        )
    origin = settings.source_of(bundle.contract.name, source)
    window = receive_window(origin, bundle, settings, moment, window_days)
    return window, None, source or ""
