"""The ledger of decisions seen from outside: read, archived, in tables."""
