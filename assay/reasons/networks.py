"""Shapley values of a network, by orders of its features against rows of the baseline."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.networks.encoding import Encoding
from assay.networks.network import Network

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

N_BACKGROUND = 32
"""Rows of the baseline; each is used with one order and its reverse."""


@dataclass(frozen=True, slots=True)
class NetworkTable:
    """A network, rows that stand for the baseline, and the orders that are walked.

    Attributes
    ----------
    numeric, starts, widths, flagged, coded, codes
        See `Encoding`.
    entry, entry_bias, inner, inner_bias, outer, outer_bias, leave, leave_bias, gate, \
gate_bias
        See `Network`; calibrated.
    background : ndarray of shape (n_background, n_features)
        Rows of the design matrix.
    orders : ndarray of shape (n_background, n_features)
        For each of them an order of the features.
    expected : float
        Mean log-odds of the background.
    n_features : int
        Columns of the design matrix.

    Notes
    -----
    For each background row, features move from it to the row that is explained, one by
    one in an order and once more in the reverse; what the log-odds move by is the
    feature's. The mean over rows and orders is unbiased for the interventional Shapley
    value, and adds up exactly to the row's log-odds less `expected`, whatever the
    number of orders. All that enters the network is linear in the features' columns, so
    a walk is a running sum before the first non-linearity.

    References
    ----------
    E. Strumbelj, I. Kononenko, "Explaining prediction models and individual predictions
    with feature contributions", Knowledge and Information Systems, 2014, algorithm 2;
    R. Mitchell, J. Cooper, E. Frank, G. Holmes, "Sampling permutations for Shapley
    value estimation", JMLR, 2022 (an order with its reverse).
    """

    numeric: Ints
    starts: Floats
    widths: Floats
    flagged: Ints
    coded: Ints
    codes: Floats
    entry: Floats
    entry_bias: Floats
    inner: Floats
    inner_bias: Floats
    outer: Floats
    outer_bias: Floats
    leave: Floats
    leave_bias: Floats
    gate: Floats
    gate_bias: Floats
    background: Floats
    orders: Ints
    expected: float
    n_features: int

    @property
    def network(self) -> Network:
        """The network as it scores."""
        encoding = {each.name: getattr(self, each.name) for each in fields(Encoding)}
        weights = {
            each.name: getattr(self, each.name)
            for each in fields(Network)
            if each.name != "encoding"
        }
        return Network(encoding=Encoding(**encoding), **weights)

    def contributions(self, matrix: Floats) -> Floats:
        """Return calibrated log-odds by feature, shape (n_rows, n_features)."""
        return np.asarray(self._walked(matrix).mean(axis=1), dtype=np.float64)

    def errors(self, matrix: Floats) -> Floats:
        """Return the standard error of each contribution, shape (n_rows, n_features).

        It is of the mean over background rows with their orders: how far the
        contributions would move with other rows and orders.
        """
        walked = self._walked(matrix)
        spread = walked.std(axis=1, ddof=1)
        return np.asarray(spread / np.sqrt(len(self.background)), dtype=np.float64)

    def _walked(self, matrix: Floats) -> Floats:
        """Return contributions by row, background row and feature."""
        network = self.network
        entry, bias = network.flat_entry(), network.flat_bias()
        of_background = _by_feature(network.encoding, entry, self.background)
        found = np.empty((len(matrix), len(self.background), self.n_features))
        for row in range(len(matrix)):
            of_row = _by_feature(network.encoding, entry, matrix[row : row + 1])
            found[row] = self._of_row(network, bias, of_row[0], of_background)
        return found

    def _of_row(
        self, network: Network, bias: Floats, of_row: Floats, of_background: Floats
    ) -> Floats:
        moves = of_row - of_background
        begin = of_background.sum(axis=1) + bias
        steps = np.take_along_axis(moves, self.orders[:, :, None], axis=1)
        ahead = begin[:, None] + np.cumsum(steps, axis=1)
        # Forwards, the features up to one have moved; in the reverse, those after it:
        # their sum is the end less the forward sum.
        end = (bias + of_row.sum(axis=0))[None, None]
        behind = end + begin[:, None] - ahead[:, :-1]
        last_step = np.broadcast_to(end, begin[:, None].shape)
        walks = (begin[:, None], ahead[:, :-1], behind, last_step)
        counts = [each.shape[1] for each in walks]
        flat = np.concatenate([each.reshape(-1, each.shape[2]) for each in walks])
        sizes = [len(self.background) * count for count in counts]
        parts = np.split(network.of_entry(flat), np.cumsum(sizes)[:-1])
        first, middle, reverse, last = (
            part.reshape(len(self.background), count)
            for part, count in zip(parts, counts, strict=True)
        )
        forwards = np.diff(np.hstack((first, middle, last)), axis=1)
        # `reverse[k]` has moved all but the first k + 1 features of the order.
        backwards = -np.diff(np.hstack((last, reverse, first)), axis=1)
        found = np.empty_like(forwards)
        np.put_along_axis(found, self.orders, (forwards + backwards) / 2, axis=1)
        return found


def network_table(network: Network, matrix: Floats, *, seed: int) -> NetworkTable:
    """Return what explains a network's decisions.

    Parameters
    ----------
    network : Network
        Calibrated: its log-odds are the version's.
    matrix : ndarray of shape (n_rows, n_features)
        Training rows. The background is drawn from them in equal steps of their rank by
        log-odds, so that its mean is near theirs.
    seed : int
        Of the orders.
    """
    rng = np.random.default_rng([seed, 5])
    log_odds = network.log_odds(matrix)
    ranks = (np.arange(N_BACKGROUND) + 0.5) / N_BACKGROUND * len(matrix)
    chosen = np.argsort(log_odds, kind="stable")[ranks.astype(np.int64)]
    n_features = matrix.shape[1]
    orders = np.stack([rng.permutation(n_features) for _ in range(N_BACKGROUND)])
    weights = {
        each.name: getattr(network, each.name)
        for each in fields(Network)
        if each.name != "encoding"
    }
    encoding = {
        each.name: getattr(network.encoding, each.name) for each in fields(Encoding)
    }
    return NetworkTable(
        **weights,
        **encoding,
        background=matrix[chosen],
        orders=orders.astype(np.int64),
        expected=float(log_odds[chosen].mean()),
    )


def _by_feature(encoding: Encoding, entry: Floats, matrix: Floats) -> Floats:
    """Return what each feature adds before the first non-linearity.

    Shape (n_rows, n_features, n_entered).
    """
    columns, owners = encoding.encode(matrix), encoding.owners
    found = np.zeros((len(matrix), encoding.n_features, entry.shape[1]))
    for feature in np.unique(owners):
        own = owners == feature
        found[:, feature] = columns[:, own] @ entry[own]
    return found
