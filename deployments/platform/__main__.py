"""``python -m deployments.platform up|down|status``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.markup import escape

from assay.errors import AssayError
from assay.settings import Settings
from deployments.environment import be_quiet, project_root
from deployments.platform.orders import down, status, up
from deployments.platform.services import plan_platform

ORDERS = {"up": up, "down": down, "status": status}


def main(arguments: Sequence[str]) -> int:
    """Carry out one order and return the exit code."""
    if len(arguments) != 1 or arguments[0] not in ORDERS:
        usage = f"usage: python -m deployments.platform {'|'.join(ORDERS)}"
        Console(stderr=True).print(usage, markup=False, highlight=False)
        return 2
    be_quiet()
    order = ORDERS[arguments[0]]
    return report(lambda: order(plan_platform(Settings(), project_root()), Console()))


def report(order: Callable[[], int]) -> int:
    """Return an order's exit code; what Assay raises on purpose is one red line and 1."""
    errors = Console(stderr=True)
    try:
        return order()
    except AssayError as error:
        errors.print(
            f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True
        )
        return 1
    except KeyboardInterrupt:
        errors.print("interrupted; 'make status' says what runs, 'make stop' ends it")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
