"""Answers from the evidence."""
