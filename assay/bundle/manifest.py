"""The manifest of a bundle: where a version came from and what it reached."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from assay.contract.model import ModelName

FORMAT: Literal[1] = 1
Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class MetricValue(BaseModel):
    """A metric with its 95 % interval; `low` and `high` equal `value` where exact."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: float
    low: float
    high: float


class Manifest(BaseModel):
    """Provenance of a version. It holds no clock time and no run id: same in, same out.

    Attributes
    ----------
    format : int
        Layout of the bundle; a reader refuses one that it does not know.
    model_name : str
        The model, which is also the contract's name.
    algorithm : str
        Name of the estimator.
    parameters : mapping
        What the estimator was made with.
    threshold : float in (0, 1)
        Probability at or above which the contract's positive action is taken.
    seed : int
        Seed of every random choice.
    n_rows : mapping of str to int
        Rows by use: ``train``, ``calibration``, ``holdout``, ``unlabelled``.
    metrics : mapping of str to MetricValue
        Measured on the holdout, or named for where (``cv_auc``).
    contract_digest, snapshot_digest, code_revision, lock_digest : str
        What it was made from.
    library_versions : mapping of str to str
        Libraries that shaped the result.
    files : mapping of str to str
        SHA-256 of each other file of the bundle.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal[1] = FORMAT
    model_name: ModelName
    algorithm: str
    parameters: dict[str, float | int | str | bool | None]
    threshold: Annotated[float, Field(gt=0, lt=1)]
    seed: int
    n_rows: dict[str, Annotated[int, Field(ge=0)]]
    metrics: dict[str, MetricValue]
    contract_digest: Sha256
    snapshot_digest: Sha256
    code_revision: str
    lock_digest: Sha256
    library_versions: dict[str, str]
    files: dict[str, Sha256] = {}
