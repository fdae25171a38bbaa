"""What the ranks of one training do together; alone, each is the plain thing."""

from __future__ import annotations

from typing import Any

import torch
from torch import distributed


def is_first() -> bool:
    """Return whether this process is the one that speaks."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


def own_part(batch: Any) -> tuple[Any, float]:  # noqa: ANN401 # a tensor
    """Return this rank's rows of a batch and what its loss counts.

    The mean over ranks of what they count times their loss is the loss of the batch. A
    batch of fewer rows than ranks is taken whole by each.
    """
    if not distributed.is_initialized():
        return batch, 1.0
    n_ranks = distributed.get_world_size()
    if len(batch) < n_ranks:
        return batch, 1.0
    own = batch[distributed.get_rank() :: n_ranks]
    return own, len(own) * n_ranks / len(batch)


def mean_over_rows(own: Any) -> Any:  # noqa: ANN401 # a tensor
    """Return the mean over the rows of all ranks, without a gradient.

    Parameters
    ----------
    own : tensor of shape (n_rows, n_columns)
        The rows of this rank.
    """
    sums = own.detach().sum(dim=0)
    if not distributed.is_initialized():
        return sums / len(own)
    told = torch.cat((sums, sums.new_tensor([len(own)])))
    distributed.all_reduce(told)
    return told[:-1] / told[-1]


def mean_over_ranks(own: Any) -> Any:  # noqa: ANN401 # a tensor
    """Return the mean of what each rank gives."""
    if not distributed.is_initialized():
        return own
    told = own.detach().clone()
    distributed.all_reduce(told)
    return told / distributed.get_world_size()


class GateNoise:
    """The draws that make a gate noisy, the same whatever the number of ranks.

    Every rank draws for all rows of a batch from a generator in the same state and takes
    those of its own rows.

    Parameters
    ----------
    device : torch.device
        That the rows are on; the generator starts where this device's stands.
    n_members : int
        Experts.
    """

    def __init__(self, device: torch.device, n_members: int) -> None:
        self._generator = torch.Generator(device)
        standing = (
            torch.cuda.get_rng_state(device)
            if device.type == "cuda"
            else torch.get_rng_state()
        )
        self._generator.set_state(standing)
        self._device, self._n_members = device, n_members

    def of(self, n_rows: int, dtype: torch.dtype) -> Any:  # noqa: ANN401 # a tensor
        """Return standard normal draws for this rank's rows of a batch of `n_rows`."""
        drawn = torch.randn(
            (n_rows, self._n_members),
            generator=self._generator,
            device=self._device,
            dtype=dtype,
        )
        return drawn[own_part(torch.arange(n_rows))[0].to(self._device)]
