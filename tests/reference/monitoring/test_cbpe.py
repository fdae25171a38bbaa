"""Performance before labels against NannyML 0.13.1 on its own calibration and on ours.

`cbpe_nannyml.json` of the shared reference holds 4,000 labelled and 2,000 later rows and
NannyML's estimates per 500 rows. With NannyML's isotonic calibration our formulas give
its counts within 1e-5 rows and its AUC within 1e-5 where each pair of a row with itself
is counted, as NannyML does; we leave that pair out, which moves it by less than 0.002.
Our calibration is a line through log-odds on purpose: an isotonic one has no covariance
to make intervals from. Both then differ by less than the sampling error NannyML states.
NannyML's own estimates lie up to 0.036 off the realised AUC: parity, not truth.
"""

import json
import os

import numpy as np
import pandas as pd
import pytest
from sklearn.isotonic import IsotonicRegression

from assay.contract import CostMatrix
from assay.monitoring.estimation import (
    estimate_performance,
    expected_auc,
    fit_recalibration,
)
from assay.monitoring.estimation.cells import cell_metrics, gather
from deployments.environment import project_root

COSTS = CostMatrix(unit="USD", false_positive=1, false_negative=1)
N_CHUNK = 500
COUNTS = ("true_positive", "false_positive", "true_negative", "false_negative")


@pytest.fixture(scope="module")
def case():
    beside = project_root().parent / "shared" / "reference"
    folder = os.environ.get("ASSAY_SHARED_REFERENCE") or beside
    path = project_root().joinpath(folder, "monitoring", "cbpe_nannyml.json")
    if not path.is_file():
        pytest.skip(f"{path} is absent")
    found = json.loads(path.read_text())
    rows = pd.DataFrame(found["input"]["data"], columns=found["input"]["columns"])
    oracle = pd.DataFrame(found["output"]["data"], columns=found["output"]["columns"])
    is_reference = rows["part"] == "ref"
    later = rows[~is_reference]
    chunks = [later[k * N_CHUNK : (k + 1) * N_CHUNK] for k in range(len(oracle))]
    return rows[is_reference], chunks, oracle


def test_formulas_agree_on_its_calibration(case):
    reference, chunks, oracle = case
    isotonic = IsotonicRegression(out_of_bounds="clip")
    isotonic.fit(reference["p"], reference["y"])
    for place, chunk in enumerate(chunks):
        stated, chances = chunk["p"].to_numpy(), isotonic.predict(chunk["p"])
        threshold = chunk.loc[chunk["yhat"] == 1, "p"].min()
        cells = gather(stated, threshold)
        found = cell_metrics(cells, cells.means(chances) * cells.n_rows, COSTS)
        for name in COUNTS:
            share = oracle[f"{name}|value"][place] / N_CHUNK
            assert found[f"{name}_share"] == pytest.approx(share, abs=1e-5 / N_CHUNK)
        auc = oracle["roc_auc|value"][place]
        assert found["auc"] == pytest.approx(auc, abs=1e-5)
        assert expected_auc(stated, chances) == pytest.approx(auc, abs=2e-3)


def test_estimates_agree_within_its_sampling_error(case):
    reference, chunks, oracle = case
    line = fit_recalibration(reference["p"], reference["y"])
    for place, chunk in enumerate(chunks):
        found = estimate_performance(
            chunk["p"],
            line,
            threshold=chunk.loc[chunk["yhat"] == 1, "p"].min(),
            costs=COSTS,
            rng=np.random.default_rng(place),
        ).metrics
        for name in ("roc_auc", *COUNTS):
            ours = found["auc"].value if name == "roc_auc" else None
            if ours is None:
                ours = found[f"{name}_share"].value * N_CHUNK
            away = abs(ours - oracle[f"{name}|value"][place])
            assert away <= oracle[f"{name}|sampling_error"][place], (place, name)
