"""Hits and exposures become explanations with their probabilities."""
