"""Find records by request id, and join labels to them."""

from assay.ledger.lookup.index import Found, RequestIndex
from assay.ledger.lookup.outcomes import Judged, Outcome, judge_outcomes

__all__ = ["Found", "Judged", "Outcome", "RequestIndex", "judge_outcomes"]
