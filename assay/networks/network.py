"""A trained network as arrays, and its forward pass in float64 with numpy alone.

The three kinds have one form. Members are residual networks of the same shape; a plain
network has one member, an ensemble averages its members, a mixture of experts weighs the
two that its gate chooses for a row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.networks.encoding import Encoding

Floats: TypeAlias = NDArray[np.float64]

TOP = 2
"""Experts that answer a row."""

CHUNK = 4096
"""Rows at a time, so that what lies between the layers stays small."""


@dataclass(frozen=True, slots=True)
class Network:
    """A residual network, or several, over the columns of an encoding.

    ``h = x W + b``, then for each block ``h = h + relu(relu(h) W' + b') W'' + b''``, then
    ``relu(h) w + c``: log-odds of label 1, by each member.

    Attributes
    ----------
    encoding : Encoding
        From a design matrix to the columns.
    entry, entry_bias : ndarray of shape (n_members, n_columns, width), (n_members, width)
        First layer.
    inner, outer : ndarray of shape (n_blocks, n_members, width, width)
        The two layers of each block.
    inner_bias, outer_bias : ndarray of shape (n_blocks, n_members, width)
        Their biases.
    leave, leave_bias : ndarray of shape (n_members, width), (n_members,)
        Last layer.
    gate, gate_bias : ndarray of shape (n_columns, n_members), (n_members,)
        What a mixture of experts chooses by; of shape (n_columns, 0) and (0,) where the
        members are averaged.
    """

    encoding: Encoding
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

    @property
    def n_members(self) -> int:
        """Residual networks in it."""
        return len(self.entry)

    @property
    def is_gated(self) -> bool:
        """True for a mixture of experts."""
        return len(self.gate_bias) > 0

    def calibrated(self, slope: float, intercept: float) -> Self:
        """Return the network whose log-odds are ``slope * log_odds + intercept``.

        The weights of members add up to 1, so both go into the last layer.
        """
        return replace(
            self,
            leave=self.leave * slope,
            leave_bias=self.leave_bias * slope + intercept,
        )

    def log_odds(self, matrix: Floats) -> Floats:
        """Return log-odds of label 1 for a design matrix, shape (n_rows,)."""
        found = np.empty(len(matrix))
        for start in range(0, len(matrix), CHUNK):
            chunk = slice(start, start + CHUNK)
            columns = self.encoding.encode(matrix[chunk])
            found[chunk] = self.of_entry(columns @ self.flat_entry() + self.flat_bias())
        return found

    def shares(self, matrix: Floats) -> Floats:
        """Return each member's weight in each row's answer, (n_rows, n_members)."""
        if not self.is_gated:
            return np.full((len(matrix), self.n_members), 1 / self.n_members)
        logits = self.encoding.encode(matrix) @ self.gate + self.gate_bias
        return top_shares(logits)

    def flat_entry(self) -> Floats:
        """Return all that is linear in the columns, (n_columns, n_entered).

        The first layers of the members side by side, then the gate.
        """
        n_members, n_columns, width = self.entry.shape
        entry = self.entry.transpose(1, 0, 2).reshape(n_columns, n_members * width)
        return np.hstack((entry, self.gate))

    def flat_bias(self) -> Floats:
        """Return the bias of `flat_entry`'s outputs."""
        return np.concatenate((self.entry_bias.ravel(), self.gate_bias))

    def of_entry(self, entered: Floats) -> Floats:
        """Return log-odds from the outputs of `flat_entry` with its bias, (n_rows,)."""
        n_members, width = self.entry_bias.shape
        split = n_members * width
        hidden = entered[:, :split].reshape(-1, n_members, width).transpose(1, 0, 2)
        for block in range(len(self.inner)):
            within = np.maximum(hidden, 0) @ self.inner[block]
            within += self.inner_bias[block][:, None]
            hidden = hidden + (
                np.maximum(within, 0) @ self.outer[block]
                + self.outer_bias[block][:, None]
            )
        answers = np.maximum(hidden, 0) @ self.leave[:, :, None]
        by_member = answers[:, :, 0].T + self.leave_bias
        if not self.is_gated:
            return np.asarray(by_member.mean(axis=1), dtype=np.float64)
        shares = top_shares(entered[:, split:])
        return np.asarray((shares * by_member).sum(axis=1), dtype=np.float64)


def top_shares(logits: Floats) -> Floats:
    """Return the softmax over the two largest logits of each row, 0 for the others.

    Examples
    --------
    >>> top_shares(np.array([[0.0, 5.0, 5.0]]))
    array([[0. , 0.5, 0.5]])
    """
    rows = np.arange(len(logits))[:, None]
    best = np.argsort(-logits, axis=1, kind="stable")[:, :TOP]
    weights = np.exp(logits[rows, best] - logits[rows, best[:, :1]])
    shares = np.zeros_like(logits)
    shares[rows, best] = weights / weights.sum(axis=1, keepdims=True)
    return shares
