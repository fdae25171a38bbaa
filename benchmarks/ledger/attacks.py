"""Tamperings of a small ledger, drawn at random, each with what must be said of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.ledger import DecisionRecord, StreamWriter, entry_bytes
from assay.ledger.checkpoint import write_checkpoint
from assay.ledger.signing import public_bytes
from assay.ledger.standalone import (
    BEFORE_CHAIN,
    BEFORE_RECORD,
    BODY_AT,
    CHECKPOINT,
    END,
    SIGNED,
    Verification,
    genesis,
    verify_ledger,
)

Files = dict[Path, bytes]


@dataclass(frozen=True, slots=True)
class Target:
    """An untouched ledger with everything signed, and the second place."""

    folder: Path
    copies: Path
    public: bytes
    files: Files

    def segments(self, stream: str) -> list[Path]:
        """Return a stream's segments in order."""
        folder = self.folder / "streams" / stream
        return sorted(each for each in self.files if each.parent == folder)

    def checkpoints(self) -> list[Path]:
        """Return the checkpoints in order."""
        folder = self.folder / "checkpoints"
        return sorted(each for each in self.files if each.parent == folder)


@dataclass(frozen=True, slots=True)
class Attack:
    """Files that it changed, what may be said of it, and where it was."""

    name: str
    changed: dict[Path, bytes | None]
    kinds: tuple[str, ...]
    where: str
    at: int


def sample_entry(number: int) -> bytes:
    """Return a decision of the size that the shipped credit model leaves."""
    inputs = {f"feature_{i:02d}": number * 0.37 + i for i in range(12)}
    return entry_bytes(
        DecisionRecord(
            request_id=f"request-{number:08d}",
            model="credit_default",
            version="7",
            bundle_digest=sha256(b"bundle").hexdigest(),
            inputs=inputs,
            features=inputs,
            probability=(number % 997) / 997,
            threshold=0.21,
            decision="decline" if number % 5 == 0 else "approve",
            reasons=("R01", "R07") if number % 5 == 0 else (),
            latency_us=180,
            policy="default-1",
        )
    )


def make_target(folder: Path, copies: Path) -> Target:
    """Write three streams in several segments under four checkpoints."""
    key = Ed25519PrivateKey.generate()
    names = ("worker-1", "worker-2", "worker-3")
    writers = [StreamWriter(folder, name, segment_bytes=6_000) for name in names]
    for number in range(80):
        writer = writers[number % 7 % 3]
        writer.stage(sample_entry(number))
        if number % 4 == 3:
            for each in writers:
                each.commit()
        if number % 20 == 19:
            if number == 79:
                for each in writers:
                    each.close()
            write_checkpoint(folder, key, copies=copies)
    files = {
        f: f.read_bytes() for f in folder.rglob("*") if f.suffix in {".ndjson", ".json"}
    }
    return Target(folder, copies, public_bytes(key), files)


def carry_out(target: Target, attack: Attack) -> Verification:
    """Return what verification says of the tampered ledger, and put it right again."""
    for file, content in attack.changed.items():
        file.unlink()
        if content is not None:
            file.write_bytes(content)
    try:
        return verify_ledger(target.folder, target.public, target.copies)
    finally:
        for file in attack.changed:
            file.unlink(missing_ok=True)
            file.write_bytes(target.files[file])


def is_named(attack: Attack, seen: Verification) -> bool:
    """Return whether the right word was said about the right place."""
    return any(
        each.is_damage
        and each.kind in attack.kinds
        and each.where == attack.where
        and each.first <= attack.at <= each.last
        for each in seen.findings
    )


def draw(target: Target, rng: random.Random) -> Attack:
    """Return one tampering at random."""
    kind = rng.choice(ATTACKS)
    return kind(target, rng)


def _pick(target: Target, rng: random.Random) -> tuple[str, Path, list[bytes]]:
    stream = rng.choice(("worker-1", "worker-2", "worker-3"))
    segment = rng.choice(target.segments(stream))
    return stream, segment, target.files[segment].splitlines(keepends=True)


def flip_a_bit(target: Target, rng: random.Random) -> Attack:
    """Flip one bit anywhere in a segment."""
    stream, segment, _ = _pick(target, rng)
    content = bytearray(target.files[segment])
    place = rng.randrange(len(content))
    content[place] ^= 1 << rng.randrange(8)
    at = int(segment.stem) + target.files[segment][:place].count(b"\n")
    # Without its end of line a record runs into the next one, or ends the file.
    is_end = target.files[segment][place : place + 1] == b"\n"
    kinds = ("altered", "missing", "truncated") if is_end else ("altered",)
    return Attack("flip", {segment: bytes(content)}, kinds, stream, at)


def drop(target: Target, rng: random.Random) -> Attack:
    """Take one record out, or a whole segment."""
    stream, segment, lines = _pick(target, rng)
    place = rng.randrange(len(lines))
    kinds = ("missing", "truncated")
    at = int(segment.stem) + place
    if rng.random() < 0.2:
        return Attack("drop a segment", {segment: None}, kinds, stream, at)
    content = _joined(lines[:place], lines[place + 1 :])
    return Attack("drop", {segment: content}, kinds, stream, at)


def swap(target: Target, rng: random.Random) -> Attack:
    """Exchange two records."""
    stream, segment, lines = _pick(target, rng)
    if len(lines) < 2:
        return swap(target, rng)
    i, j = sorted(rng.sample(range(len(lines)), 2))
    lines[i], lines[j] = lines[j], lines[i]
    at = int(segment.stem) + i
    return Attack("swap", {segment: _joined(lines)}, ("out_of_order",), stream, at)


def truncate(target: Target, rng: random.Random) -> Attack:
    """Cut the end of a stream, anywhere in its last segment."""
    stream = rng.choice(("worker-1", "worker-2", "worker-3"))
    segment = target.segments(stream)[-1]
    content = target.files[segment][: rng.randrange(len(target.files[segment]))]
    at = int(segment.stem) + content.count(b"\n")
    return Attack("truncate", {segment: content}, ("truncated",), stream, at)


def duplicate(target: Target, rng: random.Random) -> Attack:
    """Put a record in a second time, behind itself or later."""
    stream, segment, lines = _pick(target, rng)
    i = rng.randrange(len(lines))
    j = rng.randrange(i + 1, len(lines) + 1)
    lines.insert(j, lines[i])
    at = int(segment.stem) + i
    return Attack("duplicate", {segment: _joined(lines)}, ("repeated",), stream, at)


def fork(target: Target, rng: random.Random) -> Attack:
    """Change a record and chain everything behind it anew, as only a forger would."""
    stream, segment, lines = _pick(target, rng)
    place = rng.randrange(len(lines))
    at = int(segment.stem) + place
    changed: dict[Path, bytes | None] = {}
    chain, number = genesis(stream), 1
    for file in target.segments(stream):
        content = []
        for raw in target.files[file].splitlines(keepends=True):
            body = raw[BODY_AT : -len(END)]
            if number == at:
                body = body.replace(b'{"entry":{', b'{"entry":{"forged":1,', 1)
            chain = sha256(chain + body).digest()
            written = chain.hex().encode()
            content.append(BEFORE_CHAIN + written + BEFORE_RECORD + body + END)
            number += 1
        changed[file] = b"".join(content)
    return Attack("fork", changed, ("rewritten",), stream, at)


def edit_a_checkpoint(target: Target, rng: random.Random) -> Attack:
    """Flip, delete, exchange or forge a checkpoint."""
    files = target.checkpoints()
    file = rng.choice(files)
    old = target.files[file]
    way = rng.randrange(4)
    content: bytes | None = None
    if way == 0:
        flipped = bytearray(old)
        flipped[rng.randrange(len(old))] ^= 1 << rng.randrange(8)
        content = bytes(flipped)
    elif way == 1:
        content = target.files[rng.choice([each for each in files if each != file])]
    elif way == 2:
        parts = CHECKPOINT.fullmatch(old)
        body = parts[1].replace(b'"root":"', b'"root":"0', 1) if parts else b""
        signature = Ed25519PrivateKey.generate().sign(SIGNED + body).hex().encode()
        content = b'{"checkpoint":%b,"signature":"%b"}\n' % (body, signature)
    kinds = ("checkpoint_altered", "checkpoint_missing")
    return Attack("checkpoint", {file: content}, kinds, "checkpoints", int(file.stem))


def _joined(*lines: Sequence[bytes]) -> bytes:
    return b"".join(b"".join(each) for each in lines)


ATTACKS: tuple[Callable[[Target, random.Random], Attack], ...] = (
    flip_a_bit,
    drop,
    swap,
    truncate,
    duplicate,
    fork,
    edit_a_checkpoint,
)
