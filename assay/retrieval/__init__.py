"""Answers with their quotation: passages, hybrid retrieval, the gate, evaluation."""
