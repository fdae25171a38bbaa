"""What the features of a version looked like together, and whether they still do."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from assay.contract import Contract
from assay.errors import BundleError, DataError
from assay.features import design_matrix
from assay.monitoring.distances import (
    Axes,
    ClassifierDrift,
    ColumnDrift,
    classifier_drift,
    number_drift,
    principal_axes,
    reconstruction_errors,
)
from assay.monitoring.profile.columns import Floats, NumberProfile
from assay.monitoring.profile.document import UNREADABLE, arrays_bytes

JOINT = "joint.npz"
TOGETHER = "all features together"
"""Name of the reconstruction error among the columns."""

SAMPLE_ROWS = 2_000
MOST_WINDOW_ROWS = 10_000
_PARTS = ("values", "ranks", "edges", "counts")


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """Principal axes of the reference, and a sample of it to tell a window from.

    Attributes
    ----------
    axes : Axes
        With the reconstruction errors of rows that they were not fitted on.
    sample : ndarray of shape (n_sample, n_features)
        Encoded features (`assay.features.design_matrix`) of at most 2,000 rows, to
        single precision: no identifier, no protected field.
    """

    axes: Axes
    sample: Floats


def joint_reference(
    frame: pd.DataFrame, contract: Contract, rng: np.random.Generator
) -> Joint:
    """Return what the features of these rows look like together.

    Parameters
    ----------
    frame : DataFrame of n_rows
        Typed rows that no tree was grown on.
    contract : Contract
        Names the features.
    rng : Generator
        Draws the halves of the axes and the sample.

    Raises
    ------
    DataError
        If there are fewer than 100 rows, or a feature is a free text.
    """
    matrix = _matrix(frame, contract)
    axes = principal_axes(matrix, rng)
    kept = np.sort(rng.permutation(len(matrix))[:SAMPLE_ROWS])
    return Joint(axes, _single(matrix[kept]))


def joint_drift(joint: Joint, frame: pd.DataFrame, contract: Contract) -> ColumnDrift:
    """Return how far the window's reconstruction errors lie from the reference's.

    They are one more numeric column, ``"all features together"``, for the same
    calibrated alarm: they move where what the features have in common moves, also where
    no single one does.

    Raises
    ------
    DataError
        If the window has other features.
    """
    errors = reconstruction_errors(joint.axes, _matrix(frame, contract))
    return number_drift(TOGETHER, joint.axes.errors, errors)


def told_apart(
    joint: Joint, frame: pd.DataFrame, contract: Contract, rng: np.random.Generator
) -> ClassifierDrift | None:
    """Return how well boosted trees tell the window from the kept sample.

    Of a larger window 10,000 rows are drawn. None where a side has too few rows.
    """
    window = _single(_matrix(frame, contract))
    if len(window) > MOST_WINDOW_ROWS:
        window = window[np.sort(rng.permutation(len(window))[:MOST_WINDOW_ROWS])]
    try:
        return classifier_drift(joint.sample, window, rng)
    except DataError:
        return None


def joint_bytes(joint: Joint) -> bytes:
    """Return the axes and the sample as an .npz file; the same bytes for the same."""
    axes, errors = joint.axes, joint.axes.errors
    return arrays_bytes(
        {
            "centre": axes.centre.astype("<f8"),
            "scale": axes.scale.astype("<f8"),
            "axes": axes.axes.astype("<f8"),
            "sample": joint.sample.astype("<f4"),
            "missing": np.array([errors.n_missing, errors.rank_error], dtype="<f8"),
            **{part: getattr(errors, part) for part in _PARTS},
        }
    )


def read_joint(content: bytes) -> Joint:
    """Return the axes and the sample of a file whose digest was checked.

    Raises
    ------
    BundleError
        If the file does not read or disagrees with itself.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            held = {name: np.asarray(archive[name]) for name in archive.files}
        n_missing, rank_error = held["missing"].tolist()
        errors = NumberProfile(
            **{part: held[part] for part in _PARTS},
            n_missing=int(n_missing),
            rank_error=rank_error,
        )
        axes = Axes(held["centre"], held["scale"], held["axes"], errors)
        widths = {held[part].shape[-1] for part in ("centre", "scale", "axes", "sample")}
        if len(widths) != 1:
            raise ValueError(f"its parts have {sorted(widths)} features")
    except UNREADABLE as error:
        raise BundleError(f"{JOINT} does not read: {error}") from error
    return Joint(axes, held["sample"].astype(np.float64))


def _matrix(frame: pd.DataFrame, contract: Contract) -> Floats:
    matrix, _ = design_matrix(frame, contract)
    if matrix.dtype == object:
        raise DataError("a free text has no place among axes; its length is watched")
    return np.asarray(matrix, dtype=np.float64)


def _single(values: ArrayLike) -> Floats:
    """Return values as single precision holds them, on both sides of the classifier."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)
