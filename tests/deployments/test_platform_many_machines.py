"""The same platform by settings alone: PostgreSQL databases and an object store."""

from __future__ import annotations

import socket

import boto3
import httpx
import psycopg
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "assay-models"
KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture
def object_store():
    """Give the address of an S3-compatible store with an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    bucket_at(address).create()
    yield address
    server.stop()


def bucket_at(address):
    session = boto3.session.Session(
        aws_access_key_id="testing",
        aws_secret_access_key="testing",  # noqa: S106 # the fake store takes any key
        region_name="us-east-1",
    )
    return session.resource("s3", endpoint_url=address).Bucket(BUCKET)


def n_tables(database):
    with psycopg.connect(f"postgresql://{database}") as session:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        (found,) = session.execute(query).fetchone()
    return found


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.timeout(900)
def test_postgresql_and_an_object_store_carry_the_platform(
    trial_with, new_postgresql_database, object_store
):
    prefect, mlflow = new_postgresql_database(), new_postgresql_database()
    trial = trial_with(
        **KEYS,
        ASSAY_PREFECT_DATABASE=f"postgresql+asyncpg://{prefect}",
        ASSAY_MLFLOW_DATABASE=f"postgresql+psycopg://{mlflow}",
        ASSAY_MLFLOW_ARTIFACTS=f"s3://{BUCKET}/models",
        ASSAY_S3_ENDPOINT=object_store,
    )
    started = trial.start()
    assert started.returncode == 0, started.stderr
    assert n_tables(prefect) > 20
    assert n_tables(mlflow) > 20
    assert not list(trial.platform.home.glob("*.db"))

    ran = trial.assay("run", "tiny", "--folds", "2")
    assert ran.returncode == 0, ran.stdout + ran.stderr

    artifacts = f"{trial.settings.mlflow_tracking}/api/2.0/mlflow-artifacts/artifacts"
    url = f"{artifacts}/0/run/artifacts/bundle/manifest.json"
    httpx.put(url, content=b"{}", timeout=60).raise_for_status()
    assert httpx.get(url, timeout=60).content == b"{}"
    kept = [item.key for item in bucket_at(object_store).objects.all()]
    assert kept == ["models/0/run/artifacts/bundle/manifest.json"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_busy_port_stops_the_start_with_one_line_and_leaves_nothing(trial_with):
    trial = trial_with()
    port = trial.settings.mlflow_port
    with socket.create_server(("127.0.0.1", port)):
        started = trial.start()
    assert started.returncode == 1
    assert f"port {port} for the MLflow server is held by" in started.stderr
    assert len(started.stderr.strip().splitlines()) == 1
    assert not any(trial.pids().values())
