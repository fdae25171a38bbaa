"""A Great Expectations suite from a contract: a second, independent witness."""

from __future__ import annotations

import json
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from assay.contract.field import Field
from assay.contract.model import Contract
from assay.quality.page import offline_page

TYPES = {
    "integer": ["float64"],
    "number": ["float64"],
    "boolean": ["float64"],
    "text": ["object", "str"],
}
"""Types of a frame that `assay.quality.rows` accepted, by dtype of the field. The
library cannot name the type of an instant with a zone: that must lie in its range."""

EARLIEST = "1677-09-22T00:00:00+00:00"

_ONE_AT_A_TIME = threading.RLock()
"""The library keeps its context for the whole process."""


@dataclass(frozen=True, slots=True)
class BatchValidation:
    """What Great Expectations found in one batch.

    Attributes
    ----------
    success : bool
        True where every expectation holds for every row.
    json : str
        The validation result: an entry an expectation, with counts.
    page_html : str
        The data docs page of the result, in one file that loads nothing.
    """

    success: bool
    json: str
    page_html: str

    @property
    def unexpected_counts(self) -> dict[str, int]:
        """Rows that fail, by ``column:expectation``, where any does."""
        counts = {}
        for one in json.loads(self.json)["results"]:
            expectation = one["expectation_config"]
            column = expectation["kwargs"].get("column", "table")
            n_rows = one["result"].get("unexpected_count") or 0
            if n_rows:
                counts[f"{column}:{expectation['type']}"] = int(n_rows)
        return counts


def expectation_suite(contract: Contract, as_of: datetime | None = None) -> Any:  # noqa: ANN401 # great_expectations has no types
    """Return the suite that a frame of accepted rows must pass without an exception.

    Parameters
    ----------
    contract : Contract
        Its columns, types, bounds, categories, null rules and identifier are asked for.
    as_of : datetime, optional
        With it, no event may be later.

    Returns
    -------
    great_expectations.ExpectationSuite

    Notes
    -----
    An integer's missing fraction, a label's maturity and rules across requests have no
    expectation in the library: only `assay.quality.rows` checks them.
    """
    with _quiet():
        import great_expectations as gx
        import great_expectations.expectations as gxe

        names = [field.name for field in contract.fields]
        found: list[Any] = [
            gxe.ExpectTableRowCountToBeBetween(min_value=1),
            gxe.ExpectTableColumnsToMatchSet(column_set=names, exact_match=True),
        ]
        for field in contract.fields:
            found.extend(_expectations(gxe, field, contract))
        if contract.event_time and as_of is not None:
            late = pd.Timestamp(as_of)
            latest = late.tz_localize("UTC") if late.tzinfo is None else late
            found.append(
                gxe.ExpectColumnValuesToBeBetween(
                    column=contract.event_time.name, max_value=latest.isoformat()
                )
            )
        return gx.ExpectationSuite(contract.name, expectations=found)


def validate_batch(
    frame: pd.DataFrame, contract: Contract, as_of: datetime | None = None
) -> BatchValidation:
    """Return what the contract's suite says of `frame`, with a page for people.

    Notes
    -----
    The context lives in memory and is forgotten; nothing is written and nothing is
    asked of the network. Importing the library takes seconds, once a process.
    """
    with _quiet():
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig
        from great_expectations.render.renderer import ValidationResultsPageRenderer
        from great_expectations.render.view import DefaultJinjaPageView

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("batch").add_dataframe_asset(
            contract.name
        )
        batch = asset.add_batch_definition_whole_dataframe("whole")
        suite = context.suites.add(expectation_suite(contract, as_of))
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(name=contract.name, data=batch, suite=suite)
        )
        checkpoint = context.checkpoints.add(
            gx.Checkpoint(
                name=contract.name,
                validation_definitions=[definition],
                result_format={"result_format": "SUMMARY"},
            )
        )
        outcome = checkpoint.run(batch_parameters={"dataframe": frame})
        result = next(iter(outcome.run_results.values()))
        document = ValidationResultsPageRenderer().render(result)
        page = DefaultJinjaPageView().render(document)
    return BatchValidation(
        success=bool(outcome.success),
        json=json.dumps(result.to_json_dict(), indent=1),
        page_html=offline_page(page, f"Data of {contract.name} against its contract"),
    )


def _expectations(gxe: Any, field: Field, contract: Contract) -> Iterator[Any]:  # noqa: ANN401 # as above
    column = field.name
    if field.dtype == "timestamp":
        yield gxe.ExpectColumnValuesToBeBetween(column=column, min_value=EARLIEST)
    else:
        types = TYPES["text" if field.has_text_categories else "number"]
        yield gxe.ExpectColumnValuesToBeInTypeList(
            column=column, type_list=TYPES.get(field.dtype, types)
        )
    if field.nulls == "refuse":
        yield gxe.ExpectColumnValuesToNotBeNull(column=column)
    if field.is_numeric:
        # Without bounds of its own a number must still be finite.
        yield gxe.ExpectColumnValuesToBeBetween(
            column=column,
            min_value=_bound(field.minimum, -1.0),
            max_value=_bound(field.maximum, 1.0),
        )
    if field.is_free_text:
        yield gxe.ExpectColumnValueLengthsToBeBetween(
            column=column, min_value=1, max_value=int(field.maximum or 0)
        )
    allowed = _allowed_values(field, contract)
    if allowed:
        yield gxe.ExpectColumnValuesToBeInSet(column=column, value_set=allowed)
    if field.role == "identifier":
        yield gxe.ExpectColumnValuesToBeUnique(column=column)


def _bound(bound: float | None, sign: float) -> float:
    return sign * 1.7976931348623157e308 if bound is None else bound


def _allowed_values(field: Field, contract: Contract) -> list[Any]:
    if field.dtype == "boolean" or field.name == contract.label.field:
        return [0, 1]
    return list(field.categories) if field.unseen == "refuse" else []


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's telemetry, log lines and warnings of its own to itself."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations  # noqa: F401 # sets levels of its own: first this

        for name in ("", ".data_context.types.base"):
            logging.getLogger(f"great_expectations{name}").setLevel(logging.WARNING)
        yield
