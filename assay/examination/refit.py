"""Fit a version again from what its manifest says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Self, TypeAlias, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from assay.bundle import Manifest
from assay.contract import Contract
from assay.errors import BundleError
from assay.features import design_matrix
from assay.models import (
    ALGORITHMS,
    Algorithm,
    Calibrator,
    logistic_calibration,
    onnx_graph,
    unfitted_pipeline,
)
from assay.models.estimators import fitted_on_matrix, log_odds_of_matrix
from assay.models.split import Split, split_rows

Floats: TypeAlias = NDArray[np.float64]

_SHARES = ("holdout_share", "calibration_share")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides a fit: algorithm, parameters, seed and shares of the split."""

    algorithm: Algorithm
    parameters: dict[str, float | int | str]
    seed: int
    holdout_share: float
    calibration_share: float

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """Return the recipe that a manifest states.

        Raises
        ------
        BundleError
            If the manifest lacks a share or names an algorithm that there is not.
        """
        absent = [name for name in _SHARES if not manifest.parameters.get(name)]
        if absent or manifest.algorithm not in ALGORITHMS:
            raise BundleError(
                f"the manifest of {manifest.model_name!r} says algorithm "
                f"{manifest.algorithm!r} and lacks {', '.join(absent) or 'nothing'}; it "
                "cannot be fitted again: train it with this release"
            )
        known = {
            name: cast("float | int | str", value)
            for name, value in manifest.parameters.items()
            if name not in _SHARES
        }
        shares = {name: float(manifest.parameters[name] or 0) for name in _SHARES}
        return cls(manifest.algorithm, known, manifest.seed, **shares)

    def split(self, frame: pd.DataFrame, contract: Contract) -> Split:
        """Return the split of the snapshot that the version was fitted on."""
        return split_rows(
            frame,
            contract,
            holdout_share=self.holdout_share,
            calibration_share=self.calibration_share,
            seed=self.seed,
        )

    def pipeline(self, contract: Contract, matrix: Floats, labels: Floats) -> Pipeline:
        """Return the pipeline fitted on a design matrix of the contract's features."""
        unfitted = unfitted_pipeline(
            self.algorithm, contract, self.parameters, seed=self.seed
        )
        return fitted_on_matrix(unfitted, matrix, labels)


@dataclass(frozen=True, slots=True)
class Refit:
    """A second fit of a version.

    Attributes
    ----------
    contract : Contract
        What it was fitted under.
    pipeline : Pipeline
        From a typed frame to log-odds.
    calibrator : Calibrator
        From log-odds to probabilities.
    """

    contract: Contract
    pipeline: Pipeline
    calibrator: Calibrator

    @classmethod
    def on(
        cls, frame: pd.DataFrame, contract: Contract, recipe: Recipe, split: Split
    ) -> Self:
        """Fit on the training part of a split and calibrate on its calibration part."""
        labels = frame[contract.label.field].to_numpy(np.float64, na_value=np.nan)

        def part(rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
            return design_matrix(frame.iloc[rows], contract)[0], labels[rows]

        pipeline = recipe.pipeline(contract, *part(split.train))
        matrix, outcomes = part(split.calibration)
        calibrator = logistic_calibration(log_odds_of_matrix(pipeline, matrix), outcomes)
        return cls(contract, pipeline, calibrator)

    def probabilities(self, frame: pd.DataFrame) -> Floats:
        """Return calibrated probabilities of label 1 for typed rows, (n_rows,)."""
        matrix, _ = design_matrix(frame, self.contract)
        return self.calibrator.probabilities(log_odds_of_matrix(self.pipeline, matrix))

    def graph_digest(self) -> str:
        """Return the SHA-256 of this fit as an ONNX graph."""
        graph = onnx_graph(self.pipeline, self.calibrator, self.contract)
        return hashlib.sha256(graph).hexdigest()
