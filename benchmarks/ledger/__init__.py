"""The ledger under attack, under load and at a million records."""
