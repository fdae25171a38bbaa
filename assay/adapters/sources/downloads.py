"""Pinned downloads: a file is used only if it has the digest that was asked for."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import httpx
import pandas as pd

from assay.adapters.sources.files import read_csv, read_parquet
from assay.contract.model import Contract
from assay.errors import ConfigError, SourceError
from assay.settings import Settings

LARGEST_DOWNLOAD_BYTES = 4 * 2**30
"""A pinned data set is not larger; a server that goes on sending is cut off."""

_PIN = re.compile(r"sha256=([0-9a-fA-F]{64})")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_BLOCK_BYTES = 2**20


def read_openml(rest: str, contract: Contract, settings: Settings) -> pd.DataFrame:
    """Return the rows of ``ID#sha256=HEX``, a data set of OpenML, as Parquet."""
    del contract
    number, digest = _numbered(rest, "openml")
    path = f"datasets/{number // 10_000:04d}/{number:04d}/dataset_{number}.pq"
    return _table(f"{settings.openml_url}/{path}", digest, settings)


def read_uci(rest: str, contract: Contract, settings: Settings) -> pd.DataFrame:
    """Return the rows of ``ID#sha256=HEX``, a data set of the UCI repository, as CSV."""
    del contract
    number, digest = _numbered(rest, "uci")
    return _table(f"{settings.uci_url}/static/public/{number}/data.csv", digest, settings)


def read_url(rest: str, contract: Contract, settings: Settings) -> pd.DataFrame:
    """Return the rows of a CSV or Parquet file at ``https://...#sha256=HEX``."""
    del contract
    url, _, pin = rest.partition("#")
    return _table(url, _digest(pin, rest), settings)


def pinned_file(url: str, digest: str, settings: Settings) -> Path:
    """Return the local copy of a file with a known digest; fetch it if there is none.

    Raises
    ------
    ConfigError
        If the address is not encrypted and not on this machine.
    SourceError
        If the server does not deliver, or delivers other bytes.
    """
    target = settings.home.resolve() / "downloads" / digest
    if target.exists() and _sha256(target) == digest:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".partial-", dir=target.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            found = _fetch(url, file, settings.download_timeout_seconds)
        if found != digest:
            raise SourceError(
                f"{url} has sha256 {found}, and {digest} was asked for: the file was "
                "changed or is another one; nothing was used. Check it and pin its digest"
            )
        partial.replace(target)
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"cannot keep {url} in {target.parent}: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return target


def _fetch(url: str, file: BinaryIO, timeout_seconds: float) -> str:
    """Write what `url` delivers into `file` and return its digest."""
    digest, n_bytes = hashlib.sha256(), 0
    hooks = {"request": [_refuse_plain]}
    try:
        with (
            httpx.Client(
                timeout=timeout_seconds, follow_redirects=True, event_hooks=hooks
            ) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            for block in answer.iter_bytes(_BLOCK_BYTES):
                n_bytes += len(block)
                if n_bytes > LARGEST_DOWNLOAD_BYTES:
                    raise SourceError(
                        f"{url} sends more than {LARGEST_DOWNLOAD_BYTES} bytes; "
                        "download it yourself and give the file as the source"
                    )
                digest.update(block)
                file.write(block)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(
            f"{url} did not deliver: {error or type(error).__name__}"
        ) from error
    return digest.hexdigest()


def _refuse_plain(request: httpx.Request) -> None:
    """Refuse every hop, redirects included, that could be read on its way."""
    if request.url.scheme == "http" and request.url.host not in _LOOPBACK:
        raise ConfigError(
            f"{request.url} is not encrypted; http:// is allowed for this machine only, "
            "use https://"
        )


def _table(url: str, digest: str, settings: Settings) -> pd.DataFrame:
    if not urlsplit(url).hostname:
        raise ConfigError(f"{url!r} names no host; write https://HOST/FILE#sha256=HEX")
    path = pinned_file(url, digest, settings)
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    return read_parquet(path) if is_parquet else read_csv(path)


def _numbered(rest: str, kind: str) -> tuple[int, str]:
    number, _, pin = rest.partition("#")
    if not number.isascii() or not number.isdigit():
        raise ConfigError(
            f"{kind}:{rest!r} names no data set; write {kind}:NUMBER#sha256=HEX"
        )
    return int(number), _digest(pin, f"{kind}:{rest}")


def _digest(pin: str, source: str) -> str:
    found = _PIN.fullmatch(pin)
    if not found:
        raise ConfigError(
            f"the source {source!r} is not pinned; a download ends in #sha256= and 64 "
            "hexadecimal digits, so that only the bytes meant are used"
        )
    return found[1].lower()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
