"""The explainer of a version as one file of its bundle: plain arrays, no pickle."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from assay.contract import Contract
from assay.errors import BundleError
from assay.reasons.explainer import Explainer, Table
from assay.reasons.linear import LinearTable
from assay.reasons.networks import NetworkTable
from assay.reasons.trees import TreeTable

REASONS = "reasons.npz"

_KINDS: Mapping[str, type[Table]] = {
    "trees": TreeTable,
    "linear": LinearTable,
    "network": NetworkTable,
}
_OLDEST = (1980, 1, 1, 0, 0, 0)
_UNREADABLE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError),
    *(IndexError, StopIteration, zipfile.BadZipFile),
)


def explainer_bytes(explainer: Explainer) -> bytes:
    """Return the explainer as an .npz file; the same explainer gives the same bytes."""
    kind = next(k for k, made in _KINDS.items() if isinstance(explainer.table, made))
    arrays = {f"{kind}/{key}": value for key, value in asdict(explainer.table).items()}
    arrays["usual"] = explainer.usual
    return npz_bytes(arrays)


def npz_bytes(arrays: Mapping[str, Any]) -> bytes:
    """Return arrays as an .npz file; the same arrays give the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, value in sorted(arrays.items()):
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=_OLDEST)
            entry.create_system = 3  # else it would name the machine it was made on
            array = io.BytesIO()
            np.save(array, _little_endian(np.asarray(value)), allow_pickle=False)
            archive.writestr(entry, array.getvalue())
    return content.getvalue()


def read_explainer(
    content: bytes,
    contract: Contract,
    rows: Sequence[Mapping[str, Any]],
    probabilities: Sequence[float],
) -> Explainer:
    """Return the explainer of a file, proven on rows whose probabilities are known.

    Parameters
    ----------
    content : bytes
        From `explainer_bytes`; its digest is the bundle's to check.
    contract : Contract
        The version's contract.
    rows, probabilities
        Golden rows of the version.

    Raises
    ------
    BundleError
        If the file does not read, or its contributions do not add up to the
        probabilities.
    """
    try:
        arrays = arrays_of(content, REASONS)
        usual = arrays.pop("usual")
        kind = next(iter(arrays)).split("/")[0]
        found = {name.partition("/")[2]: array for name, array in arrays.items()}
        plain = {k: v.item() if v.ndim == 0 else v for k, v in found.items()}
        explainer = Explainer.of(_KINDS[kind](**plain), usual, contract)
        explainer.check(rows, probabilities)
    except BundleError:
        raise
    except _UNREADABLE as error:
        raise BundleError(f"{REASONS} does not read: {error}") from error
    return explainer


def arrays_of(content: bytes, name: str) -> dict[str, Any]:
    """Return the arrays of an .npz file without pickle.

    Raises
    ------
    BundleError
        If it does not read; the message names the file.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except _UNREADABLE as error:
        raise BundleError(f"{name} does not read: {error}") from error


def _little_endian(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array.astype(array.dtype.newbyteorder("<"), copy=False)
