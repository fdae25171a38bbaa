"""Weights learned from judged questions; what serves them needs none of this."""
