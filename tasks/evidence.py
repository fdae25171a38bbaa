"""Tasks of evidence: examine the challenger, and show the evidence to people."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.snapshots import read_snapshot
from assay.adapters.tracking import (
    Registry,
    VersionRecord,
    attach_files,
    attachment_page,
    tag_version,
)
from assay.bundle import Bundle
from assay.contract import Contract
from assay.errors import DataError
from assay.examination import examine
from assay.examination.plots import pictures
from assay.promotion import PromotionDecision, PromotionEvidence
from assay.promotion.archive import evidence_file
from assay.promotion.report import (
    Case,
    Picture,
    card_document,
    html_page,
    markdown_page,
    validation_document,
)
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass
from tasks.progress import progress_artifact
from tasks.promote import Candidates, PublishedEvidence

REPORT, CARD, EVIDENCE = "report.html", "card.html", "evidence.json"
DIGEST_TAG, REPORT_TAG = "assay.evidence_digest", "assay.validation_report"
GATE_TAG, KEPT, REFUSED = "assay.gate", "kept", "failed"


@dataclass(frozen=True, slots=True)
class Examined:
    """The evidence about a challenger, with its pictures and both bundles."""

    evidence: PromotionEvidence
    pictures: Mapping[str, Picture]
    challenger: Bundle
    champion: Bundle | None


@task(
    name="examine-challenger",
    cache_policy=NO_CACHE,
    retry_condition_fn=may_pass,
    **RETRIES,
)
def examine_challenger(
    candidates: Candidates, contract: Contract, settings: Settings
) -> Examined:
    """Measure all that the gate reads, on the snapshot that the challenger came from.

    Where the challenger is the champion already there is nothing to compare it with.
    """
    registry, new, old = Registry(settings), candidates.challenger, candidates.champion
    challenger = registry.fetch_bundle(new, settings.bundle_cache)
    champion = None
    if old is not None and not candidates.are_one:
        champion = registry.fetch_bundle(old, settings.bundle_cache)
    found = examine(
        challenger,
        champion,
        _snapshot(new, challenger),
        contract,
        clock=time.thread_time_ns,
        progress=progress_artifact(f"Examining {contract.name}"),
    )
    evidence = found.evidence
    if candidates.are_one:
        evidence = replace(evidence, note="the challenger is the champion already")
    get_run_logger().info(
        "challenger examined: model=%s version=%d sections=%d",
        new.model_name,
        new.version,
        len(evidence.origins),
    )
    return Examined(evidence, pictures(found), challenger, champion)


@task(
    name="publish-evidence", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def publish_evidence(
    candidates: Candidates,
    contract: Contract,
    examined: Examined,
    decision: PromotionDecision,
    settings: Settings,
) -> PublishedEvidence:
    """Put report, card and evidence beside the version and link them on the flow run.

    A champion that is judged again keeps the evidence that it was promoted on.
    """
    new, old = candidates.challenger, candidates.champion
    known = new.tags.get(REPORT_TAG, "")
    if candidates.are_one and known:
        return _published(new, settings, new.tags[DIGEST_TAG], known, examined)
    content = evidence_file(examined.evidence, decision)
    digest = hashlib.sha256(content).hexdigest()
    case = Case(
        contract=contract,
        challenger=examined.challenger,
        champion=examined.champion,
        version=new.version,
        champion_version=old.version if old else 0,
        evidence=examined.evidence,
        evidence_digest=digest,
        decision=decision,
        pictures=examined.pictures,
    )
    urls = attach_files(settings, new, _folder(digest), _files(case, content))
    tag_version(
        settings,
        new,
        {
            DIGEST_TAG: digest,
            REPORT_TAG: urls[REPORT],
            GATE_TAG: KEPT if decision.promote else REFUSED,
        },
    )
    published = _published(new, settings, digest, urls[REPORT], examined)
    _link(case, urls, published)
    return published


def _folder(digest: str) -> str:
    return f"validation/{digest[:12]}"


def _published(
    version: VersionRecord,
    settings: Settings,
    digest: str,
    report_url: str,
    examined: Examined,
) -> PublishedEvidence:
    report_page = attachment_page(settings, version, f"{_folder(digest)}/{REPORT}")
    return PublishedEvidence(
        digest=digest,
        report_url=report_url,
        card_url=report_url.replace(REPORT, CARD),
        evidence_url=report_url.replace(REPORT, EVIDENCE),
        report_page=report_page,
        card_page=report_page.replace(REPORT, CARD),
        note=examined.evidence.note,
    )


def _files(case: Case, evidence: bytes) -> dict[str, bytes]:
    images = {name: f"{name}.png" for name in case.pictures}
    report, card = validation_document(case), card_document(case)
    files = {
        EVIDENCE: evidence,
        REPORT: html_page(report).encode(),
        CARD: html_page(card).encode(),
        "report.md": markdown_page(report, images).encode(),
        "card.md": markdown_page(card, images).encode(),
    }
    return files | {f"{n}.png": picture.content for n, picture in case.pictures.items()}


def _link(case: Case, urls: Mapping[str, str], published: PublishedEvidence) -> None:
    key = case.contract.name.replace("_", "-")
    images = {name: urls[f"{name}.png"] for name in case.pictures}
    report = markdown_page(validation_document(case), images)
    create_markdown_artifact(report, key=f"{key}-validation-report")
    for kind, page, text in (
        ("validation", published.report_page, "Validation report"),
        ("card", published.card_page, "Model card"),
    ):
        create_link_artifact(page, link_text=text, key=f"{key}-{kind}-page")


def _snapshot(record: VersionRecord, bundle: Bundle) -> pd.DataFrame:
    """Return the rows that the version was made from, found by their digest."""
    digest, uri = bundle.manifest.snapshot_digest, record.tags.get("assay.snapshot_uri")
    found = Path(uri or "").stem
    if not uri or found != digest:
        raise DataError(
            f"version {record.version} was trained on snapshot {digest[:12]}, its "
            f"registry entry leads to {found[:12] or 'none'}; train it again"
        )
    return read_snapshot(uri)
