"""Two public streams, month by month: what moved, and whether retraining paid.

``fraud_fdh``: payments of the Fraud Detection Handbook's simulator. ``online_retail``:
invoices of a real shop; the label is whether an invoice takes goods back. A champion is
trained on the first month and stays. Each later month is compared with the champion's
month by Assay's distances and calibrated alarms, and its rows are scored by the champion
and by a model that was trained on all labels known when the month began.

Run: ``python -m benchmarks.monitoring.streams FOLDER`` with the reference data; writes
docs/results/monitoring_streams.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from assay.contract import Limits
from assay.evaluation.comparison import auc_gain
from assay.evaluation.interval import Interval
from assay.monitoring.alarms import AlarmPolicy, decide_alarms
from assay.monitoring.distances.columns import number_drift
from assay.monitoring.profile.columns import number_profile

TARGET = Path("docs/results/monitoring_streams.md")
LABEL_DELAY = {"fraud_fdh": 7, "online_retail": 0}
MOST_ROWS = 300_000
LABEL, TIME = "label", "time"


@dataclass(frozen=True, slots=True)
class Month:
    """One month of a stream.

    Attributes
    ----------
    name : str
        Year and month.
    n_rows : int
        Of the month.
    bad_share : float
        Of its labels.
    moved : tuple of str
        Columns with a calibrated alarm, the one that moved most first, with their PSI.
    champion_auc : float
        Of the model of the first month.
    gain : Interval
        AUC of the retrained model less the champion's, paired, by DeLong's method.
    """

    name: str
    n_rows: int
    bad_share: float
    moved: tuple[str, ...]
    champion_auc: float
    gain: Interval


def payments(folder: Path) -> pd.DataFrame:
    """Return features that were known at each payment, its time and label."""
    rows = pd.read_parquet(folder / "fraud_fdh.parquet").sort_values("TX_DATETIME")
    times = rows["TX_DATETIME"].astype("datetime64[ns]")
    day = (times - times.min()).dt.days
    made = pd.DataFrame(
        {
            "amount": rows["TX_AMOUNT"],
            "hour": times.dt.hour.astype(float),
            "is weekend": (times.dt.dayofweek >= 5).astype(float),
        }
    )
    for who, name in (("CUSTOMER_ID", "customer"), ("TERMINAL_ID", "terminal")):
        keys = [rows[who], day.rename("day")]
        daily = rows.groupby(keys)["TX_AMOUNT"].agg(["sum", "count"])
        frauds = rows.groupby(keys)["TX_FRAUD"].sum()
        n_days = int(day.max()) + 1
        n_before = _before(daily["count"], n_days, 7, 0)
        spent = _before(daily["sum"], n_days, 7, 0)
        place = rows[who].to_numpy(), day.to_numpy()
        made[f"{name}: payments in 7 days"] = n_before[place]
        made[f"{name}: mean amount in 7 days"] = _divided(spent[place], n_before[place])
        # Frauds are known a week later.
        seen = _before(frauds, n_days, 28, LABEL_DELAY["fraud_fdh"])
        of = _before(daily["count"], n_days, 28, LABEL_DELAY["fraud_fdh"])
        made[f"{name}: share of frauds known"] = _divided(seen[place], of[place])
    return made.assign(time=times, label=rows["TX_FRAUD"].astype(float))


def _before(daily: pd.Series, n_days: int, width: int, delay: int) -> np.ndarray:
    """Return sums over the `width` days that ended `delay` days before each day."""
    keys = daily.index.get_level_values(0).to_numpy()
    table = np.zeros((int(keys.max()) + 1, n_days + 1))
    table[keys, daily.index.get_level_values(1).to_numpy() + 1] = daily.to_numpy()
    running = np.cumsum(table, axis=1)
    days = np.arange(n_days)
    ends = np.maximum(days - delay, 0)
    return running[:, ends] - running[:, np.maximum(ends - width, 0)]


def _divided(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def invoices(folder: Path) -> pd.DataFrame:
    """Return features of each invoice, its time, and whether it takes goods back."""
    rows = pd.read_parquet(folder / "online_retail.parquet")
    rows = rows.assign(value=rows["Quantity"].abs() * rows["UnitPrice"].abs())
    of_each = rows.groupby("InvoiceNo", sort=False)
    found = pd.DataFrame(
        {
            TIME: of_each["InvoiceDate"].min(),
            "value": of_each["value"].sum(),
            "lines": of_each.size().astype(float),
            "mean unit price": of_each["UnitPrice"].mean(),
            "is from abroad": (of_each["Country"].first() != "United Kingdom").astype(
                float
            ),
            "customer": of_each["CustomerID"].first(),
        }
    ).sort_values(TIME, kind="stable")
    found[LABEL] = found.index.astype(str).str.startswith("C").astype(float)
    known = found.groupby(found["customer"].fillna(-1))[LABEL]
    earlier = known.cumcount().astype(float)
    returned = known.cumsum() - found[LABEL]
    is_known = found["customer"].notna().to_numpy()
    found["customer: invoices before"] = np.where(is_known, earlier, np.nan)
    found["customer: share taken back before"] = np.where(
        is_known & (earlier > 0), returned / np.maximum(earlier, 1), np.nan
    )
    found["hour"] = found[TIME].dt.hour.astype(float)
    return found.drop(columns="customer").reset_index(drop=True)


def months_of(rows: pd.DataFrame, delay_days: int) -> Iterator[Month]:
    """Give the months after the first."""
    features = [name for name in rows if name not in (TIME, LABEL)]
    month = rows[TIME].dt.to_period("M")
    names = sorted(month.unique())
    first = rows[month == names[0]]
    champion = fitted(first[features], first[LABEL])
    profiles = {name: number_profile(first[name].to_numpy(float)) for name in features}
    policy = AlarmPolicy(looks=len(names) - 1)
    for name in names[1:]:
        window = rows[month == name]
        known = rows[rows[TIME] < name.start_time - pd.Timedelta(days=delay_days)]
        newer = fitted(known[features], known[LABEL])
        drifts = [
            number_drift(one, profiles[one], window[one].to_numpy(float))
            for one in features
        ]
        alarms = decide_alarms(drifts, Limits(), policy)
        moved = sorted((a for a in alarms if a.is_raised), key=lambda a: -a.psi)
        labels = window[LABEL].to_numpy()
        old, new = (
            model.predict_proba(window[features])[:, 1] for model in (champion, newer)
        )
        yield Month(
            str(name),
            len(window),
            float(labels.mean()),
            tuple(f"{one.name} ({one.psi:.2f})" for one in moved),
            auc_of(labels, old),
            auc_gain(labels, old, new),
        )


def fitted(rows: pd.DataFrame, labels: pd.Series) -> HistGradientBoostingClassifier:
    """Return boosted trees on at most so many rows, all of the rarer label."""
    if len(rows) > MOST_ROWS:
        keep = np.random.default_rng(0).random(len(rows)) < MOST_ROWS / len(rows)
        keep |= labels.to_numpy() == 1
        rows, labels = rows[keep], labels[keep]
    model = HistGradientBoostingClassifier(max_iter=150, random_state=0)
    return model.fit(rows, labels)


def auc_of(labels: np.ndarray, scores: np.ndarray) -> float:
    """Return the share of pairs in the right order."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores))


def table(months: list[Month]) -> str:
    """Return the months of one stream as a table."""
    lines = [
        "| month | rows | bad | moved, with PSI | champion's AUC | gain by retraining |",
        "|---|---:|---:|---|---:|---|",
    ]
    for one in months:
        gain = f"{one.gain.value:+.4f} [{one.gain.low:+.4f}, {one.gain.high:+.4f}]"
        lines.append(
            f"| {one.name} | {one.n_rows:,} | {one.bad_share:.2%} | "
            f"{', '.join(one.moved) or 'nothing'} | {one.champion_auc:.4f} | {gain} |"
        )
    paid = sum(one.gain.low > 0 for one in months)
    hurt = sum(one.gain.high < 0 for one in months)
    told = sum(bool(one.moved) for one in months)
    lines += [
        "",
        f"Of {len(months)} months an alarm was raised in {told}; retraining paid in "
        f"{paid} and cost in {hurt} (95 % intervals).",
    ]
    return "\n".join(lines)


def main() -> None:
    """Look at both streams and write the page."""
    folder = Path(sys.argv[1])
    parts = [
        "# Two public streams, month by month",
        "Written by `python -m benchmarks.monitoring.streams FOLDER`. The champion is "
        "trained on the first month and stays; the other model on all labels known when "
        "a month began. Alarms at 5 % over all months of a stream; effects by the "
        "default limits of a contract.",
    ]
    for title, name, read in (
        ("Payments (simulated, Fraud Detection Handbook)", "fraud_fdh", payments),
        ("Invoices of a shop (UCI Online Retail)", "online_retail", invoices),
    ):
        months = list(months_of(read(folder), LABEL_DELAY[name]))
        parts += [f"## {title}", table(months)]
        print(parts[-1], flush=True)
    TARGET.write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
