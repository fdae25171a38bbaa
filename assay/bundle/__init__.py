"""A version is a bundle: a folder of files that prove and reproduce one model version.

==================  ==========================================================
``model.onnx``      the graph, whole preprocessing (of a text: the tokenizer) included
``contract.toml``   the contract that it was made under
``golden.json``     rows with the probabilities that the graph gave at training
``reference.json``  histograms of what it was trained on, for monitoring
``card.md``         the model card
``manifest.json``   provenance, metrics, threshold and the digest of each file
==================  ==========================================================

The bundle's digest is the SHA-256 of its manifest, so it covers every file. Nothing in
a bundle is executed when it is read, and reading it needs no data library. The
platform signs the digest when it registers a version; the registry keeps the signature.
"""

from assay.bundle.apart import SessionApart
from assay.bundle.feeds import graph_feeds
from assay.bundle.folder import Bundle, Golden, Parts, read_bundle, write_bundle
from assay.bundle.manifest import FORMAT, Manifest, MetricValue
from assay.bundle.scorer import Scorer
from assay.bundle.signature import (
    SIGNATURE_TAG,
    bundle_signature,
    check_signature,
    trusted_keys,
)

__all__ = [
    "FORMAT",
    "SIGNATURE_TAG",
    "Bundle",
    "Golden",
    "Manifest",
    "MetricValue",
    "Parts",
    "Scorer",
    "SessionApart",
    "bundle_signature",
    "check_signature",
    "graph_feeds",
    "read_bundle",
    "trusted_keys",
    "write_bundle",
]
