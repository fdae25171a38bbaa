"""A champion that is loaded: proven on its golden rows, ready to decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from assay.bundle import Bundle, Scorer, SessionApart
from assay.contract import Contract
from assay.contract import Field as ContractField
from assay.contract.request import request_model, row_values
from assay.errors import BundleError
from assay.reasons import REASONS, Explainer, Reason, read_explainer
from assay.reasons.lookup import TreeLookup
from assay.reasons.quoting import TextExplainer, TextReason
from assay.reasons.trees import TreeTable
from serving.scoring.columns import ColumnReader
from serving.scoring.decision import Forms, Names, Role, feature_names
from serving.scoring.engine import TreeEngine
from serving.scoring.reading import RowReader

Value = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class Champion:
    """One version that answers requests. Never changed: a reload makes another.

    Attributes
    ----------
    model_name, version : str
        Name in the registry, and the version's number there.
    bundle : Bundle
        The files, every digest checked.
    scorer : Scorer or None
        The graph, golden rows agreed; None where `engine` was proven to answer as it.
    explainer : Explainer or None
        Why a decision is adverse; None for a version that was made without.
    row_model, batch_model : type of BaseModel
        What `/score` and `/score/batch` accept.
    values : callable
        From a validated row to its values by field name.
    example : mapping
        A row that the contract accepts, as a request body.
    names : tuple of (str, tuple of str or None)
        The features' names, with their words where they have words.
    reader, columns, engine : RowReader, ColumnReader and TreeEngine, or None
        The short way from a body to a decision, where the version has one.
    forms : Forms
        The bytes of its answers and records.
    beside : Beside or None
        Who is tried or watched beside it; None where nobody is.
    text_explainer : TextExplainer or None
        Why a decision on a text is adverse; None for a version that reads none or was
        made without.
    """

    model_name: str
    version: str
    bundle: Bundle
    scorer: Scorer | None
    explainer: Explainer | None
    row_model: type[BaseModel]
    batch_model: type[BaseModel]
    values: Callable[[BaseModel], dict[str, Any]]
    example: Mapping[str, Value]
    names: Names
    reader: RowReader | None
    columns: ColumnReader | None
    engine: TreeEngine | None
    forms: Forms
    beside: Beside | None = None
    text_explainer: TextExplainer | None = None

    @property
    def gives_reasons(self) -> bool:
        """Whether its adverse decisions carry reasons."""
        return self.explainer is not None or self.text_explainer is not None

    @property
    def takes_long(self) -> bool:
        """Whether a decision, its own or its canary's, may keep other callers waiting."""
        canary = self.beside.canary if self.beside else None
        return self.text_explainer is not None or (
            canary is not None and canary.text_explainer is not None
        )

    def as_role(self, role: Role, beside: Beside | None = None) -> Champion:
        """Return the same version with answers and records that name another role."""
        forms = Forms.of(self.model_name, self.version, self.bundle, role)
        return replace(self, forms=forms, beside=beside)

    @property
    def contract(self) -> Contract:
        """The contract that the version was made under."""
        return self.bundle.contract

    @property
    def threshold(self) -> float:
        """Probability at or above which the positive action is taken."""
        return self.bundle.manifest.threshold

    def probabilities(self, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """Return the probability of label 1 of each row, shape (n_rows,).

        Raises
        ------
        BundleError
            If the graph's answer is no probability.
        """
        if self.engine is not None and self.explainer is not None:
            found = self.engine.probabilities(self.explainer.matrix(list(rows)))
        else:
            assert self.scorer is not None  # noqa: S101 # one of the two is there
            names = [field.name for field in self.contract.features]
            columns = {name: [row[name] for row in rows] for name in names}
            found = self.scorer.probabilities(columns)
        n_wrong = int(np.count_nonzero(~((found >= 0) & (found <= 1))))
        if n_wrong:
            raise BundleError(
                f"{n_wrong} of {len(found)} answers of {self.model_name!r} version "
                f"{self.version} are no probability; roll the version back"
            )
        return found

    def decision(self, probability: float) -> str:
        """Return the contract's action for a probability."""
        rule = self.contract.decision
        return (
            rule.positive_action
            if probability >= self.threshold
            else rule.negative_action
        )

    def reasons(
        self, rows: Sequence[Mapping[str, Any]], probabilities: Sequence[float]
    ) -> list[tuple[Reason, ...] | tuple[TextReason, ...] | None]:
        """Return at most four reasons a row; None where there are none to give.

        That is where the decision is not the adverse one, and in all rows of a version
        that was made without reasons.
        """
        found: list[tuple[Reason, ...] | tuple[TextReason, ...] | None]
        found = [None] * len(rows)
        adverse = [i for i, value in enumerate(probabilities) if value >= self.threshold]
        if self.explainer is not None and adverse:
            reasons = self.explainer.reasons([rows[i] for i in adverse])
            for position, of_row in zip(adverse, reasons, strict=True):
                found[position] = of_row
        if self.text_explainer is not None:
            for i in adverse:
                text = str(rows[i][self.text_explainer.field])
                found[i] = self.text_explainer.reasons(text, probabilities[i])
        return found


@dataclass(frozen=True, slots=True)
class Beside:
    """Who stands beside a champion.

    Attributes
    ----------
    canary : Champion or None
        Answers the entities whose hash falls into its share.
    canary_share : float in [0, 0.5]
        That share.
    shadow : Champion or None
        Scores what champion or canary answered; nobody is answered by it.
    """

    canary: Champion | None = None
    canary_share: float = 0.0
    shadow: Champion | None = None


def load_champion(model_name: str, version: str, bundle: Bundle) -> Champion:
    """Return the champion of a bundle, with golden rows compared and the graph warm.

    Raises
    ------
    BundleError
        If the bundle is another model's, its graph does not load, a golden row does not
        score as recorded, or its reasons do not add up to its scores.
    """
    if bundle.manifest.model_name != model_name:
        raise BundleError(
            f"version {version} of {model_name!r} holds a bundle of "
            f"{bundle.manifest.model_name!r}; register it under that name"
        )
    contract = bundle.contract
    row_model = request_model(contract)
    rows = Annotated[
        list[row_model],  # type: ignore[valid-type] # made at run time
        Field(min_length=1, max_length=contract.limits.batch_rows),
    ]
    batch_model: type[BaseModel] = create_model(
        row_model.__name__.removesuffix("Row") + "Batch",
        __config__=ConfigDict(extra="forbid", strict=True, frozen=True),
        rows=(rows, ...),
    )
    scorer, explainer, engine = _ways_to_score(bundle)
    reader = RowReader.of(contract)
    return Champion(
        model_name=model_name,
        version=version,
        bundle=bundle.without(REASONS),
        scorer=scorer,
        explainer=explainer,
        row_model=row_model,
        batch_model=batch_model,
        values=row_values(contract),
        example=_example(bundle, row_model),
        names=feature_names(contract),
        reader=reader,
        columns=None if reader is None else ColumnReader.of(reader, contract),
        engine=engine,
        forms=Forms.of(model_name, version, bundle),
        text_explainer=None if scorer is None else TextExplainer.of(bundle, scorer),
    )


def explainer_of(bundle: Bundle) -> Explainer | None:
    """Return the explainer that a bundle holds, as it was written; None without one.

    Raises
    ------
    BundleError
        If its reasons do not add up to the golden rows' scores.
    """
    content = bundle.document(REASONS)
    if content is None:
        return None
    golden = bundle.golden
    return read_explainer(content, bundle.contract, golden.rows, golden.probabilities)


def _ways_to_score(
    bundle: Bundle,
) -> tuple[Scorer | None, Explainer | None, TreeEngine | None]:
    """Return the graph, or the table that was proven to answer as it does.

    The graph that a table is proven on is run by a process of its own, so that this one
    does not keep its runtime.
    """
    if bundle.document(REASONS) is None:
        return Scorer.of(bundle), None, None
    with SessionApart(bundle.graph) as session:
        explainer = _fast_explainer(bundle)
        if explainer is not None and isinstance(explainer.table, TreeLookup):
            scorer = Scorer.of(bundle, session)
            return None, explainer, TreeEngine.of(bundle, scorer, explainer)
    return Scorer.of(bundle), explainer, None


def _fast_explainer(bundle: Bundle) -> Explainer | None:
    found = explainer_of(bundle)
    if found is not None and isinstance(found.table, TreeTable):
        return replace(found, table=TreeLookup.of(found.table))
    return found


def _example(bundle: Bundle, row_model: type[BaseModel]) -> dict[str, Value]:
    """Return the first golden row that a caller could send, or one from the bounds."""
    features = bundle.contract.features
    for golden in bundle.golden.rows:
        row = {field.name: _as_sent(field, golden.get(field.name)) for field in features}
        try:
            row_model.model_validate(row)
        except ValidationError:
            continue  # golden rows also hold values that no request may have
        return row
    return {field.name: _ordinary(field) for field in features}


def _as_sent(field: ContractField, value: Value) -> Value:
    """Return a golden value, float64 for most kinds, as a caller writes it."""
    if value is None or value == "":
        return None
    if field.dtype == "boolean":
        return bool(value)
    if isinstance(value, float) and field.dtype != "number" and value.is_integer():
        return int(value)
    return value


def _ordinary(field: ContractField) -> Value:
    """Return a value within a field's rules."""
    if field.dtype == "category":
        return field.categories[0]
    if field.dtype == "boolean":
        return True
    bound = field.minimum if field.minimum is not None else field.maximum
    value = 0.0 if bound is None else bound
    return int(value) if field.dtype == "integer" else value
