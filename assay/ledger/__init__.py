"""The tamper-evident log of decisions: append, chain, sign, prove, verify."""

from assay.ledger.committer import LoopCommitter, ThreadCommitter
from assay.ledger.record import DecisionRecord, Receipt, entry_bytes
from assay.ledger.stream import StreamWriter

__all__ = [
    "DecisionRecord",
    "LoopCommitter",
    "Receipt",
    "StreamWriter",
    "ThreadCommitter",
    "entry_bytes",
]
