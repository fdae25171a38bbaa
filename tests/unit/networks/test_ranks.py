"""Two processes end where one does."""

import numpy as np
import pytest

from assay.errors import DataError
from assay.networks.watching import Watch
from tests.unit.networks.test_training import train


@pytest.mark.slow
def test_two_gloo_ranks_end_at_the_weights_of_one(rows):
    heard = []
    changes = {"dropout": 0.0, "most_epochs": 2}
    alone, epochs = train(rows, **changes)
    both, curve = train(rows, ranks=2, watch=Watch(listen=heard.append), **changes)
    # Sums in another order: Adam's steps are as large where a gradient is all rounding,
    # so single weights may part by a step (0.001); on the whole they agree.
    assert np.abs(both.entry - alone.entry).mean() < 5e-5
    assert np.abs(both.log_odds(rows[0]) - alone.log_odds(rows[0])).max() < 5e-3
    assert [each.validation_loss for each in curve] == pytest.approx(
        [each.validation_loss for each in epochs], abs=1e-4
    )
    assert tuple(heard) == curve
    # It has learned: not both are where they began.
    start, _ = train(rows, dropout=0.0, most_epochs=1)
    assert np.abs(alone.entry - start.entry).max() > 1e-3


@pytest.mark.slow
def test_experts_in_two_ranks_end_at_the_weights_of_one(rows):
    # A strong balance and 3 rows more than a whole number of batches: a loss that counts
    # the use of experts by rank, or draws the gate's noise by rank, ends elsewhere.
    given = rows[0][:1003], rows[1][:1003]
    changes = {"dropout": 0.0, "most_epochs": 3, "balance": 2.0, "batch_rows": 64}
    alone, epochs = train(given, "expert_network", **changes)
    both, curve = train(given, "expert_network", ranks=2, **changes)
    assert np.abs(both.gate - alone.gate).mean() < 5e-5
    assert np.abs(both.entry - alone.entry).mean() < 5e-5
    assert np.abs(both.log_odds(rows[0]) - alone.log_odds(rows[0])).mean() < 1e-3
    for ours, theirs in zip(curve, epochs, strict=True):
        assert ours.training_loss == pytest.approx(theirs.training_loss, abs=1e-4)
        assert ours.validation_loss == pytest.approx(theirs.validation_loss, abs=1e-4)


@pytest.mark.slow
def test_a_rank_that_fails_says_why(rows):
    with pytest.raises(DataError, match="0 of them bad"):
        train((rows[0], np.zeros(len(rows[0]))), ranks=2)
