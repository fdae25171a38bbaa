"""The service killed under load: no decision that a caller has is missing.

Run: python -m benchmarks.serving.kills [KILLS]
Writes docs/results/kills.md.

A real server process, callers over HTTP, ``kill -9`` at a moment drawn at random. A kill
seldom cuts a record in two, since a group is one write; so every second time the
beginning of one more record is left behind the last, as a machine leaves it that fails.
Afterwards the streams are sealed as the flow ``ship-ledger`` does it, and every decision
that was answered is looked for at the address that its answer named.
"""
# ruff: noqa: S311 # draws moments, not keys

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assay.ledger.archive import seal_abandoned
from assay.ledger.checkpoint import write_checkpoint
from assay.ledger.recovery import segments_of
from assay.ledger.signing import public_bytes, signing_key
from assay.ledger.standalone import verify_ledger
from benchmarks.serving.reloads import bias, start_server
from tests.serving.conftest import CONTRACT, ROW, RegistryDouble, write_made

RESULT = Path("docs/results/kills.md")
N_CALLERS = 16
LONGEST_SECONDS = 0.3
_BODY = json.dumps(ROW).encode()
_ADDRESS = re.compile(rb"x-assay-record: (\S+)\r\n", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(slots=True)
class Seen:
    """What callers were told, and what was found afterwards.

    Attributes
    ----------
    acknowledged : dict of str to str
        Request id by the address of its record, for every decision that was answered.
    refused : int
        Answers that were no decision.
    torn : list of str
        Streams behind which the beginning of a record was left.
    recovered : list of str
        Streams in which a cut tail is reported by a record of its own.
    unsealed : list of str
        What was said of streams that could not be repaired.
    missing : list of str
        Addresses of `acknowledged` at which its request is not.
    n_records : int
        Decisions in the ledger, those too that no caller was told of.
    is_verified : bool
        Whether the ledger passed verification under a signed checkpoint.
    """

    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    torn: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    unsealed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    n_records: int = 0
    is_verified: bool = False


async def call(port: int, name: str, seen: Seen) -> None:
    """Ask over one connection, turn after turn, until it breaks."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return
    turn = 0
    try:
        while True:
            request_id = f"{name}-{turn}"
            head = (
                f"POST /v1/models/tiny/score HTTP/1.1\r\nHost: x\r\nX-Request-Id: "
                f"{request_id}\r\nContent-Length: {len(_BODY)}\r\n"
                "Content-Type: application/json\r\n\r\n"
            )
            writer.write(head.encode() + _BODY)
            answer = await reader.readuntil(b"\r\n\r\n")
            length, address = _LENGTH.search(answer), _ADDRESS.search(answer)
            await reader.readexactly(int(length[1]) if length else 0)
            if answer[9:12] == b"200" and address is not None:
                seen.acknowledged[address[1].decode()] = request_id
            else:
                seen.refused += 1
            turn += 1
    except (asyncio.IncompleteReadError, OSError):
        return
    finally:
        writer.close()


async def live_and_die(
    home: Path, registry: RegistryDouble, rng: random.Random, life: int, seen: Seen
) -> None:
    """Start a server, ask it, and kill it while it answers."""
    server, port = await start_server(home, registry)
    before = len(seen.acknowledged)
    callers = asyncio.gather(*(call(port, f"{life}-{n}", seen) for n in range(N_CALLERS)))
    while len(seen.acknowledged) == before:
        await asyncio.sleep(0.002)
    await asyncio.sleep(rng.uniform(0, LONGEST_SECONDS))
    server.kill()
    await server.wait()
    await callers
    if life % 2:
        (folder,) = (home / "home" / "ledger" / "streams").glob(f"*-{server.pid}")
        tear(folder, rng)
        seen.torn.append(folder.name)


def tear(folder: Path, rng: random.Random) -> None:
    """Leave the beginning of one more record behind the last."""
    segment = segments_of(folder)[-1]
    content = segment.read_bytes()
    last = content[content.rfind(b"\n", 0, -1) + 1 :]
    with segment.open("ab") as file:
        file.write(last[: rng.randrange(1, len(last))])


def look(ledger: Path, seen: Seen) -> None:
    """Seal what was left, and find what is there."""
    _, seen.unsealed = seal_abandoned(ledger)
    there = {}
    for folder in sorted((ledger / "streams").iterdir()):
        for segment in segments_of(folder):
            for line in segment.read_bytes().splitlines():
                record = json.loads(line)["record"]
                kind = record["entry"]["kind"]
                if kind == "decision":
                    address = f"{folder.name}:{record['sequence']}"
                    there[address] = record["entry"]["request_id"]
                elif kind == "recovered":
                    seen.recovered.append(folder.name)
    seen.n_records = len(there)
    seen.missing = [
        address
        for address, request_id in seen.acknowledged.items()
        if there.get(address) != request_id
    ]
    key = signing_key(ledger / "ledger.pem")
    write_checkpoint(ledger, key)
    seen.is_verified = verify_ledger(ledger, public_bytes(key)).passed


async def run(n_kills: int, seed: int = 3) -> Seen:
    """Return what is there after as many kills."""
    seen, registry, rng = Seen(), RegistryDouble(), random.Random(seed)
    registry.start()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            home = Path(scratch)
            (home / "contracts").mkdir()
            (home / "contracts" / "tiny.toml").write_text(CONTRACT)
            registry.register(0, write_made(home / "made", bias(0)))
            for life in range(n_kills):
                await live_and_die(home, registry, rng, life, seen)
            look(home / "home" / "ledger", seen)
    finally:
        registry.stop()
    return seen


def is_whole(seen: Seen) -> bool:
    """Say whether nothing is missing, and every cut tail was repaired and reported."""
    return (
        not seen.missing
        and not seen.unsealed
        and set(seen.torn) <= set(seen.recovered)
        and seen.is_verified
    )


def report(seen: Seen, n_kills: int) -> str:
    """Return the table of a run."""
    n_torn = len(set(seen.torn) & set(seen.recovered))
    rows = (
        ("kill -9 under load", f"{n_kills}"),
        ("decisions that callers were given", f"{len(seen.acknowledged):,}"),
        ("of them missing in the ledger", f"{len(seen.missing)}"),
        (
            "decisions in the ledger, those too that nobody was told",
            f"{seen.n_records:,}",
        ),
        ("answers other than a decision", f"{seen.refused}"),
        ("streams left with half a record", f"{len(seen.torn)}"),
        ("of them repaired and reported by a record", f"{n_torn}"),
        ("further tails cut", f"{len(seen.recovered) - n_torn}"),
        ("streams that could not be sealed", f"{len(seen.unsealed)}"),
        ("verification afterwards", "passed" if seen.is_verified else "FAILED"),
    )
    lines = [f"| {name} | {value} |" for name, value in rows]
    return "\n".join(["| | |", "|---|---:|", *lines])


def main(arguments: Sequence[str]) -> int:
    """Run, print, and write the table; 1 if anything is missing."""
    n_kills = int(arguments[0]) if arguments else 100
    seen = asyncio.run(run(n_kills))
    text = (
        "# The service killed under load\n\n"
        f"A server process of its own each time, {N_CALLERS} callers over HTTP, killed "
        f"within {LONGEST_SECONDS:g} s after its first answer. Behind every second "
        "stream the beginning of a record is left, as a failing machine leaves it.\n\n"
        f"{report(seen, n_kills)}\n\n"
        f"Command: `python -m benchmarks.serving.kills {n_kills}`\n"
    )
    print(text)
    RESULT.write_text(text)
    return int(not is_whole(seen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
