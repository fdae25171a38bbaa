"""Keys, trainers and sign-off requests in the database, each a chain of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assay.adapters.champions.chains import open_chains
from assay.contract import find_contract
from assay.contract.mark import gates_mark
from assay.errors import RegistryError
from assay.history.chain import Link, find_breaks, next_link
from assay.signoff.case import Outcome, SignoffCase, asked, cases_of, closed, signed
from assay.signoff.keys import Role, SignerKey, key_added, key_revoked, keys_of
from assay.signoff.policy import read_policy
from assay.signoff.verdict import Verdict, find_fault, judge

if TYPE_CHECKING:
    from assay.contract.mark import PolicyMark
    from assay.settings import Settings
    from assay.signoff.request import SignoffRequest
    from assay.signoff.signature import Signature

KEYS = "keys"
ATTEMPTS = 8


def signer_keys(settings: Settings) -> dict[str, SignerKey]:
    """Return every registered key by its id, revoked ones too."""
    return _keys(_links(settings, KEYS))


def add_key(settings: Settings, owner: str, role: Role, public: bytes) -> SignerKey:
    """Register a public key and return it."""
    _append(settings, KEYS, lambda links: key_added(_keys(links), owner, role, public))
    return next(k for k in signer_keys(settings).values() if k.public == public)


def revoke_key(settings: Settings, key_id: str, because: str) -> None:
    """Revoke a key for good; signatures by it no longer count in open requests."""
    _append(settings, KEYS, lambda links: key_revoked(_keys(links), key_id, because))


def record_trainer(
    settings: Settings, model_name: str, bundle_digest: str, identity: str
) -> None:
    """Write down who trained a bundle; the first one stays."""
    if trainer_of(settings, model_name, bundle_digest):
        return
    content = {"bundle_digest": bundle_digest, "trained_by": identity}
    _append(settings, f"trained:{model_name}", lambda _links: content)


def trainer_of(settings: Settings, model_name: str, bundle_digest: str) -> str:
    """Return who trained a bundle; empty if nobody wrote it down."""
    for link in _links(settings, f"trained:{model_name}"):
        if link.content["bundle_digest"] == bundle_digest:
            return str(link.content["trained_by"])
    return ""


def signoff_cases(settings: Settings, model_name: str) -> list[SignoffCase]:
    """Return every sign-off case of a model, oldest first."""
    return _cases(_links(settings, _chain(model_name)))


def open_case(settings: Settings, model_name: str) -> SignoffCase:
    """Return the case that waits for people.

    Raises
    ------
    RegistryError
        If none does.
    """
    found = _open(signoff_cases(settings, model_name))
    if found is None:
        raise RegistryError(
            f"no version of {model_name!r} waits for a signature; "
            "'assay run promote-challenger' asks for one"
        )
    return found


def ask_for_signoff(settings: Settings, request: SignoffRequest) -> SignoffCase:
    """Open a case and return it; one that asks the same is found, not asked again.

    A case about another version, against another champion or under other policies is
    superseded.
    """
    name = request.model_name
    before = _open(signoff_cases(settings, name))
    if before is not None:
        same = _asked_for(before.request)
        is_live = request.asked_at < before.request.expires_at
        if same == _asked_for(request) and is_live:
            return before
        because = (f"version {request.version} was put forward instead",)
        close_case(settings, before, "superseded", because)
    _append(settings, _chain(name), lambda _links: asked(request))
    return open_case(settings, name)


def record_signature(
    settings: Settings, model_name: str, signature: Signature, now: datetime
) -> SignoffCase:
    """Add a signature to the open case and return the case.

    Raises
    ------
    RegistryError
        If the signature does not count, with the reason; nothing is written.
    """
    keys = signer_keys(settings)

    def checked(links: Sequence[Link]) -> dict[str, Any]:
        case = _open(_cases(links))
        if case is None:
            raise RegistryError(f"no version of {model_name!r} waits for a signature")
        fault = find_fault(case.request, case.signatures, signature, keys, now)
        if fault:
            raise RegistryError(f"the signature does not count: {fault}")
        return signed(signature)

    _append(settings, _chain(model_name), checked)
    return open_case(settings, model_name)


def policies_now(settings: Settings, model_name: str) -> tuple[PolicyMark, ...]:
    """Return the policies of a model as their files say now: its gates, who signs.

    Raises
    ------
    ConfigError, ContractError
        If a file is not there or does not read.
    """
    contract = find_contract(model_name, settings.contracts)
    policy = read_policy(settings.policies / "signoff.toml")
    return (gates_mark(contract), policy.mark_for(model_name))


def verdict_of(
    settings: Settings,
    case: SignoffCase,
    bundle_digest: str,
    now: datetime,
    policies: Sequence[PolicyMark] = (),
) -> Verdict:
    """Judge a case anew from its signatures, and the keys and policies that count now."""
    return judge(
        case.request,
        case.signatures,
        signer_keys(settings),
        bundle_digest=bundle_digest,
        now=now,
        policies=policies,
    )


def close_case(
    settings: Settings, case: SignoffCase, outcome: Outcome, reasons: tuple[str, ...]
) -> None:
    """End a case; one that ended already stays as it is."""
    name, request_id = case.request.model_name, case.request.request_id

    def ending(links: Sequence[Link]) -> dict[str, Any] | None:
        newest = next(c for c in _cases(links) if c.request.request_id == request_id)
        return closed(request_id, outcome, reasons) if newest.outcome == "open" else None

    _append(settings, _chain(name), ending)


def _append(
    settings: Settings,
    chain: str,
    make: Callable[[Sequence[Link]], dict[str, Any] | None],
) -> None:
    """Append what `make` returns for the links; it is asked again on a race."""
    for _ in range(ATTEMPTS):
        links = _links(settings, chain)
        content = make(links)
        if content is None:
            return
        link = next_link(chain, links[-1] if links else None, content, datetime.now(UTC))
        with open_chains(settings) as chains:
            if chains.append(link):
                return
    raise RegistryError(
        f"{ATTEMPTS} times somebody else wrote {chain!r} first; try again"
    )


def _links(settings: Settings, chain: str) -> list[Link]:
    with open_chains(settings) as chains:
        links = list(chains.links(chain))
    broken = find_breaks(links)
    if broken:
        raise RegistryError(
            f"{len(broken)} faults in {chain!r}, nothing in it counts: {broken[0]}; "
            "restore the database from its copy"
        )
    return links


def _keys(links: Sequence[Link]) -> dict[str, SignerKey]:
    return keys_of((link.at, link.content) for link in links)


def _cases(links: Sequence[Link]) -> list[SignoffCase]:
    return list(cases_of(link.content for link in links).values())


def _open(cases: Sequence[SignoffCase]) -> SignoffCase | None:
    return next((case for case in reversed(cases) if case.outcome == "open"), None)


def _asked_for(request: SignoffRequest) -> tuple[object, ...]:
    editions = tuple((mark.policy, mark.digest) for mark in request.policies)
    return request.bundle_digest, request.replaces, editions


def _chain(model_name: str) -> str:
    return f"signoff:{model_name}"
