"""Suspects: files of strangers, and which of their weights remain."""
