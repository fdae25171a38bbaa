"""Which design can answer a question, and why the others cannot."""

from __future__ import annotations

from dataclasses import dataclass

from assay.causal.design_rules import DESIGN_RULES
from assay.causal.question import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A design that the question admits.

    Attributes
    ----------
    design, function, estimand : str
        Its name, the function to call, and what its number is of.
    needs : tuple of str
        What must be true of data and world; each is checked or stated in the report.
    cautions : tuple of str
        What to be careful about here.
    """

    design: str
    function: str
    estimand: str
    needs: tuple[str, ...]
    cautions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A design that the question does not admit, and every reason why.

    Attributes
    ----------
    design : str
    reasons : tuple of str
        Not empty.
    needs : tuple of str
        What it would take.
    """

    design: str
    reasons: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Designs for a question.

    Attributes
    ----------
    proposals : tuple of Proposal
        Most credible first; empty where the data can carry none.
    refusals : tuple of Refusal
    """

    proposals: tuple[Proposal, ...]
    refusals: tuple[Refusal, ...]

    @property
    def best(self) -> Proposal | None:
        """The most credible design, or None."""
        return self.proposals[0] if self.proposals else None


def propose_designs(question: Question) -> Choice:
    """Return the designs that can answer a question, and why the others cannot.

    Parameters
    ----------
    question : Question
        What is known before any outcome is looked at.

    Notes
    -----
    The order is that of how little has to be believed: what was randomised before what
    has a rule, a rule before a trend, a trend before a list of covariates, and that
    before a series without comparison.

    Examples
    --------
    >>> question = Question(rule="random_units", n_treated=500, n_untreated=500)
    >>> propose_designs(question).best.design
    'experiment'
    """
    proposals, refusals = [], []
    for rule in DESIGN_RULES:
        reasons = rule.forbids(question)
        if reasons:
            refusals.append(
                Refusal(design=rule.name, reasons=tuple(reasons), needs=rule.needs)
            )
        else:
            proposals.append(
                Proposal(
                    design=rule.name,
                    function=rule.function,
                    estimand=rule.estimand,
                    needs=rule.needs,
                    cautions=tuple(rule.cautions(question)),
                )
            )
    return Choice(tuple(proposals), tuple(refusals))
