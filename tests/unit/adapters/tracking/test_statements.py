"""Statements that several processes write at once, in a real MLflow server."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from assay.adapters.tracking.client import mlflow_client
from assay.adapters.tracking.statements import Statements
from assay.settings import Settings
from tests.services import mlflow_server

__all__ = ["mlflow_server"]

N_WRITERS, N_ENTRIES = 6, 12


def test_writers_of_one_statement_at_once_all_succeed(mlflow_server, tmp_path):
    settings = Settings(home=tmp_path, mlflow_url=mlflow_server)
    name = "written_at_once"
    mlflow_client(settings).create_registered_model(name)
    together = Barrier(N_WRITERS)

    def write(_number):
        statements = Statements(settings)
        for sequence in range(N_ENTRIES):
            together.wait(60)
            statements.put(name, sequence, f"statement {sequence}")

    with ThreadPoolExecutor(N_WRITERS) as pool:
        for done in pool.map(write, range(N_WRITERS)):
            assert done is None
    wanted = {number: f"statement {number}" for number in range(N_ENTRIES)}
    assert Statements(settings).of(name) == wanted
