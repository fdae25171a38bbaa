"""Between the network and the models: keys, rates, load, metrics, logs and traces.

::

    AnswerHeaders (serving.middleware)   request id, security headers
    └── Traced                           a span a request, where the setting asks for it
        └── Guard                        in flight, size, key, scope, rate; metrics, log
            └── the application

No answer has a CORS header: a browser's page of another origin reads nothing here.
"""
