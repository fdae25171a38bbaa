"""The promotion gate: whether a challenger may take the champion's alias."""

from __future__ import annotations

from dataclasses import dataclass

from assay.contract import Contract
from assay.contract.mark import PolicyMark, gates_mark
from assay.promotion.evidence import PromotionEvidence
from assay.promotion.rules.fairness import fairness_findings
from assay.promotion.rules.groups import group_findings
from assay.promotion.rules.performance import performance_findings
from assay.promotion.rules.soundness import soundness_findings
from assay.promotion.rules.stress import stress_findings


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """What the gate decided: every rule that was kept and every rule that was not.

    Attributes
    ----------
    passes, failures : tuple of str
        One sentence a rule, with the figures that it was judged on and the digest of
        what they came from.
    notes : tuple of str
        Figures that are shown and not judged, with the reason.
    policies : tuple of PolicyMark
        Editions of the policies that it was decided under.
    """

    passes: tuple[str, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...] = ()
    policies: tuple[PolicyMark, ...] = ()

    @property
    def promote(self) -> bool:
        """True when at least one rule was judged and none failed."""
        return bool(self.passes) and not self.failures


def decide_promotion(
    contract: Contract, evidence: PromotionEvidence
) -> PromotionDecision:
    """Judge a challenger by all that its contract's gates ask.

    A rule reads the end of the interval that speaks against the challenger, so that
    thin evidence is refused like bad evidence.

    Parameters
    ----------
    contract : Contract
        Whose gates apply.
    evidence : PromotionEvidence
        What is known of the challenger, and of how it compares with the champion.

    Returns
    -------
    PromotionDecision
        It fails closed: a piece of evidence that is missing, not a number, or without a
        digest of what it came from is a failed rule.
    """
    findings = (
        *performance_findings(contract, evidence),
        *group_findings(contract, evidence),
        *stress_findings(contract, evidence),
        *fairness_findings(contract, evidence),
        *soundness_findings(contract, evidence),
    )
    return PromotionDecision(
        passes=tuple(each.sentence for each in findings if each.verdict == "kept"),
        failures=tuple(each.sentence for each in findings if each.verdict == "failed"),
        notes=tuple(each.sentence for each in findings if each.verdict == "shown"),
        policies=(gates_mark(contract),),
    )
