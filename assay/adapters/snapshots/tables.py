"""Frames as Arrow tables whose bytes depend on nothing but their rows and contract."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from assay.contract.field import Field
from assay.contract.model import Contract
from assay.quality.evidence import received_text


def accepted_table(frame: pd.DataFrame, contract: Contract) -> pa.Table:
    """Return accepted rows as Arrow, in types that the contract alone decides."""
    names = [str(name) for name in frame.columns]
    fields = {field.name: field for field in contract.fields}
    schema = pa.schema([(name, _arrow_type(fields[name])) for name in names])
    table = pa.Table.from_pandas(frame, schema, preserve_index=False)
    return table.replace_schema_metadata(None)


def refused_table(quarantined: pd.DataFrame) -> pa.Table:
    """Return refused rows as Arrow: every received cell as text, `row` as an integer."""
    texts = received_text(quarantined)
    types = {"row": pa.int64()}
    schema = pa.schema([(n, types.get(n, pa.string())) for n in map(str, texts)])
    return pa.Table.from_pandas(texts, schema, preserve_index=False)


def _arrow_type(field: Field) -> pa.DataType:
    if field.dtype == "timestamp":
        return pa.timestamp("ns", "UTC")
    if field.dtype == "text" or field.has_text_categories:
        return pa.string()
    return pa.float64()
