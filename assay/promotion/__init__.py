"""Decide which version answers: pure rules from evidence to a decision."""

from assay.promotion.evidence import PromotionEvidence
from assay.promotion.gate import PromotionDecision, decide_promotion

__all__ = ["PromotionDecision", "PromotionEvidence", "decide_promotion"]
