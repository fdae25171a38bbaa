"""Where the loop is turned: services, people and models of its own."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console

from assay.errors import PlatformError
from assay.settings import Settings
from deployments.environment import project_root
from deployments.platform.orders import start
from deployments.platform.prefect_api import PrefectApi
from deployments.platform.services import Platform
from deployments.platform.supervision import stop_services

TRAINED = datetime(2026, 6, 15, tzinfo=UTC)
DRIFT = date(2026, 7, 1)
AUTOMATION = "assay-drift-starts-retraining"


@dataclass(frozen=True, slots=True)
class World:
    """How large and how hard the loop is.

    Attributes
    ----------
    n_applicants : int
        Over eighteen months.
    size : float
        Of the recession.
    look_days : int
        Virtual days between two looks at the champion.
    days_after : int
        Virtual days of traffic on the new champion, to see what it costs.
    canary_share, canary_answers
        Share of the requests that the new version answers before it is signed for, and
        the fewest answers that are waited for.
    """

    n_applicants: int = 41_000
    size: float = 1.5
    look_days: int = 14
    days_after: int = 30
    canary_share: float = 0.3
    canary_answers: int = 100

    @property
    def source(self) -> str:
        """The lender's own table, as training reads it."""
        return (
            f"simulate:lender?n_applicants={self.n_applicants}&start=2026-01-01"
            f"&days=547&seed=7&drift=recession&drift_start={DRIFT}&drift_size={self.size}"
        )


def settings_in(folder: Path, names: tuple[str, ...], world: World) -> Settings:
    """Return settings with ports, contracts and policies of their own."""
    data = project_root() / "data"
    (folder / "contracts").mkdir(parents=True)
    shutil.copytree(data / "policies", folder / "policies")
    shipped = (data / "contracts" / "credit_default.toml").read_text()
    for name in names:
        own = shipped.replace('"credit_default"', f'"{name}"', 1)
        # Few matured labels judge: the interval of the calibration error is wide.
        own = own.replace("ece = 0.05", "ece = 0.1")
        (folder / "contracts" / f"{name}.toml").write_text(own)
    ports = [free_port() for _ in range(3)]
    return Settings(
        home=folder / "home",
        contracts=folder / "contracts",
        policies=folder / "policies",
        default_model=names[0],
        sources=dict.fromkeys(names, world.source),
        identity="tom",
        prefect_port=ports[0],
        mlflow_port=ports[1],
        api_port=ports[2],
    )


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def services(platform: Platform, console: Console) -> Iterator[None]:
    """Run Prefect, MLflow, a worker and the API until the end of the block."""
    start(platform, console)
    try:
        yield
    finally:
        stop_services(platform)


def person(settings: Settings, folder: Path, owner: str, role: str) -> Path:
    """Return the file of a person's key, which the platform knows."""
    from assay.adapters.champions.signoffs import add_key
    from assay.ledger.signing import public_bytes, signing_key

    file = folder / f"{owner}.pem"
    add_key(settings, owner, role, public_bytes(signing_key(file)))  # type: ignore[arg-type] # a Role
    return file


def first_champion(settings: Settings, name: str, key: Path) -> None:
    """Train and promote the first champion on a calm year, signed for."""
    from flows.nightly import nightly

    asyncio.run(nightly(name, as_of=TRAINED))
    sign(settings, name, key)


def sign(settings: Settings, name: str, key: Path) -> None:
    """Approve what waits, with a person's own key."""
    from deployments.command.signing import signature_for
    from flows.sign_off import sign_off

    made = signature_for(settings, name, "approve", "seen", key)
    asyncio.run(sign_off(name, "approve", made.key_id, made.value, "seen"))


def switch_automation(settings: Settings, *, is_on: bool) -> None:
    """Let the event bus start retrainings, or not."""
    with PrefectApi(settings.prefect_api) as api:
        n_automations = api.switch_automation(AUTOMATION, is_on=is_on)
    if n_automations != 1:
        raise PlatformError(f"{n_automations} automations are called {AUTOMATION}, not 1")
