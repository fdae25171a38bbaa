"""Who may import whom, kept by machines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from deployments.environment import project_root

FORBIDDEN_IN_SERVING = (
    "prefect",
    "pandas",
    "sklearn",
    "scipy",
    "mlflow",
    "dvc",
    "sqlalchemy",
    "great_expectations",
)


def python(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text],
        cwd=project_root(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_serving_starts_where_training_and_orchestration_are_not_installed():
    ran = python(
        f"import sys\n"
        f"for name in {FORBIDDEN_IN_SERVING!r}: sys.modules[name] = None\n"
        f"import serving.app\n"
        f"serving.app.create_app()\n"
    )
    assert ran.returncode == 0, ran.stderr


def test_the_library_imports_where_prefect_is_not_installed():
    ran = python(
        "import sys; sys.modules['prefect'] = None\n"
        "import importlib, pkgutil, assay\n"
        "for module in pkgutil.walk_packages(assay.__path__, 'assay.'):\n"
        "    importlib.import_module(module.name)\n"
    )
    assert ran.returncode == 0, ran.stderr


def test_the_import_contracts_hold():
    tool = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run(
        [tool, "--no-cache"],
        cwd=project_root(),
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert " 0 broken" in ran.stdout


def test_an_import_makes_no_folder_and_reads_no_settings(tmp_path):
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "import flows.nightly, serving.app, deployments.command",
        ],
        cwd=tmp_path,
        env={**os.environ, "ASSAY_API_PORT": "not a number"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert list(tmp_path.iterdir()) == []
