"""Texts as vectors, and the export of the model that makes them."""
