"""Rows from where a source's text says: a simulation, files, a database, a download.

One grammar for settings, flow parameters and the command line; see `docs/sources.md`.
"""

from assay.adapters.sources.reading import iterate_source, read_source

__all__ = ["iterate_source", "read_source"]
