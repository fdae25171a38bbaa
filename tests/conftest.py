"""What every test shares: quiet libraries, and where real data and servers are."""

from __future__ import annotations

import os
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from deployments.environment import be_quiet, project_root

KEPT = ("ASSAY_SHARED_DATA", "ASSAY_TEST_POSTGRESQL")

# Before any library is imported: several read their environment on import.
be_quiet()
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="assay-test-prefect-")
for name in [each for each in os.environ if each.startswith("ASSAY_")]:
    if name not in KEPT:  # a developer's own settings decide no test
        del os.environ[name]


# No deadline: machines are shared, and a test asserts nothing on seconds. In CI the same
# examples are drawn each time, so that a change fails for its own faults only.
hypothesis.settings.register_profile(
    "assay", deadline=None, derandomize="CI" in os.environ
)
hypothesis.settings.load_profile("assay")


def pytest_sessionfinish(exitstatus: int) -> None:
    """End the process even if a library's thread waits for a server that is gone.

    The summary is printed by then; without this a lost connection could keep CI from
    ending.
    """
    last_word = threading.Timer(120, os._exit, [int(exitstatus)])
    last_word.daemon = True
    last_word.start()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real data sets, ``../shared/data`` beside the checkout."""
    beside = project_root().parent / "shared" / "data"
    folder = Path(os.environ.get("ASSAY_SHARED_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is absent; set ASSAY_SHARED_DATA")
    return folder.resolve()


@pytest.fixture
def new_postgresql_database() -> Iterator[Callable[[], str]]:
    """Make PostgreSQL databases that are dropped after the test.

    Each call returns ``user@host:port/name``, to be put after ``postgresql+driver://``.
    The server is the one of ``ASSAY_TEST_POSTGRESQL`` or of the default port.
    """
    import psycopg

    server = os.environ.get("ASSAY_TEST_POSTGRESQL", "postgres@127.0.0.1:5432")
    made: list[str] = []
    with psycopg.connect(f"postgresql://{server}/postgres", autocommit=True) as session:

        def make() -> str:
            made.append(f"assay_test_{uuid.uuid4().hex[:12]}")
            session.execute(f'CREATE DATABASE "{made[-1]}"')  # type: ignore[call-overload] # a name of our own
            return f"{server}/{made[-1]}"

        yield make
        for name in made:
            session.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[call-overload] # a name of our own
