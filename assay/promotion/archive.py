"""The evidence as a file, whose digest names it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from assay.promotion.evidence import PromotionEvidence
from assay.promotion.gate import PromotionDecision


def evidence_file(evidence: PromotionEvidence, decision: PromotionDecision) -> bytes:
    """Return evidence and decision as JSON; the same in, the same bytes out.

    A number that is not finite is null, since JSON has no word for it.
    """
    content = {"decision": _plain(decision), "evidence": _plain(evidence)}
    text = json.dumps(content, sort_keys=True, indent=1, allow_nan=False)
    return text.encode()


def _plain(value: Any) -> Any:  # noqa: ANN401 # whatever a result holds
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
