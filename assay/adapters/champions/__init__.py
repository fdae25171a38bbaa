"""Champions in the database: history, signatures, trials, and the inventory of models."""
