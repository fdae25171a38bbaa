"""The outside world and nothing else: sources, stores, registries, services."""
