"""Networks: training."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from assay.errors import ConfigError, DataError
from assay.networks.parameters import KINDS, NETWORK_DEFAULTS, Shape
from assay.networks.training import train_network
from assay.networks.watching import Watch
from tests.unit.networks.conftest import CATEGORIES, draw, small


def train(rows, kind="residual_network", *, seed=0, watch=None, **changes):
    shape = small(kind, **changes)
    return train_network(
        *rows, CATEGORIES, kind=kind, shape=shape, seed=seed, watch=watch
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_learns_what_no_line_can_separate(kind, rows):
    network, epochs = train(rows, kind, most_epochs=15, learning_rate=3e-3)
    matrix, labels = draw(2_000, 1)
    reached = roc_auc_score(labels, network.log_odds(matrix))
    assert reached > roc_auc_score(labels, _line(rows, matrix)) + 0.03
    assert epochs[-1].training_loss < epochs[0].training_loss


def _line(rows, matrix):
    """Return the log-odds of a logistic regression."""
    model = LogisticRegression().fit(np.nan_to_num(rows[0]), rows[1])
    return model.decision_function(np.nan_to_num(matrix))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bits_and_another_does_not(kind, rows):
    first, _ = train(rows, kind)
    again, _ = train(rows, kind)
    other, _ = train(rows, kind, seed=1)
    assert first.entry.tobytes() == again.entry.tobytes()
    assert first.leave.tobytes() == again.leave.tobytes()
    assert first.entry.tobytes() != other.entry.tobytes()


def test_the_best_pass_is_kept_and_training_stops_when_nothing_gets_better(rows):
    heard = []
    shape = {"most_epochs": 60, "patience": 2, "learning_rate": 0.02}
    _, epochs = train(rows, watch=Watch(listen=heard.append), **shape)
    losses = [each.validation_loss for each in epochs]
    assert len(epochs) < 60
    assert int(np.argmin(losses)) == len(losses) - 3
    assert tuple(heard) == epochs


def test_the_newest_rows_decide_when_to_stop(rows):
    matrix, labels = rows
    flipped = labels.copy()
    flipped[-225:] = 1 - flipped[-225:]  # 15 % of the rows
    kind = "residual_network"
    shape = small(kind, most_epochs=10, patience=3)

    def losses(in_time):
        _, epochs = train_network(
            matrix, flipped, CATEGORIES, kind=kind, shape=shape, seed=0, in_time=in_time
        )
        return [each.validation_loss for each in epochs]

    assert np.argmin(losses(in_time=True)) < np.argmin(losses(in_time=False))


def test_load_balancing_evens_out_the_use_of_experts(rows):
    def unevenness(balance):
        network, _ = train(rows, "expert_network", balance=balance, most_epochs=8)
        used = (network.shares(rows[0]) > 0).mean(axis=0) / 2
        return used.max() - used.min()

    assert unevenness(0.5) < unevenness(0.0)


def test_rows_of_one_outcome_are_refused(rows):
    with pytest.raises(DataError, match="0 of them bad"):
        train((rows[0], np.zeros(len(rows[0]))))


def test_what_is_out_of_range_is_named():
    with pytest.raises(ConfigError, match=r"dropout = 1.5, device = 'tpu'"):
        Shape.of(NETWORK_DEFAULTS["residual_network"] | {"dropout": 1.5, "device": "tpu"})
