"""``assay keys new|list|revoke`` and ``assay sign``: people and what they sign."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from assay.errors import ConfigError, RegistryError
from assay.signoff.keys import ROLES, Role

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from assay.settings import Settings
    from assay.signoff import Signature
    from assay.signoff.signature import DecisionWord

Model = Annotated[str, typer.Argument(help="Name of the model.")]


def key_orders() -> typer.Typer:
    """Return the orders about people's keys."""
    orders = typer.Typer(help="Keys of the people who sign.", no_args_is_help=True)
    orders.command("new")(new_key)
    orders.command("list")(list_keys)
    orders.command("revoke")(revoke)
    return orders


def new_key(
    owner: Annotated[str, typer.Option(help="Identity of the person who signs with it.")],
    role: Annotated[str, typer.Option(help="developer, validator or auditor.")],
    file: Annotated[
        Path | None,
        typer.Option(help="Where the private half goes; ASSAY_HOME/keys/people if none."),
    ] = None,
) -> None:
    """Make a key, keep its private half in a file of mode 0600, register the other."""
    from assay.adapters.champions.signoffs import add_key
    from assay.ledger.signing import public_bytes, signing_key
    from assay.settings import Settings

    settings = Settings()
    target = file or settings.home / "keys" / "people" / f"{_plain(owner)}-{role}.pem"
    if target.exists():
        raise ConfigError(f"{target} exists; a key is never written over")
    known_role = _role(role)
    made = signing_key(target)
    try:
        key = add_key(settings, owner, known_role, public_bytes(made))
    except Exception:
        for written in (target, target.with_suffix(".pub")):
            written.unlink(missing_ok=True)  # a key that nobody knows is of no use
        raise
    typer.echo(f"key {key.key_id} of {key.owner}, {key.role}: private half in {target}")


def list_keys() -> None:
    """Show every key: whose, for which role, whether it still counts."""
    from assay.adapters.champions.signoffs import signer_keys
    from assay.settings import Settings

    table = Table("key", "owner", "role", "since", "revoked", box=None, pad_edge=False)
    for key in signer_keys(Settings()).values():
        gone = (
            f"{_shown(key.revoked_at)}: {key.revoked_because}" if key.revoked_at else ""
        )
        style = "dim" if key.revoked_at else ""
        row = (key.key_id, key.owner, key.role, _shown(key.added_at), gone)
        table.add_row(*row, style=style)
    console = Console()
    console.print(table if table.row_count else "no keys yet; 'assay keys new' makes one")


def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, 16 digits.")],
    reason: Annotated[str, typer.Option(help="Why; it is on record.")],
) -> None:
    """Revoke a key for good; its signatures no longer count in open requests."""
    from assay.adapters.champions.signoffs import revoke_key
    from assay.settings import Settings

    revoke_key(Settings(), key_id, reason)
    typer.echo(f"key {key_id} is revoked")


def sign(
    model_name: Model,
    decision: Annotated[str, typer.Argument(help="approve or refuse.")],
    key: Annotated[Path, typer.Option(help="File with your private key.")],
    comment: Annotated[str, typer.Option(help="Why; it is signed too.")] = "",
    show: Annotated[
        bool, typer.Option("--show", help="Print the signature; send nothing.")
    ] = False,
) -> None:
    """Sign for the version that waits, and hand the signature to the flow sign-off."""
    from assay.settings import Settings

    if decision not in ("approve", "refuse"):
        raise ConfigError(f"decision {decision!r} is neither 'approve' nor 'refuse'")
    word: DecisionWord = "approve" if decision == "approve" else "refuse"
    made = signature_for(Settings(), model_name, word, comment, key)
    words = [
        *("--model_name", model_name, "--decision", word, "--key", made.key_id),
        *("--signature", made.value, *(("--comment", comment) if comment else ())),
    ]
    if show:
        for name, value in zip(words[::2], words[1::2], strict=True):
            typer.echo(f"{name.removeprefix('--')}: {value}")
        return
    from deployments.command.run import run_on_platform

    raise typer.Exit(run_on_platform("sign_off", words, Path.cwd(), Console()))


def signature_for(
    settings: Settings, model_name: str, decision: DecisionWord, comment: str, file: Path
) -> Signature:
    """Return a signature on the open request, made with the private key in a file.

    Raises
    ------
    ConfigError
        If there is no such file, or its key is not registered.
    RegistryError
        If no version waits.
    """
    from assay.adapters.champions.signoffs import open_case, signer_keys
    from assay.ledger.signing import public_bytes, signing_key
    from assay.signoff import sign as make_signature
    from assay.signoff.keys import key_id_of

    if not file.is_file():
        raise ConfigError(f"no key in {file}; 'assay keys new' makes one")
    private = signing_key(file)
    key = signer_keys(settings).get(key_id_of(public_bytes(private)))
    if key is None:
        raise ConfigError(f"the key in {file} is not registered; see 'assay keys list'")
    case = open_case(settings, model_name)
    return make_signature(
        case.request,
        case.signatures,
        key,
        private.sign,
        decision=decision,
        comment=comment,
    )


def export(
    model_name: Model,
    out: Annotated[Path, typer.Option(help="Folder to write; it must not exist.")],
) -> None:
    """Write the champion's bundle, signed in the format of OpenSSF model signing."""
    import shutil

    from assay.adapters.champions.history import newest_entry
    from assay.adapters.tracking import Registry
    from assay.settings import Settings
    from assay.signoff.export import SIGNATURE_FILE, public_pem, signed_model

    settings = Settings()
    if out.exists():
        raise ConfigError(f"{out} exists; name a folder that does not")
    entry = newest_entry(settings, model_name)
    record = Registry(settings).champion(model_name)
    if entry is None or record.bundle_digest != entry.bundle_digest:
        raise RegistryError(
            f"registry and history do not agree on the champion of {model_name!r}; run "
            "'assay run check-champions'"
        )
    bundle = Registry(settings).fetch_bundle(record, settings.bundle_cache)
    shutil.copytree(bundle.folder, out)
    files = {**bundle.manifest.files, "manifest.json": bundle.digest}
    key = export_key(settings.home / "keys" / "export.pem")
    (out / SIGNATURE_FILE).write_text(signed_model(out.name, files, key))
    public = settings.home / "keys" / "export.pub.pem"
    public.write_bytes(public_pem(key))
    typer.echo(f"{out}: version {record.version}, signed; verify with {public}")


def export_key(file: Path) -> EllipticCurvePrivateKey:
    """Return the platform's P-256 key for exports, made where there is none."""
    import os

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as made:
            made.write(pem)
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigError(f"{file} holds no elliptic curve key; remove it")
    return key


def _role(text: str) -> Role:
    for role in ROLES:
        if role == text:
            return role
    raise ConfigError(f"no role {text!r}; there are {', '.join(ROLES)}")


def _plain(owner: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", owner).strip("-.") or "owner"


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
