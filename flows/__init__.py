"""Prefect flows, one module an event in a model's life."""
