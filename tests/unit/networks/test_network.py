"""Networks: network."""

import numpy as np
import pytest
import torch

from assay.networks.encoding import fit_encoding
from assay.networks.modules import Members, combined, to_network
from assay.networks.network import top_shares
from assay.networks.parameters import KINDS
from tests.unit.networks.conftest import CATEGORIES, small


@pytest.fixture(params=KINDS)
def pair(request, rows):
    """Return a module of each kind with weights as drawn, and its arrays."""
    torch.manual_seed(3)
    encoding = fit_encoding(rows[0], CATEGORIES, 8)
    module = Members(request.param, small(request.param), encoding).eval()
    return module, to_network(module, encoding)


def test_the_arrays_score_as_torch_does_in_float64(pair, rows):
    module, network = pair
    with torch.no_grad():
        doubled = module.double()
        theirs = combined(*doubled(torch.as_tensor(rows[0]))).numpy()
    # The module's edges are float32: its columns differ by their rounding.
    assert np.abs(network.log_odds(rows[0]) - theirs).max() < 1e-5


def test_calibration_goes_into_the_last_layer(pair, rows):
    _, network = pair
    wanted = 1.7 * network.log_odds(rows[0]) - 0.4
    found = network.calibrated(1.7, -0.4).log_odds(rows[0])
    assert np.allclose(found, wanted, rtol=0, atol=1e-12)


def test_shares_of_members_add_up_to_one(pair, rows):
    _, network = pair
    shares = network.shares(rows[0])
    assert shares.shape == (len(rows[0]), network.n_members)
    assert np.allclose(shares.sum(axis=1), 1)
    if network.is_gated:
        assert ((shares > 0).sum(axis=1) == 2).all()


def test_members_of_an_ensemble_answer_differently(rows):
    torch.manual_seed(3)
    encoding = fit_encoding(rows[0], CATEGORIES, 8)
    module = Members("network_ensemble", small("network_ensemble"), encoding).eval()
    with torch.no_grad():
        answers, _ = module(torch.as_tensor(rows[0], dtype=torch.float32))
    assert answers.std(dim=1).min() > 0


def test_top_shares_is_the_softmax_of_the_two_best():
    found = top_shares(np.array([[1.0, 3.0, 2.0, -1.0]]))
    share = 1 / (1 + np.exp(-1))
    assert np.allclose(found, [[0, share, 1 - share, 0]])
