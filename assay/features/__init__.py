"""From a typed frame to the numbers that an estimator sees; one code for all."""

from assay.features.matrix import DesignMatrix, as_number, design_matrix

__all__ = ["DesignMatrix", "as_number", "design_matrix"]
