"""Suspects that can only be asked: keyed inputs and their answers."""
