"""Protocols that other servers speak, translated to and from the service's own batch.

A translator makes rows of a foreign body and a foreign answer of decisions. Every row
goes the one way that all requests go: the same contract, the same decision, the same
record.
"""
