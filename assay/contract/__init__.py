"""One model's contract: the only place where a rule about a field is written.

A contract is a TOML file, ``data/contracts/<model>.toml``. `read_contract` makes it a
frozen, validated `Contract`; everything else is made from that.
"""

from assay.contract.field import Field
from assay.contract.model import (
    Contract,
    CostMatrix,
    DecisionRule,
    Gates,
    Label,
    Limits,
)
from assay.contract.reading import contract_names, find_contract, read_contract

__all__ = [
    "Contract",
    "CostMatrix",
    "DecisionRule",
    "Field",
    "Gates",
    "Label",
    "Limits",
    "contract_names",
    "find_contract",
    "read_contract",
]
