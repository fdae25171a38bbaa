"""The networks in torch, with the weights that training moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from assay.networks.encoding import Encoding
from assay.networks.network import TOP, Network
from assay.networks.parameters import Kind, Shape
from assay.networks.together import mean_over_rows


class Columns(nn.Module):  # type: ignore[misc] # torch is untyped here
    """`Encoding.encode` on the device that the rows are on."""

    def __init__(self, encoding: Encoding) -> None:
        super().__init__()
        for name in ("numeric", "flagged", "coded"):
            self.register_buffer(name, torch.as_tensor(getattr(encoding, name)))
        for name in ("starts", "widths", "codes"):
            values = torch.as_tensor(getattr(encoding, name), dtype=torch.float32)
            self.register_buffer(name, values)

    def forward(self, rows: Any) -> Any:  # noqa: ANN401 # a tensor
        """Return the columns of rows, shape (n_rows, n_columns)."""
        passed = ((rows[:, self.numeric] - self.starts) / self.widths).clamp(0.0, 1.0)
        missing = torch.isnan(rows[:, self.flagged])
        coded = rows[:, self.coded] == self.codes
        return torch.cat((torch.nan_to_num(passed), missing, coded), dim=1)


class Layer(nn.Module):  # type: ignore[misc] # torch is untyped here
    """A linear layer of every member at once.

    Members of an ensemble share one matrix, which each scales on both sides (Gorishniy,
    Kotelnikov, Babenko, "TabM", 2024, after Wen, Tran, Ba, "BatchEnsemble", 2020);
    otherwise each member has its own.
    """

    def __init__(
        self, n_members: int, n_in: int, n_out: int, *, shared: bool, first: bool
    ) -> None:
        super().__init__()
        reach = n_in**-0.5
        n_own = 1 if shared else n_members
        self.matrix = nn.Parameter(
            torch.empty(n_own, n_in, n_out).uniform_(-reach, reach)
        )
        self.bias = nn.Parameter(torch.empty(n_members, n_out).uniform_(-reach, reach))
        self.shared = shared
        if shared:
            signs = torch.randint(0, 2, (n_members, n_in)).float() * 2 - 1
            self.scale_in = nn.Parameter(signs if first else torch.ones(n_members, n_in))
            self.scale_out = nn.Parameter(torch.ones(n_members, n_out))

    def folded(self) -> Any:  # noqa: ANN401 # a tensor
        """Return each member's matrix, shape (n_members, n_in, n_out)."""
        if not self.shared:
            return self.matrix
        return self.scale_in[:, :, None] * self.matrix * self.scale_out[:, None, :]

    def forward(self, values: Any) -> Any:  # noqa: ANN401 # a tensor
        """Return (n_members, n_rows, n_out) of (n_members, n_rows, n_in)."""
        if not self.shared:
            return torch.baddbmm(self.bias[:, None], values, self.matrix)
        n_members, n_rows, n_in = values.shape
        scaled = (values * self.scale_in[:, None]).reshape(n_members * n_rows, n_in)
        out = (scaled @ self.matrix[0]).reshape(n_members, n_rows, -1)
        return out * self.scale_out[:, None] + self.bias[:, None]


class Members(nn.Module):  # type: ignore[misc] # torch is untyped here
    """A `Network` whose weights can be trained; `to_network` gives the arrays."""

    def __init__(self, kind: Kind, shape: Shape, encoding: Encoding) -> None:
        super().__init__()
        n_columns, width = len(encoding.owners), shape.width
        shared = kind == "network_ensemble"

        def layer(n_in: int, n_out: int, *, first: bool = False) -> Layer:
            return Layer(shape.members, n_in, n_out, shared=shared, first=first)

        self.columns = Columns(encoding)
        self.entry = layer(n_columns, width, first=True)
        self.inner = nn.ModuleList([layer(width, width) for _ in range(shape.blocks)])
        self.outer = nn.ModuleList([layer(width, width) for _ in range(shape.blocks)])
        self.leave = Layer(shape.members, width, 1, shared=False, first=False)
        self.is_gated = kind == "expert_network"
        if self.is_gated:
            self.gate = nn.Linear(n_columns, shape.members)
            self.noise = nn.Linear(n_columns, shape.members)
            nn.init.zeros_(self.noise.weight)
            nn.init.zeros_(self.noise.bias)
        self.kind, self.shape, self.dropout = kind, shape, shape.dropout

    def forward(self, rows: Any, noise: Any = None) -> tuple[Any, Any]:  # noqa: ANN401 # tensors
        """Return log-odds by member, (n_rows, n_members), and gate logits or None.

        Parameters
        ----------
        rows : tensor of shape (n_rows, n_features)
            As the encoding takes them.
        noise : tensor of shape (n_rows, n_members), optional
            What makes a gate noisy in training; drawn here where none is given.
        """
        columns = self.columns(rows)
        hidden = self.entry(columns.expand(self.shape.members, -1, -1))
        for inner, outer in zip(self.inner, self.outer, strict=True):
            within = functional.relu(inner(functional.relu(hidden)))
            within = functional.dropout(within, self.dropout, self.training)
            hidden = hidden + outer(within)
        answers = self.leave(functional.relu(hidden))[:, :, 0].T
        if not self.is_gated:
            return answers, None
        logits = self.gate(columns)
        if self.training:
            spread = functional.softplus(self.noise(columns)) + 1e-2
            drawn = torch.randn_like(logits) if noise is None else noise
            logits = logits + drawn * spread
        return answers, logits


def loss_of(answers: Any, logits: Any, labels: Any, balance: float) -> Any:  # noqa: ANN401 # tensors
    """Return the log loss that training lowers.

    Members of an ensemble are each judged alone, so that they stay different. Experts
    are judged together, weighed by the gate, with the load-balancing loss
    ``n * sum(share of rows * mean gate probability)`` of Fedus, Zoph, Shazeer, "Switch
    Transformers", 2022 (here a row counts for both experts that answer it). In several
    ranks the share of rows is that of the whole batch; the mean probability is each
    rank's own, which averaged over ranks gives the whole batch's gradient.
    """
    if logits is None:
        wanted = labels[:, None].expand_as(answers)
        return functional.binary_cross_entropy_with_logits(answers, wanted)
    mixed = combined(answers, logits)
    loss = functional.binary_cross_entropy_with_logits(mixed, labels)
    chosen = torch.zeros_like(logits).scatter(1, logits.topk(TOP, dim=1).indices, 1.0)
    used = mean_over_rows(chosen) / TOP
    wanted = torch.softmax(logits, dim=1).mean(dim=0)
    return loss + balance * logits.shape[1] * (used * wanted).sum()


def combined(answers: Any, logits: Any) -> Any:  # noqa: ANN401 # tensors
    """Return one log-odds a row, as `Network.of_entry` does."""
    if logits is None:
        return answers.mean(dim=1)
    best, places = logits.topk(TOP, dim=1)
    return (torch.softmax(best, dim=1) * answers.gather(1, places)).sum(dim=1)


def to_network(module: Members, encoding: Encoding) -> Network:
    """Return the weights as float64 arrays; exact, as a float32 is a float64."""

    def array(tensor: Any) -> Any:  # noqa: ANN401 # tensor to ndarray
        return tensor.detach().to("cpu", torch.float64).numpy()

    def stack(tensors: list[Any], *shape: int) -> Any:  # noqa: ANN401 # arrays
        return np.stack([array(t) for t in tensors]) if tensors else np.empty((0, *shape))

    shape = module.shape
    sizes = (shape.members, shape.width)
    n_columns = len(encoding.owners)
    return Network(
        encoding=encoding,
        entry=array(module.entry.folded()),
        entry_bias=array(module.entry.bias),
        inner=stack([layer.folded() for layer in module.inner], *sizes, shape.width),
        inner_bias=stack([layer.bias for layer in module.inner], *sizes),
        outer=stack([layer.folded() for layer in module.outer], *sizes, shape.width),
        outer_bias=stack([layer.bias for layer in module.outer], *sizes),
        leave=array(module.leave.folded())[:, :, 0],
        leave_bias=array(module.leave.bias)[:, 0],
        gate=array(module.gate.weight.T.contiguous())
        if module.is_gated
        else np.empty((n_columns, 0)),
        gate_bias=array(module.gate.bias) if module.is_gated else np.empty(0),
    )
