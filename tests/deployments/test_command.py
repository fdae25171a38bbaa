"""The `assay` command without a platform: help, contracts, errors."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from assay.errors import ConfigError
from deployments.command.here import find_entrypoint
from deployments.command.run import find_deployment
from deployments.environment import project_root

CALL = "from deployments.command import main; main()"


@pytest.fixture
def assay(tmp_path):
    def call(*words, **more):
        return subprocess.run(
            [sys.executable, "-c", CALL, *map(str, words)],
            env={
                **os.environ,
                "ASSAY_HOME": str(tmp_path / "home"),
                "COLUMNS": "200",
                **more,
            },
            cwd=project_root(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return call


def test_help_names_every_order_and_loads_nothing_heavy():
    heavy = {"prefect", "pandas", "mlflow", "sklearn", "great_expectations"}
    look = f"""
import sys
sys.argv = ["assay", "--help"]
try:
    from deployments.command import main; main()
except SystemExit:
    print("loaded:", sorted({heavy!r} & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    )
    for order in ("run", "contract", "models", "up", "status", "down"):
        assert f" {order} " in ran.stdout
    assert "loaded: []" in ran.stdout


def test_a_platform_that_does_not_run_is_one_red_line_and_exit_code_1(assay):
    ran = assay("run", "nightly", ASSAY_PREFECT_PORT="1", NO_COLOR="1")
    assert ran.returncode == 1
    assert "no Prefect server answers at http://127.0.0.1:1/api" in ran.stderr
    assert "make run" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_models_without_a_registry_says_how_to_start_one(assay):
    ran = assay("models", ASSAY_MLFLOW_PORT="1")
    assert ran.returncode == 1
    assert "MLflow at http://127.0.0.1:1" in ran.stderr
    assert "make run" in ran.stderr


def test_status_of_nothing_is_exit_code_1_and_shows_every_service(assay):
    ran = assay("status")
    assert ran.returncode == 1
    assert ran.stdout.count("stopped") >= 4


def test_the_shipped_contracts_hold(assay):
    ran = assay("contract", "check")
    assert ran.returncode == 0, ran.stderr
    names = [path.name for path in (project_root() / "data/contracts").glob("*.toml")]
    assert names
    assert all(f"{name}: " in ran.stdout for name in names)


def test_a_wrong_contract_is_named_with_its_line(assay, tmp_path):
    good = (project_root() / "data/contracts/credit_default.toml").read_text()
    wrong = tmp_path / "credit_default.toml"
    wrong.write_text(good.replace("revision = 1", "revision = 0", 1))
    ran = assay("contract", "check", wrong)
    assert ran.returncode == 1
    line = good[: good.index("revision = 1")].count("\n") + 1
    assert f"{wrong.name}:{line}" in ran.stderr


def test_a_draft_is_a_contract_that_holds(assay, tmp_path):
    rows = "amount,kind,bad\n" + "\n".join(
        f"{number},{'ab'[number % 2]},{int(number % 3 == 0)}" for number in range(300)
    )
    (tmp_path / "loans.csv").write_text(rows)
    out = tmp_path / "loans.toml"
    ran = assay(
        "contract", "draft", tmp_path / "loans.csv", "--label", "bad", "--out", out
    )
    assert ran.returncode == 0, ran.stderr
    assert assay("contract", "check", out).returncode == 0
    again = assay(
        "contract", "draft", tmp_path / "loans.csv", "--label", "bad", "--out", out
    )
    assert again.returncode == 1
    assert "--force" in again.stderr


def test_a_contract_is_shown_as_a_page(assay):
    ran = assay("contract", "page", "credit_default")
    assert ran.returncode == 0, ran.stderr
    assert "defaulted" in ran.stdout


def test_a_deployment_is_found_by_flow_or_by_full_name():
    deployments = [
        {"flow_name": "nightly", "name": "every-night"},
        {"flow_name": "train-challenger", "name": "on-demand"},
        {"flow_name": "score-batch", "name": "on-demand"},
        {"flow_name": "score-batch", "name": "hourly"},
    ]
    assert find_deployment(deployments, "nightly")["name"] == "every-night"
    found = find_deployment(deployments, "train_challenger")
    assert found["flow_name"] == "train-challenger"
    assert find_deployment(deployments, "score_batch/hourly")["name"] == "hourly"
    with pytest.raises(ConfigError, match=r"several .* score-batch/on-demand"):
        find_deployment(deployments, "score-batch")
    with pytest.raises(ConfigError, match=r"no flow 'nigthly'; .* nightly/every-night"):
        find_deployment(deployments, "nigthly")


def test_of_a_flow_on_two_devices_the_words_choose():
    deployments = [
        {"flow_name": "train-on-gpu", "name": name, "parameters": {"device": device}}
        for name, device in (("on-demand", "cuda"), ("on-processor", "cpu"))
    ]

    def chosen(*words):
        return find_deployment(deployments, "train_on_gpu", words)["name"]

    assert chosen("--device", "cpu", "--model", "x") == "on-processor"
    assert chosen("--device=cpu") == "on-processor"
    assert chosen("--model", "x") == "on-demand"
    assert find_deployment(deployments, "train_on_gpu/on-processor")["name"] == (
        "on-processor"
    )


def test_here_knows_the_flows_of_prefect_yaml():
    entrypoint, defaults = find_entrypoint(project_root(), "train-challenger")
    assert entrypoint == "flows.train_challenger.train_challenger"
    assert defaults["folds"] == 5
    with pytest.raises(ConfigError, match=r"no flow 'other'; prefect.yaml has .*ingest_"):
        find_entrypoint(project_root(), "other")
