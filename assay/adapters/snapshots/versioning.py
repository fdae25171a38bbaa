"""A DVC repository without Git: large files by pointer, and a remote that has them."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import SourceError

REMOTE = "snapshots"


@dataclass(frozen=True, slots=True)
class DvcRepository:
    """One repository; the caller sees to it that one process at a time uses it.

    Attributes
    ----------
    root : Path
        Its folder.
    remote_url : str
        Folder or ``s3://`` URL that files are pushed to; empty leaves what is set.
    endpoint : str
        Address of an S3-compatible store; empty means the cloud's own. Keys come from
        the environment, as every S3 client reads them; none is written down.
    """

    root: Path
    remote_url: str = ""
    endpoint: str = ""

    def prepare(self) -> None:
        """Make the repository if there is none, and set its remote."""
        with _said_clearly(self.root), _open(self.root, make=True) as repository:
            wanted = {"url": self.remote_url}
            if self.endpoint:
                wanted["endpointurl"] = self.endpoint
            with repository.config.edit() as config:
                config["core"] |= {
                    "analytics": False,
                    "check_update": False,
                    "remote": REMOTE,
                }
                config["remote"][REMOTE] = wanted

    def add_and_push(self, path: Path, *, add: bool) -> None:
        """Put a file under DVC (`add`) and see to it that the remote has it.

        Raises
        ------
        SourceError
            If the disk or the remote refuses.
        """
        with _said_clearly(path), _open(self.root) as repository:
            if add:
                repository.add([str(path)])
            repository.push([f"{path}.dvc"])

    def pull(self, path: Path) -> None:
        """Restore a file from the cache or the remote.

        Raises
        ------
        SourceError
            If neither has it.
        """
        with _said_clearly(path), _open(self.root) as repository:
            repository.pull([f"{path}.dvc"])
        if not path.exists():
            raise SourceError(f"neither the cache nor the remote has {path.name}")


@contextmanager
def _open(root: Path, *, make: bool = False) -> Iterator[Any]:
    os.environ.setdefault("DVC_NO_ANALYTICS", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of its own libraries
        from dvc.repo import Repo

        logging.getLogger("dvc").setLevel(logging.ERROR)  # silences its progress bars too
        if make and not (root / ".dvc").is_dir():
            Repo.init(str(root), no_scm=True).close()
        with Repo(str(root)) as repository:
            yield repository


@contextmanager
def _said_clearly(what: Path) -> Iterator[None]:
    """Raise what DVC or a store's client raises as one kind of error with its cause."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        cause = error.__cause__ or error
        raise SourceError(
            f"DVC could not keep or fetch {what.name}: {error} ({type(cause).__name__}); "
            "check ASSAY_SNAPSHOT_REMOTE and the space on the disk, then run again"
        ) from error
