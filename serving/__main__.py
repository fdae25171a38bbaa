"""``python -m serving``: the scoring service on the address that the settings name."""

from __future__ import annotations

import os
import sys

import uvicorn
from pydantic import ValidationError

from assay.errors import AssayError
from assay.settings import Settings
from serving.boundary.heads import timed_protocol
from serving.boundary.logs import log_config

SHUTDOWN_SECONDS = 30


def main() -> int:
    """Run the service until it is told to stop; return the exit status."""
    # Before numpy is loaded: a worker scores on one thread; more workers use more cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        settings = Settings()
    except ValidationError as error:
        sys.stderr.write(f"settings are wrong: {error}\n")
        return 2
    try:
        uvicorn.run(
            "serving.app:create_app",
            factory=True,
            host=settings.host,
            port=settings.api_port,
            log_config=log_config(as_json=settings.api_log_json),
            # A line a request costs as much as the decision; the ledger has them all.
            access_log=False,
            loop="uvloop",
            http=timed_protocol(settings.api_body_seconds),
            ws="none",
            lifespan="on",
            proxy_headers=False,  # no decision depends on where a caller says he is
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
