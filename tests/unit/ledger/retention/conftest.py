"""A ledger of sealed decisions of two people, over many days, signed and archived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.contract import find_contract
from assay.ledger import DecisionRecord, StreamWriter, entry_bytes
from assay.ledger.archive import FolderArchive, sealed_segments, ship_segments
from assay.ledger.checkpoint import write_checkpoint
from assay.ledger.privacy import KeyStore, Sealer, pseudonym
from assay.ledger.signing import public_bytes
from assay.ledger.standalone import verify_ledger

CONTRACT = find_contract(
    "credit_default", Path(__file__).parents[4] / "data" / "contracts"
)
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Kept:
    folder: Path
    key: Ed25519PrivateKey
    store: KeyStore
    archive: FolderArchive

    def name(self, person):
        return pseudonym(self.store.secret(), person)

    def verify(self):
        return verify_ledger(self.folder, public_bytes(self.key))

    def sealed(self, stream="w"):
        return [each for each in sealed_segments(self.folder) if each.stream == stream]

    def write(self, n_days, stream="w", first_day=0, policy="retail"):
        """Write a decision a day on ann and bob in turn, then sign and archive."""
        sealer = Sealer(self.store)
        day = first_day
        writer = StreamWriter(
            self.folder,
            stream,
            segment_bytes=6_000,
            clock=lambda: int((START + timedelta(days=day)).timestamp() * 10**9),
        )
        for day in range(first_day, first_day + n_days):
            person = "bob" if day % 2 else "ann"
            inputs = {"application_id": f"A-{day}", "income": 1000.0 + day}
            record = DecisionRecord(
                request_id=f"r{day}",
                model="credit_default",
                version="1",
                bundle_digest="ab" * 32,
                inputs=sealer.seal_personal(CONTRACT, person, inputs),
                features={},
                probability=0.5,
                threshold=0.2,
                decision="decline",
                policy=policy,
            )
            writer.stage(entry_bytes(record))
            writer.commit()
        writer.close()
        write_checkpoint(self.folder, self.key)
        ship_segments(self.sealed(stream), self.archive)


@pytest.fixture
def kept(tmp_path):
    made = Kept(
        tmp_path / "ledger",
        Ed25519PrivateKey.generate(),
        KeyStore(tmp_path / "keys"),
        FolderArchive(tmp_path / "archive"),
    )
    made.write(40)
    return made
