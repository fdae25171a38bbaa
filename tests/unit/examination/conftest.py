"""Bundles that were really fitted, and the rows that they were fitted on."""

import itertools

import pytest

from assay.bundle import Manifest, MetricValue, Parts, read_bundle, write_bundle
from assay.contract import read_contract
from assay.examination import Subject, examine
from assay.models import fit_challenger, golden_rows
from tests.unit.models.conftest import CONTRACT, TIME, draw

TEXT = CONTRACT.format(maturity=", maturity_days = 30", time=TIME).replace(
    "margins = { auc = 0.0 }", "margins = { auc = -0.05 }"
)
SHARES = {"holdout_share": 0.3, "calibration_share": 0.15}


def made(folder, frame, text=TEXT, algorithm="boosting", seed=0):
    """Return the bundle of a model fitted on a frame."""
    contract = read_contract(text)
    fitted = fit_challenger(
        frame,
        contract,
        algorithm=algorithm,
        seed=seed,
        n_resamples=100,
        folds=0,
        **SHARES,
    )
    metrics = {
        name: MetricValue(**found.as_dict())
        for name, found in fitted.evaluation.metrics.items()
    }
    manifest = Manifest(
        model_name=contract.name,
        algorithm=algorithm,
        parameters={**fitted.parameters, **SHARES},
        threshold=fitted.threshold,
        seed=seed,
        n_rows=fitted.split.sizes,
        metrics=metrics,
        contract_digest=contract.digest,
        snapshot_digest="0" * 64,
        code_revision="test",
        lock_digest="1" * 64,
        library_versions={},
    )
    golden = golden_rows(fitted, frame)
    parts = Parts(manifest, fitted.graph(), text, golden, {})
    return read_bundle(folder, write_bundle(folder, parts))


@pytest.fixture(scope="package")
def frame():
    return draw(3_000, 0)


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bundles")


@pytest.fixture(scope="package")
def bundle(folder, frame):
    return made(folder / "boosting", frame)


@pytest.fixture(scope="package")
def champion(folder, frame):
    return made(folder / "logistic", frame, algorithm="logistic")


@pytest.fixture(scope="package")
def subject(bundle, frame):
    return Subject.of(bundle, frame, bundle.contract)


@pytest.fixture
def ticking():
    """Return a clock of which each look takes a thousandth of a second."""
    ticks = itertools.count(step=1_000_000)
    return lambda: next(ticks)


@pytest.fixture(scope="package")
def examination(bundle, champion, frame):
    ticks = itertools.count(step=1_000_000)
    return examine(bundle, champion, frame, bundle.contract, clock=lambda: next(ticks))
