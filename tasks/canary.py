"""Tasks of a trial: put a version on live requests, count what it does, withdraw it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.champions.canaries import Counted, count_observations
from assay.adapters.champions.history import change_champion, history, newest_entry
from assay.adapters.champions.signoffs import signoff_cases
from assay.adapters.tracking import Registry, VersionRecord
from assay.canary import CanaryRule, Observation, stop_reasons
from assay.contract import Contract, find_contract
from assay.errors import ConfigError, DataError, RegistryError
from assay.history import ChampionEntry, Served, Traffic
from assay.history.decisions import canary, shadow, withdrawal
from assay.settings import Settings
from assay.signoff.policy import read_policy
from tasks.canary_ledger import cost_of, ledger_observations, trial_since
from tasks.champions import show_entry
from tasks.evidence import GATE_TAG, REFUSED
from tasks.faults import RETRIES, may_pass

COLUMNS = ("entity", "version", "probability", "failed")


@task(name="put-on-trial", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def put_on_trial(
    model_name: str, version: int, share: float, settings: Settings
) -> ChampionEntry:
    """Give a version a share of the live requests; a share of 0 only watches it.

    A version that the gate refused answers nobody. Where the model's tier asks for
    signatures, only one that passed the gate and that people were asked about may
    answer. Any version may be watched.
    """
    record = next(
        (v for v in Registry(settings).versions(model_name) if v.version == version), None
    )
    if record is None:
        raise RegistryError(f"model {model_name!r} has no version {version}")
    contract = find_contract(model_name, settings.contracts)
    if share and contract.identifier is None:
        raise ConfigError(
            f"the contract of {model_name!r} has no field of the role 'identifier', so "
            "that no request could be told to be the canary's; watch it with share 0"
        )
    served = Served(version, record.bundle_digest)
    if share:
        _check_gate(record, settings)
    actor = settings.actor
    change = canary(served, share, actor) if share else shadow(served, actor)
    return show_entry(change_champion(settings, model_name, change))


def _check_gate(record: VersionRecord, settings: Settings) -> None:
    """Raise `RegistryError` if a version was refused or not put to its signers."""
    name, version = record.model_name, record.version
    watch = "or watch it with share 0"
    if record.tags.get(GATE_TAG) == REFUSED:
        raise RegistryError(
            f"the gate refused version {version} of {name!r}, so it may answer nobody; "
            f"its validation report says why: train another, {watch}"
        )
    policy = read_policy(settings.policies / "signoff.toml")
    if not policy.roles_for(name):
        return
    asked = {
        (case.request.version, case.request.bundle_digest)
        for case in signoff_cases(settings, name)
        if case.outcome in ("open", "promoted")
    }
    if (version, record.bundle_digest) not in asked:
        raise RegistryError(
            f"version {version} of {name!r} has not passed the gate that its tier asks "
            "for, so it may answer nobody; run 'assay run promote-challenger --model "
            f"{name}', {watch}"
        )


@task(name="find-trials", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def find_trials(settings: Settings) -> list[str]:
    """Return the models that have a canary now, in order of name."""
    found = []
    for name in sorted(Registry(settings).model_names()):
        newest = newest_entry(settings, name)
        if newest is not None and newest.traffic.canary is not None:
            found.append(name)
    get_run_logger().info("trials: %s", ", ".join(found) or "none")
    return found


@task(name="count-canary", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def count_canary(
    contract: Contract, answers: str, settings: Settings
) -> tuple[Traffic, Counted, tuple[str, ...]] | None:
    """Add answers, and labels where there are some, to the canary's trial.

    Parameters
    ----------
    contract : Contract
        The model's; its costs are those of the trial.
    answers : str
        Empty reads the ledger of decisions since the trial began. Otherwise a Parquet or
        JSON-lines file with one answered request a row: ``entity``, ``version``,
        ``probability``, ``failed``, and ``label`` (0, 1, or missing).
    settings : Settings
        Where history, ledger and trial are.

    Returns
    -------
    tuple or None
        Traffic with the canary, the trial, and why it must be withdrawn, if so; None
        where no canary is tried.
    """
    entries = history(settings, contract.name)
    if not entries or entries[-1].traffic.canary is None:
        get_run_logger().info("no canary: model=%s", contract.name)
        return None
    traffic = entries[-1].traffic
    rule = rule_of(contract, traffic.canary_share)
    if answers:
        thresholds = _thresholds(traffic, contract, settings)
        seen = observations(_read(answers), traffic, contract, thresholds)
    else:
        since = trial_since(entries)
        seen = ledger_observations(settings.ledger_folder, contract, traffic, since)
    counted = count_observations(settings, contract.name, traffic, seen, rule)
    get_run_logger().info(
        "canary counted: model=%s new=%d misplaced=%d",
        contract.name,
        counted.n_new,
        counted.n_misplaced,
    )
    return traffic, counted, stop_reasons(counted.trial, rule)


@task(
    name="withdraw-canary", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def withdraw_canary(
    model_name: str, version: int, reasons: tuple[str, ...], settings: Settings
) -> ChampionEntry:
    """Take the requests from the canary, with the reasons on record."""
    change = withdrawal(version, reasons, "the canary's test")
    return show_entry(change_champion(settings, model_name, change))


@task(name="publish-trial", cache_policy=NO_CACHE)
def publish_trial(
    model_name: str, traffic: Traffic, counted: Counted, rule: CanaryRule
) -> None:
    """Show how far each measure is from its limit."""
    version = traffic.canary.version if traffic.canary else None
    lines = [
        f"# {model_name}: version {version} on {traffic.canary_share:.1%} of requests",
        "",
        f"A measure that reaches {rule.limit:g} withdraws it; a version that is not "
        f"worse is withdrawn with probability at most {rule.alpha:g}.",
        "",
        "| measure | observations | evidence against it |",
        "|---|---:|---:|",
    ]
    for name, course in counted.trial.courses.items():
        told = name.replace("_", " ")
        lines.append(f"| {told} | {course.n_values} | {course.wealth:.3g} |")
    key = f"{model_name.replace('_', '-')}-canary"
    create_markdown_artifact("\n".join(lines), key=key)


def rule_of(contract: Contract, share: float) -> CanaryRule:
    """Return the trial's rule: the costs of the contract bound those of a decision."""
    costs = contract.decision.costs
    values = (
        costs.true_positive,
        costs.false_positive,
        costs.true_negative,
        costs.false_negative,
    )
    return CanaryRule(share, min(values), max(values))


def observations(
    rows: pd.DataFrame,
    traffic: Traffic,
    contract: Contract,
    thresholds: dict[int, float],
) -> Iterator[tuple[str, Observation]]:
    """Give one observation a row that champion or canary answered, in their order."""
    canary_version = traffic.canary.version if traffic.canary else None
    for row in rows.to_dict("records"):
        version = int(row["version"])
        if version not in thresholds:
            continue
        failed = bool(row["failed"])
        probability = None if failed else float(row["probability"])
        cost = None
        label = row.get("label")
        if probability is not None and label is not None and not pd.isna(label):
            is_adverse = probability >= thresholds[version]
            cost = cost_of(contract, is_adverse=is_adverse, is_bad=int(label) == 1)
        yield (
            str(row["entity"]),
            Observation(version == canary_version, cost, failed, probability),
        )


def _thresholds(
    traffic: Traffic, contract: Contract, settings: Settings
) -> dict[int, float]:
    registry = Registry(settings)
    tried = {one.version for one in (traffic.champion, traffic.canary) if one}
    return {
        record.version: registry.fetch_bundle(
            record, settings.bundle_cache
        ).manifest.threshold
        for record in registry.versions(contract.name)
        if record.version in tried
    }


def _read(answers: str) -> pd.DataFrame:
    path = Path(answers)
    if not path.is_file():
        raise DataError(f"no file of answers at {answers}")
    if path.suffix == ".parquet":
        rows = pd.read_parquet(path)
    else:
        rows = pd.read_json(path, lines=True, dtype={"entity": str})
    absent = [name for name in COLUMNS if name not in rows]
    if absent:
        raise DataError(f"{answers} lacks the columns {', '.join(absent)}")
    return rows
