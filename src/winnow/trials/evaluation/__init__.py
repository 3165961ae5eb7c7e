"""Measured against experts: criterion answers, evidence, composition and retrieval."""
