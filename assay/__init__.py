"""The library: the life of a credit or fraud model as plain, typed functions.

It knows neither Prefect nor a web framework; what touches the outside world is in
`assay.adapters`.
"""
