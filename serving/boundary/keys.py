"""API keys: a file of hashes that is read again when it changes.

A key is ``assay_<id>_<secret>``; the secret is 256 random bits, so one SHA-256 of it
cannot be guessed and costs a request less than a microsecond. The file holds no secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from assay.errors import ConfigError
from serving.boundary.places import ADMIN, SCOPES

LOOK_SECONDS = 1.0
_TOKEN = re.compile(r"assay_([0-9a-f]{12})_[A-Za-z0-9_\-]{43}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key.

    Attributes
    ----------
    key_id : str
        Public part, 12 hexadecimal digits.
    name : str
        Whose it is, for people.
    digest : str
        SHA-256 of the whole key.
    scopes : tuple of str
        What it may do; ``admin`` may do everything.
    created : str
        When it was made, UTC.
    expires : float or None
        Epoch seconds from which it is refused.
    rate_per_second : float or None
        Its own rate; None takes the service's.
    """

    key_id: str
    name: str
    digest: str
    scopes: tuple[str, ...]
    created: str
    expires: float | None = None
    rate_per_second: float | None = None

    def may(self, scope: str) -> bool:
        """Say whether the key holds a scope."""
        return scope in self.scopes or ADMIN in self.scopes


def new_key(
    file: Path,
    name: str,
    scopes: Sequence[str],
    *,
    days: float | None = None,
    rate_per_second: float | None = None,
) -> str:
    """Add a key to the file and return it. It is shown this once and kept nowhere.

    Raises
    ------
    ConfigError
        If a scope is unknown, a number is not positive, or the file does not read.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ConfigError(
            f"no such scope: {', '.join(unknown) or 'none given'}; "
            f"choose from {', '.join(SCOPES)}"
        )
    for number in (days, rate_per_second):
        if number is not None and not number > 0:
            raise ConfigError(f"{number} must be greater than 0")
    key_id = secrets.token_hex(6)
    token = f"assay_{key_id}_{secrets.token_urlsafe(32)}"
    made = ApiKey(
        key_id=key_id,
        name=name,
        digest=_digest(token),
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        expires=None if days is None else time.time() + days * 86_400,
        rate_per_second=rate_per_second,
    )
    _write(file, [*read_keys(file), made])
    return token


def revoke_key(file: Path, key_id: str) -> ApiKey:
    """Take a key out of the file and return what it was.

    Raises
    ------
    ConfigError
        If there is no such key.
    """
    kept = read_keys(file)
    found = [key for key in kept if key.key_id == key_id]
    if not found:
        known = ", ".join(key.key_id for key in kept) or "none"
        raise ConfigError(f"no API key {key_id!r} in {file}; there are: {known}")
    _write(file, [key for key in kept if key.key_id != key_id])
    return found[0]


def read_keys(file: Path) -> list[ApiKey]:
    """Return the keys in a file; none where there is no file.

    Raises
    ------
    ConfigError
        If it does not read as a whole: half a file must not let half the callers in.
    """
    try:
        entries = json.loads(file.read_text())
        keys = [replace(ApiKey(**each), scopes=tuple(each["scopes"])) for each in entries]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"the API keys in {file} do not read: {error}") from error
    return keys


@dataclass(slots=True)
class KeyRing:
    """The keys of a file, as they are now.

    Attributes
    ----------
    file : Path
        Where they are.
    problem : str
        Why the file does not read; nobody is let in then. Empty where it does.
    """

    file: Path
    problem: str = ""
    _keys: dict[str, ApiKey] = field(default_factory=dict)
    _opened: dict[str, ApiKey] = field(default_factory=dict)
    _look_at: float = 0.0
    _seen: tuple[int, int, int] | None = None

    @property
    def is_empty(self) -> bool:
        """True where no key was made yet."""
        self._refresh()
        return not self._keys

    def find(self, token: str) -> ApiKey | None:
        """Return the key of a token, or None where there is none or it has expired."""
        self._refresh()
        key = self._opened.get(token)
        if key is None:
            match = _TOKEN.fullmatch(token)
            key = self._keys.get(match[1]) if match else None
            if key is None or not hmac.compare_digest(key.digest, _digest(token)):
                return None
            self._opened[token] = key  # at most one for each key of the file
        if key.expires is not None and time.time() >= key.expires:
            return None
        return key

    def _refresh(self) -> None:
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        try:
            status = self.file.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            seen = None
        if seen is not None and seen == self._seen:
            return
        self._seen = seen
        self._opened = {}
        try:
            self._keys = {key.key_id: key for key in read_keys(self.file)}
            self.problem = ""
        except ConfigError as error:
            self._keys, self.problem = {}, str(error)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _write(file: Path, keys: Sequence[ApiKey]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".api-keys-", dir=file.parent)  # mode 0600
    with os.fdopen(handle, "w") as out:
        json.dump([asdict(key) for key in keys], out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    Path(name).replace(file)
