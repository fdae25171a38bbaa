"""The platform on one machine: start, look, stop. ``python -m deployments.platform up``.

No scheduler and no queue: child processes are started in order, waited for until they
answer, and ended. What they do is their own business.
"""
