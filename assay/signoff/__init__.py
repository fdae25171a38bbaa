"""Two people: who must sign for a version, with which key, and whether they did."""

from assay.signoff.keys import Role, SignerKey
from assay.signoff.policy import SignoffPolicy, read_policy
from assay.signoff.request import SignoffRequest
from assay.signoff.signature import Signature, sign
from assay.signoff.verdict import Verdict, judge

__all__ = [
    "Role",
    "Signature",
    "SignerKey",
    "SignoffPolicy",
    "SignoffRequest",
    "Verdict",
    "judge",
    "read_policy",
    "sign",
]
