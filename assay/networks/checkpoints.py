"""The state of a training on disk, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
State: TypeAlias = dict[str, Any]


def fingerprint(
    matrix: Floats, labels: Floats, recipe: Mapping[str, float | int | str]
) -> str:
    """Return the SHA-256 of all that decides a training, 64 hexadecimal digits."""
    digest = hashlib.sha256(repr(sorted(recipe.items())).encode())
    for array in (matrix, labels):
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save_state(path: Path, state: State) -> None:
    """Write a state in one step: a kill leaves the state before or this one."""
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def read_state(path: Path, training: str) -> State | None:
    """Return the state that a training left, or None where it left none.

    Parameters
    ----------
    path : Path
        Where `save_state` wrote.
    training : str
        Fingerprint of the training that asks.

    Raises
    ------
    DataError
        If the file does not read, or another training left it.
    """
    import torch

    if not path.exists():
        return None
    try:
        state: State = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise DataError(
            f"checkpoint {path} does not read: {error}; delete it to train anew"
        ) from error
    if state.get("training") != training:
        raise DataError(
            f"checkpoint {path} is of another training, with other rows or parameters; "
            "delete it or name another file"
        )
    return state
