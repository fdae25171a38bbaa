"""Tabular networks: float64 arrays that score anywhere, and the training that fills them.

`encoding` and `network` need numpy alone, so that a service can hold them; what needs
torch is in `modules`, `training`, `checkpoints`, `devices` and `ranks`.
"""
