"""A network answers over HTTP as torch does in float64, with reasons."""

import numpy as np
import pandas as pd
import pytest
import torch

from assay.contract import read_contract
from assay.features import design_matrix
from assay.models import fit_challenger
from assay.reasons import REASONS, Explainer, explainer_bytes, network_table
from assay.reasons.ranking import most_usual
from tests.serving.conftest import CONTRACT, ROOT, MadeBundle
from tests.texts import write_version

REASONED = CONTRACT.replace('dtype = "number"', 'dtype = "number"\nreason = "A number"')
REASONED = REASONED.replace(
    'dtype = "integer"\nminimum', 'dtype = "integer"\nreason = "A count"\nminimum'
)
SMALL = {
    "width": 8,
    "bins": 4,
    "most_epochs": 15,
    "learning_rate": 1e-2,
    "batch_rows": 64,
}
LIMIT = 1e-9
"""The graph and torch both compute in float64: what differs is the order of sums."""


def applications(n_rows, seed):
    """Return rows that the serving tests' contract accepts, with a label."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": rng.uniform(1000, 90000, n_rows).round(),
            "years": np.where(
                rng.random(n_rows) < 0.2, np.nan, rng.uniform(0, 9, n_rows)
            ),
            "n_loans": rng.integers(0, 9, n_rows).astype(float),
            "term": rng.choice([12.0, 24.0, 36.0], n_rows),
            "housing": rng.choice(["own", "rent"], n_rows),
            "purpose": rng.choice(["car", "home"], n_rows),
            "has_account": rng.integers(0, 2, n_rows).astype(float),
            "age": rng.integers(18, 80, n_rows).astype(float),
            "case number": [f"A-{number}" for number in range(n_rows)],
            "seen-at": pd.Timestamp("2026-01-01", tz="UTC")
            + pd.to_timedelta(np.arange(n_rows), unit="h"),
        }
    )
    log_odds = 1.5 * frame["n_loans"] - frame["income"] / 6000
    bad = rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))
    return frame.assign(bad=bad.astype(float))


FRAME = applications(600, 0)
CASES = applications(12, 1)


@pytest.fixture(
    scope="module", params=["residual_network", "network_ensemble", "expert_network"]
)
def fitted(request):
    options = {**SMALL, "members": 4} if request.param != "residual_network" else SMALL
    return fit_challenger(
        FRAME,
        read_contract(REASONED),
        algorithm=request.param,
        parameters=options,
        folds=0,
    )


@pytest.fixture
def client(fitted, registry, serve, tmp_path):
    """Return a client of a service that serves the network, torch not installed."""
    seen, _ = design_matrix(FRAME.iloc[fitted.split.train], fitted.contract)
    calibrator = fitted.calibrator
    network = fitted.pipeline[-1].network_
    calibrated = network.calibrated(calibrator.slope, calibrator.intercept)
    table = network_table(calibrated, seen, seed=0)
    explainer = Explainer.of(table, most_usual(seen, fitted.contract), fitted.contract)
    documents = {REASONS: explainer_bytes(explainer)}
    digest = write_version(tmp_path / "made", fitted, FRAME, REASONED, documents)
    registry.register(1, MadeBundle(tmp_path / "made", digest))
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "torch.py").write_text("raise ImportError('not here')\n")
    server = serve(PYTHONPATH=f"{tmp_path / 'absent'}:{ROOT}")
    server.wait_ready()
    return server.client


def torch_probabilities(fitted, frame):
    """Return the probabilities of a forward pass that torch computes in float64."""
    network, calibrator = fitted.pipeline[-1].network_, fitted.calibrator
    matrix, _ = design_matrix(frame, fitted.contract)
    rows = torch.as_tensor(matrix)

    def of(name):
        return torch.as_tensor(getattr(network, name))

    encoding = network.encoding
    numbers = rows[:, torch.as_tensor(encoding.numeric)]
    within = (numbers - torch.as_tensor(encoding.starts)) / torch.as_tensor(
        encoding.widths
    )
    columns = torch.cat(
        (
            torch.nan_to_num(within.clamp(0, 1)),
            torch.isnan(rows[:, torch.as_tensor(encoding.flagged)]).double(),
            (
                rows[:, torch.as_tensor(encoding.coded)]
                == torch.as_tensor(encoding.codes)
            ).double(),
        ),
        dim=1,
    )
    hidden = columns @ of("entry") + of("entry_bias")[:, None]
    for block in range(len(network.inner)):
        inner = torch.relu(hidden) @ of("inner")[block] + of("inner_bias")[block][:, None]
        outer = torch.relu(inner) @ of("outer")[block]
        hidden = hidden + outer + of("outer_bias")[block][:, None]
    answers = (torch.relu(hidden) * of("leave")[:, None]).sum(dim=2).T + of("leave_bias")
    if network.is_gated:
        best, places = (columns @ of("gate") + of("gate_bias")).topk(2, dim=1)
        log_odds = (torch.softmax(best, dim=1) * answers.gather(1, places)).sum(dim=1)
    else:
        log_odds = answers.mean(dim=1)
    return torch.sigmoid(calibrator.slope * log_odds + calibrator.intercept).tolist()


def test_the_services_answers_are_torchs_and_a_refusal_says_why(fitted, client):
    expected = torch_probabilities(fitted, CASES)
    names = [field.name for field in fitted.contract.features]
    refused = 0
    for (_, case), probability in zip(CASES.iterrows(), expected, strict=True):
        row = {name: sent(name, case[name]) for name in names}
        answer = client.post("/v1/models/tiny/score", json=row)
        assert answer.status_code == 200, answer.text
        content = answer.json()
        assert abs(content["probability"] - probability) < LIMIT
        is_adverse = content["probability"] >= content["threshold"]
        assert content["decision"] == ("decline" if is_adverse else "approve")
        assert ("reasons" in content) == is_adverse
        if is_adverse:
            refused += 1
            given = [reason["field"] for reason in content["reasons"]]
            assert 1 <= len(given) <= 3
            assert set(given) <= {"income", "years", "n_loans"}
            assert {"A number", "A count"} >= {one["text"] for one in content["reasons"]}
    assert 0 < refused < len(CASES)
    assert len(set(expected)) == len(CASES)


def sent(name, value):
    """Return a typed value as a caller writes it."""
    if isinstance(value, str):
        return value
    if np.isnan(value):
        return None
    return bool(value) if name == "has_account" else float(value)
