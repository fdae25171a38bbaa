"""A training that is killed goes on to the same weights."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from assay.errors import DataError
from assay.networks.checkpoints import read_state, save_state
from assay.networks.watching import Watch
from tests.unit.networks.test_training import train

ROOT = Path(__file__).resolve().parents[3]
TRAINING = """
import hashlib, sys
from pathlib import Path
from assay.networks.watching import Watch
from tests.unit.networks.conftest import draw
from tests.unit.networks.test_training import train

def say(epoch):
    print(epoch.number, repr(epoch.validation_loss), flush=True)
    if epoch.number == int(sys.argv[2]):
        sys.stdin.read()  # never later than this, however late the kill comes

watch = Watch(listen=say, checkpoint=Path(sys.argv[1]))
network, epochs = train(
    *(draw(1_500, 0), "expert_network"),
    **{"watch": watch, "most_epochs": 15, "patience": 15, "batch_rows": 8},
)
digest = hashlib.sha256(network.entry.tobytes() + network.gate.tobytes())
print("digest", digest.hexdigest(), flush=True)
"""


def start(checkpoint, hold=0):
    return subprocess.Popen(
        [sys.executable, "-c", TRAINING, str(checkpoint), str(hold)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def lines_of(process):
    lines = process.communicate(timeout=300)[0].split("\n")
    assert process.returncode == 0
    return [line for line in lines if line]


def test_killed_in_the_middle_and_resumed_it_ends_at_the_same_digest(tmp_path):
    whole = lines_of(start(tmp_path / "whole.pt"))
    killed = start(tmp_path / "killed.pt", hold=10)
    first = [killed.stdout.readline().strip() for _ in range(6)]
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait(timeout=60) == -signal.SIGKILL
    killed.stdin.close()
    killed.stdout.close()

    resumed = lines_of(start(tmp_path / "killed.pt"))

    assert resumed[-1].startswith("digest ")
    assert resumed[-1] == whole[-1]
    assert first == whole[:6]
    assert resumed[:-1] == whole[-len(resumed) : -1]  # the curve goes on as it would have
    assert 1 < len(resumed) <= len(whole) - 6


def test_a_checkpoint_of_another_training_is_refused(tmp_path, rows):
    watch = Watch(checkpoint=tmp_path / "state.pt")
    train(rows, watch=watch, most_epochs=1)
    with pytest.raises(DataError, match="of another training"):
        train(rows, watch=watch, most_epochs=1, seed=1)


def test_a_file_that_was_cut_off_is_named(tmp_path):
    path = tmp_path / "state.pt"
    save_state(path, {"training": "x", "weights": torch.ones(100)})
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="does not read"):
        read_state(path, "x")


def test_a_state_takes_the_place_of_the_one_before_whole(tmp_path):
    path = tmp_path / "state.pt"
    for number in (1, 2):
        save_state(path, {"training": "x", "number": number})
    assert read_state(path, "x") == {"training": "x", "number": 2}
    assert [each.name for each in tmp_path.iterdir()] == ["state.pt"]
    assert read_state(tmp_path / "none.pt", "x") is None
