"""The way of a request that decides: read, score, give reasons, keep a record, answer.

==============  ==============================================================
``reading``     a body to a row of the design matrix, or back where in doubt
``columns``     the same for many rows, a field at a time
``engine``      a row to a probability and its reasons, proven against the graph
``decision``    what was decided, its answer's bytes and its record's bytes
``decider``     the above in order, for one row and for many
``records``     the worker's stream of the ledger
``repeats``     answers by idempotency key
``lines``       rows and answers as a stream of lines
``front``       the routes above, in front of the framework
``wire``        the same where the bytes arrive, in front of the server's tasks
==============  ==============================================================
"""
