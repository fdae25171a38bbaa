"""Where Assay runs: the platform on one machine, its deployments, the `assay` command."""
