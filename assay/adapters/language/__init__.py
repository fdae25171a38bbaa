"""Language models: behind an endpoint, or from a folder."""
