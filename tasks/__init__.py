"""Prefect tasks, one module a stage: pure functions promoted, and shells around IO.

Settings and contracts come in as arguments; flows build them. Frames pass between the
tasks of one flow run in memory, which `NO_CACHE` keeps from being hashed.
"""
