"""What a report is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assay.bundle import Bundle
from assay.contract import Contract
from assay.contract.mark import SHOWN_DIGITS
from assay.pages import Picture
from assay.promotion.evidence import Measured, PromotionEvidence
from assay.promotion.finding import is_whole, shown
from assay.promotion.gate import PromotionDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that a report is made from, and nothing else.

    Attributes
    ----------
    contract : Contract
        The contract as it stands now.
    challenger, champion : Bundle
        Who asks and who answers now; None where nobody does.
    version, champion_version : int
        Their numbers in the registry; 0 where there is none.
    evidence : PromotionEvidence
        What the gate read.
    evidence_digest : str
        SHA-256 of the evidence's file.
    decision : PromotionDecision
        What the gate decided.
    pictures : mapping of str to Picture
        By name, see `assay.examination.plots`.
    """

    contract: Contract
    challenger: Bundle
    champion: Bundle | None
    version: int
    champion_version: int
    evidence: PromotionEvidence
    evidence_digest: str
    decision: PromotionDecision
    pictures: Mapping[str, Picture]

    def chosen(self, *names: str) -> tuple[Picture, ...]:
        """Return the pictures of these names that there are."""
        return tuple(self.pictures[name] for name in names if name in self.pictures)


def short(digest: str) -> str:
    """Return the digits of a digest that people read."""
    return digest[:SHOWN_DIGITS]


def figure(found: Measured | None, sign: str = "") -> str:
    """Return a figure with its interval, or that it is not defined."""
    return shown(found, sign) if found and is_whole(found) else "not defined"
