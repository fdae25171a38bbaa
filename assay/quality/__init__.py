"""Rows against a contract: accepted, quarantined with every reason, and a verdict."""
