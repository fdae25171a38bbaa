"""The version under examination with everything that is measured on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.bundle import Bundle, Scorer
from assay.contract import Contract
from assay.errors import DataError
from assay.evaluation.slices import groups_of
from assay.examination.refit import Recipe
from assay.models.parity import feature_columns
from assay.models.split import Split
from assay.promotion.evidence import Origin

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A challenger, the rows that it was made from, and its scores on the holdout.

    Attributes
    ----------
    bundle : Bundle
        The version.
    gates : Contract
        The contract as it stands now, whose gates apply.
    frame : DataFrame
        The snapshot that the version was fitted on.
    recipe : Recipe
        What decides its fit.
    split : Split
        Row positions by use.
    scorer : Scorer
        Its graph, with golden rows checked.
    labels, probabilities : ndarray of shape (n_holdout,)
        Of the holdout.
    """

    bundle: Bundle
    gates: Contract
    frame: pd.DataFrame
    recipe: Recipe
    split: Split
    scorer: Scorer
    labels: Floats
    probabilities: Floats

    @classmethod
    def of(cls, bundle: Bundle, frame: pd.DataFrame, gates: Contract) -> Self:
        """Return the subject of a version and the snapshot that it was fitted on."""
        contract = bundle.contract
        if gates.label.field != contract.label.field:
            raise DataError(
                f"the version learned {contract.label.field!r} and the contract is now "
                f"about {gates.label.field!r}; train it again"
            )
        recipe = Recipe.of(bundle.manifest)
        split = recipe.split(frame, contract)
        holdout = frame.iloc[split.holdout]
        scorer = Scorer.of(bundle)
        return cls(
            bundle=bundle,
            gates=gates,
            frame=frame,
            recipe=recipe,
            split=split,
            scorer=scorer,
            labels=holdout[contract.label.field].to_numpy(np.float64),
            probabilities=scorer.probabilities(feature_columns(holdout, contract)),
        )

    @property
    def contract(self) -> Contract:
        """The contract that the version was made under."""
        return self.bundle.contract

    @property
    def threshold(self) -> float:
        """Probability at or above which the adverse action is taken."""
        return self.bundle.manifest.threshold

    @property
    def holdout(self) -> pd.DataFrame:
        """The rows that no fit and no choice has seen."""
        return self.frame.iloc[self.split.holdout]

    @property
    def approved(self) -> Flags:
        """Who gets the negative (not adverse) action on the holdout."""
        return self.probabilities < self.threshold

    def groups(self, field_name: str) -> list[tuple[str, Flags]]:
        """Return the groups of a protected field on the holdout; none if it is absent."""
        if field_name not in self.frame.columns:
            return []
        field = next(f for f in self.gates.fields if f.name == field_name)
        return list(groups_of(self.holdout[field_name], field))

    def stream(self, number: int) -> np.random.Generator:
        """Return the generator of one purpose; the same version draws the same."""
        return np.random.default_rng([self.bundle.manifest.seed, 100 + number])

    def origin(self, **more: str) -> Origin:
        """Return what figures of this version on its holdout come from."""
        manifest = self.bundle.manifest
        rows = hashlib.sha256(self.split.holdout.tobytes()).hexdigest()
        return Origin(
            {
                "challenger": self.bundle.digest,
                "snapshot": manifest.snapshot_digest,
                "holdout rows": rows,
                "contract": self.gates.digest,
                **more,
            }
        )
