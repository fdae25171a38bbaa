"""Promotion: the challenger takes the champion's place, or is refused with reasons."""

from __future__ import annotations

from typing import Any

from prefect import flow

from assay.contract import find_contract
from assay.settings import Settings
from flows.client import one_client
from flows.parameters import ModelName
from tasks.evidence import examine_challenger, publish_evidence
from tasks.promote import (
    find_candidates,
    judge_challenger,
    move_champion,
    publish_decision,
)
from tasks.signoff import request_signoff


@flow(name="promote-challenger")
@one_client
async def promote_challenger(model_name: ModelName) -> dict[str, Any]:
    """Judge the challenger by the contract's gates and return what was decided.

    A refusal is a decision, not a failure: the run completes and the champion stays.
    Where the model's tier asks for signatures, the run leaves a request and completes;
    the flow `sign-off` takes the signatures and promotes.
    """
    settings = Settings()
    contract = find_contract(model_name, settings.contracts)
    candidates = find_candidates(model_name, settings)
    examined = examine_challenger(candidates, contract, settings)
    decision = judge_challenger(contract, examined.evidence)
    published = publish_evidence(candidates, contract, examined, decision, settings)
    waiting = None
    if decision.promote:
        waiting = request_signoff(candidates, decision, settings)
        if waiting is None:
            move_champion(candidates, decision, settings)
    publish_decision(candidates, decision, published)
    return {
        "model_name": model_name,
        "version": candidates.challenger.version,
        "promoted": decision.promote and not candidates.are_one and waiting is None,
        "is_champion": (decision.promote and waiting is None) or candidates.are_one,
        "waits_for": list(waiting.request.roles) if waiting else [],
        "failures": list(decision.failures),
        "evidence_digest": published.digest,
        "report_url": published.report_url,
        "report_page": published.report_page,
    }
