"""Winnow keeps the few that matter: winning tickets inside big networks.

Importing this package loads no torch; each room (`winnow.tickets`, `winnow.sparsity`, ...) loads what it needs.
"""

__version__ = "0.1.0"
