"""NVIDIA's client of the Open Inference Protocol, in an environment of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CLIENT = "tritonclient[http]==2.73.0"


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory):
    """Return a Python that has the client; skip where it cannot be installed."""
    folder = tmp_path_factory.mktemp("triton") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=300)
    python = folder / "bin" / "python"
    command = [python, "-m", "pip", "install", "--quiet", CLIENT]
    ran = subprocess.run(command, capture_output=True, timeout=500, check=False)
    if ran.returncode != 0:
        pytest.skip(f"{CLIENT} cannot be installed here")
    return python


@pytest.mark.slow
def test_their_client_reads_metadata_and_gets_our_decisions(
    interpreter, registry, make_bundle, serve, row
):
    registry.register(1, make_bundle(bias=0.3))
    server = serve()
    server.wait_ready()
    url = server.client.base_url
    script = Path(__file__).with_name("triton_calls.py")
    ran = subprocess.run(
        [interpreter, script, f"{url.host}:{url.port}", json.dumps(row)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    own = server.client.post("/v1/models/tiny/score", json=row).json()
    expected = [own["probability"], own["decision"]]
    assert [found[key] for key in found if " " in key] == [expected] * 4
    assert (found["live"], found["ready"], found["server"]) == (True, True, "assay")
    assert found["inputs"] == 7
    assert "break the contract of 'tiny'" in found["error"]
