"""Personal values under a key per subject: destroyed, nobody reads them again."""

from assay.ledger.privacy.keys import KeyStore
from assay.ledger.privacy.sealing import Sealer, open_personal, pseudonym

__all__ = ["KeyStore", "Sealer", "open_personal", "pseudonym"]
