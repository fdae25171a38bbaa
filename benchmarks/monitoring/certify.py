"""False alarms and power of the calibrated alarm.

Writes docs/results/monitoring_alarms.md. Run: ``python -m benchmarks.monitoring.certify``
"""

from __future__ import annotations

from pathlib import Path

from assay.monitoring.alarms.certify import (
    SHIFTS,
    SIZES,
    certificate,
    certify_false_alarms,
    certify_power,
)

SEED = 20_261_121
"""Never drawn from while the alarm's null was designed."""
TARGET = Path("docs/results/monitoring_alarms.md")


def main() -> None:
    """Draw 10,000 windows of 200 features a size, and 2,000 a planted shift."""
    found = []
    for n_rows in SIZES:
        found.append(certify_false_alarms(n_rows, seed=SEED))
        print(n_rows, found[-1].any_alarm, flush=True)
    power = [
        certify_power(n_rows, shift, seed=SEED + 1)
        for n_rows in (100, 1_000, 10_000, 1_000_000)
        for shift in SHIFTS
    ]
    text = (
        "# Alarms: false ones and right ones\n\n"
        "Written by `python -m benchmarks.monitoring.certify`; `assay alarms certify` "
        "prints the same for other sizes. 10,000 windows without drift of 200 continuous "
        "features each, reference of 100,000 rows drawn anew for each window, ten bins, "
        "nominal chance of any alarm in a window 5 %. The draws are of a seed that was "
        "not used while the alarm was designed. The columns of fixed limits need "
        "no significance. Power: one normal feature of 200 moves; 2,000 windows.\n\n"
        f"{certificate(found, power)}"
    )
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
