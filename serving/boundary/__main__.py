"""``python -m serving.boundary NAME SCOPE...``: make an API key where `assay` is not.

The image of the service holds neither the command line nor its libraries.
"""

from __future__ import annotations

import sys

from assay.errors import AssayError
from assay.settings import Settings
from serving.boundary.keys import new_key


def main(arguments: list[str]) -> int:
    """Make a key, write it to standard output, and return the exit status."""
    if len(arguments) < 2:
        sys.stderr.write("usage: python -m serving.boundary NAME SCOPE [SCOPE ...]\n")
        return 2
    try:
        made = new_key(Settings().api_keys_file, arguments[0], arguments[1:])
    except AssayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{made}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
