"""The whole loop on live traffic, smaller: drift, alarm, retraining, new champion.

It runs in a process of its own, for Prefect reads the server's address once.
"""

import json
import subprocess
import sys

import pytest

from deployments.environment import project_root

LOOP = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from rich.console import Console
from benchmarks.monitoring.loop import World, run_loop
from deployments.environment import be_quiet
be_quiet()
world = World(look_days=112, days_after=15)
(turn,) = run_loop(Path(sys.argv[1]), world, Console(stderr=True), (sys.argv[2],))
Path(sys.argv[1], "turn.json").write_text(json.dumps(asdict(turn)))
"""


@pytest.mark.slow
@pytest.mark.timeout(5_400)
@pytest.mark.parametrize("name", ["loop_by_event", "loop_by_reconciler"])
def test_a_recession_ends_in_a_better_champion_and_no_request_fails(name, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", LOOP, str(tmp_path / "loop"), name],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    turn = json.loads((tmp_path / "loop" / "turn.json").read_text())
    assert turn["n_failures"] == 0
    assert turn["n_requests"] > 5_000
    assert turn["n_canary"] >= 100
    assert turn["n_retrainings"] == 1
    assert turn["cost_after"] < turn["cost_before"]
    assert turn["alerts"] == "1 resolved"
    # The recession began on the first of July; no label of it is known before October.
    assert 90 < turn["days_to_alarm"] < 130
