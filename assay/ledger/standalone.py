#!/usr/bin/env python3
"""Verify a ledger with this one file and Python's standard library.

::

    python standalone.py verify FOLDER PUBLIC_KEY_HEX [FOLDER_OF_CHECKPOINT_COPIES]
    python standalone.py proof  PROOF.json PUBLIC_KEY_HEX

A line of a segment is ``{"chain":"64 hex","record":BODY}``, with ``chain`` the SHA-256
of the chain before it and the bytes of BODY. Memory does not grow with the ledger.

References
----------
Laurie, Langley, Kasper, "Certificate Transparency", RFC 6962, 2013, and RFC 9162, 2021;
Josefsson, Liusvaara, "Edwards-Curve Digital Signature Algorithm", RFC 8032, 2017.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

BEFORE_CHAIN, BEFORE_RECORD, END = b'{"chain":"', b'","record":', b"}\n"
BODY_AT = len(BEFORE_CHAIN) + 64 + len(BEFORE_RECORD)
LONGEST_LINE = 32 * 2**20
HEAD = re.compile(
    rb',"group":(\d{1,19}),"sequence":(\d{1,19}),"stream":"([a-z0-9][a-z0-9._-]*)"'
    rb',"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)"\}\Z'
)
FRONT = re.compile(rb'\{"chain":"([0-9a-f]{64})","record":\{"entry":')
SIGNED = b"assay checkpoint 1\n"
CHECKPOINT = re.compile(rb'\{"checkpoint":(\{.*\}),"signature":"([0-9a-f]{128})"\}\n')
SIGNED_RETIRED = b"assay retired 1\n"
RETIRED = re.compile(rb'\{"retired":(\{.*\}),"signature":"([0-9a-f]{128})"\}\n')
NOTES = ("half_written", "recovered", "retired", "uncovered")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong and where; `kind` in `NOTES` is no damage."""

    kind: str
    where: str
    first: int
    last: int
    detail: str

    @property
    def is_damage(self) -> bool:
        """Whether the ledger is not what was signed."""
        return self.kind not in NOTES


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a segment; `sequence` is 0 where it does not read.

    Of a record that retention deleted only `leaf`, its hash in the tree, is left.
    """

    sequence: int
    group: int
    chain: bytes
    body: bytes
    segment: str
    offset: int
    raw_bytes: int
    leaf: bytes = b""


def genesis(stream: str) -> bytes:
    """Return the chain before a stream's first record, 32 bytes."""
    return hashlib.sha256(b"assay ledger 1\n" + stream.encode()).digest()


def parse_line(raw: bytes, stream: str, segment: str = "", offset: int = 0) -> Line:
    """Return the parts of a line, with `sequence` 0 if any byte of its frame is wrong."""
    body, front = raw[BODY_AT : -len(END)], FRONT.match(raw)
    tail = HEAD.search(body, max(0, len(body) - 256))
    if not (tail and front and raw.endswith(END) and tail[3] == stream.encode()):
        return Line(0, 0, b"", body, segment, offset, len(raw))
    chained = bytes.fromhex(front[1].decode())
    return Line(int(tail[2]), int(tail[1]), chained, body, segment, offset, len(raw))


def segment_lines(file: Path, stream: str, start: int = 0) -> Iterator[Line | bytes]:
    """Return the lines of a segment in order; a tail without its end comes as bytes."""
    with file.open("rb") as segment:
        segment.seek(start)
        offset = start
        while raw := segment.readline(LONGEST_LINE):
            if not raw.endswith(b"\n"):
                yield raw
                return
            yield parse_line(raw, stream, file.name, offset)
            offset += len(raw)


class StreamWalk:
    """One pass over a stream that checks its chain and names what is wrong."""

    def __init__(self, folder: Path, public: bytes | None = None) -> None:
        self.name = folder.name
        self._public = public
        self.findings: list[Finding] = []
        self.expected = 1
        self.n_records = 0
        self.chain = genesis(self.name)
        self._possible: tuple[bytes, ...] = (self.chain,)
        self._gaps: list[tuple[int, int]] = []
        self._lines = self._all_lines(folder)

    @property
    def n_damages(self) -> int:
        """Number of faults found so far."""
        return len(self._gaps) + sum(each.is_damage for each in self.findings)

    def until(self, size: int) -> Iterator[bytes]:
        """Return the leaves' hashes up to sequence `size`, checking each record."""
        while self.expected <= size and (line := next(self._lines, None)):
            self._check(line)
            self.n_records += 1
            yield line.leaf or leaf_hash(line.body)

    def all_findings(self) -> list[Finding]:
        """Return everything found, with what never came as missing."""
        missing = [
            Finding("missing", self.name, a, b, f"records {a} to {b} are not there")
            for a, b in self._gaps
        ]
        return self.findings + missing

    def _check(self, line: Line) -> None:
        if line.leaf:
            self._check_retired(line)
            return
        wanted, computed = self.expected, self._chains_after(line.body)
        if line.sequence == wanted and line.chain in computed:
            self._possible, self.expected = (line.chain,), wanted + 1
        elif self._stands_elsewhere(line):
            if self._is_known_place(line):
                return
            self._possible, self.expected = (line.chain,), line.sequence + 1
        else:
            self._say("altered", line, wanted, "its bytes do not match its chain")
            stored = [line.chain] if line.chain else []
            self._possible, self.expected = (*computed, *stored), wanted + 1
        self.chain = line.chain
        if b'"kind":"recovered"' in line.body[:600]:
            self._say_recovered(line)

    def _check_retired(self, line: Line) -> None:
        """Pass a record that was deleted: the tree's root is over its hash."""
        if line.sequence != self.expected and self._is_known_place(line):
            return
        self.expected = line.sequence + 1
        # The chain is known again behind the last record of what was deleted.
        self.chain, self._possible = line.chain, (line.chain,)

    def _stands_elsewhere(self, line: Line) -> bool:
        """Say whether it is another record, and not this one with its number bent."""
        at, wanted = line.sequence, self.expected
        if at in (0, wanted):
            return False
        straight = line.body.replace(
            b',"sequence":%d,"stream":' % at, b',"sequence":%d,"stream":' % wanted
        )
        return line.chain not in self._chains_after(straight)

    def _chains_after(self, body: bytes) -> list[bytes]:
        return [hashlib.sha256(each + body).digest() for each in self._possible]

    def _is_known_place(self, line: Line) -> bool:
        at, wanted = line.sequence, self.expected
        if at > wanted:
            self._gaps.append((wanted, at - 1))
            return False
        for place, (first, last) in enumerate(self._gaps):
            if first <= at <= last:
                parts = [(first, at - 1), (at + 1, last)]
                self._gaps[place : place + 1] = [(a, b) for a, b in parts if a <= b]
                self._say(
                    "out_of_order", line, at, f"it stands after record {wanted - 1}"
                )
                return True
        self._say("repeated", line, at, f"it stands again after record {wanted - 1}")
        return True

    def _say(self, kind: str, line: Line, sequence: int, detail: str) -> None:
        place = f"{line.segment} byte {line.offset}"
        self.findings.append(
            Finding(kind, self.name, sequence, sequence, f"{place}: {detail}")
        )

    def _say_recovered(self, line: Line) -> None:
        try:
            entry = json.loads(line.body)["entry"]
        except ValueError:
            return
        if entry["kind"] == "recovered":
            said = entry["said"]
            detail = f"{said['cut_bytes']} bytes were cut and kept in {said['aside']}"
            self._say("recovered", line, line.sequence, detail)

    def _all_lines(self, folder: Path) -> Iterator[Line]:
        files = sorted([*folder.glob("*.ndjson"), *folder.glob("*.retired")])
        at = 0
        for file in files:
            first = True
            if file.suffix == ".retired":
                # Until its segment is deleted too, the segment itself is read.
                if not file.with_suffix(".ndjson").exists():
                    yield from self._retired_lines(file)
                continue
            for line in segment_lines(file, self.name):
                if isinstance(line, bytes):
                    kind = "half_written" if file == files[-1] else "truncated"
                    text = f"{file.name} ends in {len(line)} bytes of half a record"
                    self.findings.append(Finding(kind, self.name, at + 1, at + 1, text))
                    continue
                at = line.sequence or at + 1
                if first and line.sequence and file.stem != f"{line.sequence:020d}":
                    self._say("misnamed", line, line.sequence, "not the file's number")
                first = False
                yield line

    def _retired_lines(self, file: Path) -> Iterator[Line]:
        """Return what is left of records that retention deleted, if that was signed."""
        leaves_file, at = file.with_suffix(".leaves"), int(file.stem)
        content = leaves_file.read_bytes() if leaves_file.is_file() else b""
        said = read_retired(file.read_bytes(), self._public)
        n_leaves = len(content) // 32
        why = ""
        if said is None:
            why = "its signature does not hold for its bytes"
        elif (said["stream"], said["first"]) != (self.name, at):
            why = f"it is of {said['stream']} {said['first']}"
        elif said["leaves"] != hashlib.sha256(content).hexdigest() or (
            (said["last"] - at + 1) * 32 != len(content)
        ):
            why = "the hashes that it left are not those that were signed"
        elif bytes.fromhex(said["before"]) not in self._possible:
            why = "it does not follow the chain before it"
        if said is None or why:
            text = f"{file.name}: {why}"
            self.findings.append(Finding("altered", self.name, at, at, text))
            return
        detail = f"deleted {said['time']} under {said['why']}; their hashes are there"
        self.findings.append(Finding("retired", self.name, at, said["last"], detail))
        for place in range(n_leaves):
            is_last = place == n_leaves - 1
            chain = bytes.fromhex(said["chain"]) if is_last else b""
            leaf = content[32 * place : 32 * place + 32]
            yield Line(at + place, 0, chain, b"", file.name, 0, 0, leaf)


@dataclass(slots=True)
class Frontier:
    """Merkle tree of RFC 6962 over leaves in order, in memory logarithmic in them."""

    size: int = 0
    nodes: list[bytes] = field(default_factory=list)

    def add(self, body: bytes) -> None:
        """Append one record."""
        self.add_leaf(leaf_hash(body))

    def add_leaf(self, leaf: bytes) -> None:
        """Append the hash of one record."""
        node, size = leaf, self.size
        while size & 1:
            node, size = node_hash(self.nodes.pop(), node), size >> 1
        self.nodes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the tree's hash, 32 bytes."""
        if not self.nodes:
            return hashlib.sha256(b"").digest()
        root = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            root = node_hash(node, root)
        return root


def leaf_hash(body: bytes) -> bytes:
    """Return SHA-256 of 0x00 and the leaf."""
    return hashlib.sha256(b"\0" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256 of 0x01 and the two children."""
    return hashlib.sha256(b"\1" + left + right).digest()


def inclusion_holds(
    leaf: bytes, index: int, size: int, path: Iterable[bytes], root: bytes
) -> bool:
    """Return whether the path leads from a leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for node in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(node, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, node)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def consistency_holds(
    old: int, new: int, path: list[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Return whether one tree begins the other (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new or (old == new) != (not path):
        return False
    if old == new:
        return old_root == new_root
    nodes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(node, first), node_hash(node, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, node)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


# Ed25519 over extended coordinates, as RFC 8032, section 6, writes it down.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


@lru_cache(maxsize=256)
def signature_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether an Ed25519 signature of 64 bytes is of the key of 32 bytes."""
    key, nonce = _point(public), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or nonce is None or scalar >= ORDER or len(signature) != 64:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left = _times(scalar, BASE)
    right = _sum(nonce, _times(int.from_bytes(digest, "little") % ORDER, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (
        left[1] * right[2] - right[1] * left[2]
    ) % P == 0


def _sum(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _sum(total, point)
        point, scalar = _sum(point, point), scalar >> 1
    return total


def _point(packed: bytes) -> Point | None:
    if len(packed) != 32:
        return None
    y = int.from_bytes(packed, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = _point((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or (0, 1, 1, 0)


def read_checkpoint(content: bytes, public: bytes | None) -> dict[str, Any] | None:
    """Return what a checkpoint's file says, or None if it is not as it was signed.

    Without a public key the signature is not checked.
    """
    parts = CHECKPOINT.fullmatch(content)
    if parts is None:
        return None
    signature = bytes.fromhex(parts[2].decode())
    if public and not signature_holds(public, SIGNED + parts[1], signature):
        return None
    said: dict[str, Any] = json.loads(parts[1])
    return said | {"digest": hashlib.sha256(content).hexdigest()}


def read_retired(content: bytes, public: bytes | None) -> dict[str, Any] | None:
    """Return what a statement of deletion says, or None if it is not as it was signed.

    Without a public key the signature is not checked.
    """
    parts = RETIRED.fullmatch(content)
    if parts is None:
        return None
    signature = bytes.fromhex(parts[2].decode())
    if public and not signature_holds(public, SIGNED_RETIRED + parts[1], signature):
        return None
    said: dict[str, Any] = json.loads(parts[1])
    return said


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification saw; `findings` in order of where they are."""

    n_records: int
    n_covered: int
    n_checkpoints: int
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was damaged."""
        return not any(each.is_damage for each in self.findings)


def verify_ledger(
    folder: Path, public: bytes, copies: Path | None = None
) -> Verification:
    """Return what is wrong with a ledger and where, in one pass and bounded memory."""
    findings: list[Finding] = []
    checkpoints = _checkpoints(folder / "checkpoints", copies, public, findings)
    names = {each.name for each in (folder / "streams").glob("*") if each.is_dir()}
    names |= {name for each in checkpoints if each for name in each["streams"]}
    walks = {
        name: StreamWalk(folder / "streams" / name, public) for name in sorted(names)
    }
    tree: Frontier | None = Frontier()
    before: dict[str, int] = {}
    n_covered = 0
    for said in checkpoints:
        if said is None:
            tree = None
            continue
        _compare(said, walks, before, tree, findings)
        before = {name: end["size"] for name, end in said["streams"].items()}
        n_covered = said["size"]
    n_records = sum(_finish(walk, before, findings) for walk in walks.values())
    return Verification(n_records, n_covered, len(checkpoints), tuple(findings))


def _checkpoints(
    folder: Path, copies: Path | None, public: bytes, findings: list[Finding]
) -> list[dict[str, Any] | None]:
    def files(at: Path | None) -> dict[int, bytes]:
        known = sorted(at.glob("*.json")) if at else []
        return {int(f.stem): f.read_bytes() for f in known if f.stem.isdigit()}

    here, there = files(folder), files(copies)
    found: list[dict[str, Any] | None] = []
    previous: str | None = ""
    for number in range(1, max([0, *here, *there]) + 1):
        kind, why = "", ""
        said = read_checkpoint(here.get(number, b""), public)
        if number not in here:
            kind, why = "checkpoint_missing", "its file is not there"
        elif said is None or said["number"] != number:
            kind, why = "checkpoint_altered", "its signature does not hold for its bytes"
        elif previous is not None and said["previous"] != previous:
            kind, why = "checkpoint_altered", "it does not follow the one before it"
        elif copies and there.get(number, here[number]) != here[number]:
            kind, why = "checkpoint_altered", "the copy in the second place is another"
        if kind:
            findings.append(Finding(kind, "checkpoints", number, number, why))
            said = read_checkpoint(there.get(number, b""), public)
        found.append(said)
        previous = said["digest"] if said else None
    return found


def _compare(
    said: dict[str, Any],
    walks: dict[str, StreamWalk],
    before: dict[str, int],
    tree: Frontier | None,
    findings: list[Finding],
) -> None:
    whole = True
    for name, end in sorted(said["streams"].items()):
        walk, known = walks[name], before.get(name, 0)
        damages = walk.n_damages
        for leaf in walk.until(end["size"]):
            if tree is not None:
                tree.add_leaf(leaf)
        n_found, number = walk.expected - 1, said["number"]
        kind, first, last = "", known + 1, end["size"]
        if n_found < last:
            kind, first = "truncated", n_found + 1
            why = f"ends after record {n_found}; checkpoint {number} signed {last}"
            walk.expected = last + 1
        elif walk.n_damages == damages and walk.chain.hex() not in ("", end["chain"]):
            kind, why = "rewritten", f"another history than checkpoint {number} signed"
        if kind:
            walk.findings.append(Finding(kind, name, first, last, why))
        whole = whole and walk.n_damages == 0
    if whole and tree is not None and tree.root().hex() != said["root"]:
        why = "the root of the records is not the root that was signed"
        findings.append(
            Finding("rewritten", "checkpoints", said["number"], said["number"], why)
        )


def _finish(walk: StreamWalk, covered: dict[str, int], findings: list[Finding]) -> int:
    for _ in walk.until(2**63):
        pass
    findings += walk.all_findings()
    last, n_signed = walk.expected - 1, covered.get(walk.name, 0)
    if last > n_signed:
        why = "no checkpoint covers them yet: only accidents show, not a new history"
        findings.append(Finding("uncovered", walk.name, n_signed + 1, last, why))
    return walk.n_records


def proof_holds(proof: dict[str, Any], public: bytes) -> bool:
    """Return whether a proof document shows its record under a signed checkpoint."""
    said = read_checkpoint(proof["checkpoint"].encode(), public)
    path = base64.b64decode(proof["path"])
    nodes = [path[i : i + 32] for i in range(0, len(path), 32)]
    return said is not None and inclusion_holds(
        leaf_hash(proof["record"].encode()),
        proof["index"],
        said["size"],
        nodes,
        bytes.fromhex(said["root"]),
    )


def main(words: list[str]) -> int:
    """Run one order of the command line and return the exit code."""
    if len(words) not in (3, 4) or words[0] not in ("verify", "proof"):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    public = bytes.fromhex(words[2])
    if words[0] == "proof":
        holds = proof_holds(json.loads(Path(words[1]).read_text()), public)
        sys.stdout.write("the proof holds\n" if holds else "the proof DOES NOT hold\n")
        return 0 if holds else 1
    seen = verify_ledger(Path(words[1]), public, Path(words[3]) if words[3:] else None)
    for each in seen.findings:
        span = f"{each.first}" + (f" to {each.last}" if each.last > each.first else "")
        sys.stdout.write(f"{each.kind}: {each.where} {span}: {each.detail}\n")
    sys.stdout.write(
        f"{seen.n_records} records, {seen.n_covered} under {seen.n_checkpoints} "
        f"checkpoints: {'ok' if seen.passed else 'DAMAGED'}\n"
    )
    return 0 if seen.passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
