"""Worlds with known truth, to test and to show the platform on."""
