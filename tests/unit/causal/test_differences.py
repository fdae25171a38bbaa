"""The same bytes under any hash seed and any order of rows."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import hashlib, sys
import numpy as np, pandas as pd
from assay.causal import differences as d, experiments as e
rng = np.random.default_rng(0)
unit, week = (a.ravel() for a in np.meshgrid(np.arange(40), np.arange(8), indexing="ij"))
start = np.resize([4, 6, 0, 0], 40)[unit]
frame = pd.DataFrame({
    "y": rng.normal(size=unit.size) + (start > 0) * (week >= start),
    "unit": [f"u{n}" for n in unit], "week": week, "start": start,
    "city": [f"c{n % 13}" for n in unit], "tier": [f"t{n % 3}" for n in unit],
    "on": ((start > 0) & (week >= start)).astype("int8"),
})
frame = frame.sample(frac=1, random_state=int(sys.argv[1]))
names = dict(outcome="y", unit_column="unit", period="week", cohort="start")
panel = d.group_time_effects(frame, **names)
found = [
    d.fixed_effects(frame, outcome="y", treatment="on", absorbed=["unit", "week"],
                    cluster="city", controls=[]).estimate,
    d.fixed_effects(frame, outcome="y", treatment="on", absorbed=["city", "week"],
                    cluster="unit", controls=["tier"]).diagnostics,
    d.event_study(frame, **names).coefficients.tobytes(),
    panel.estimate, panel.aggregate("dynamic").table().to_json(double_precision=15),
    d.imputed_effects(frame, **names).estimate,
    d.interaction_weighted(frame, **names).estimate,
    d.bacon_decomposition(frame, **names).comparisons,
    d.wild_bootstrap(frame, outcome="y", treatment="on", cluster="city",
                     n_draws=500).estimate,
    e.mean_difference(frame, outcome="y", treated="on", n_draws=300).diagnostics,
    e.cuped(frame, outcome="y", treated="on", covariates=["week"]).estimate,
]
print(hashlib.sha256(repr(found).encode()).hexdigest())
"""


@pytest.mark.slow
def test_every_estimate_is_the_same_under_hash_seeds_and_orders_of_rows():
    digests = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(order)],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, order in ((0, 0), (1, 1), (17, 2))
    }
    assert len(digests) == 1
