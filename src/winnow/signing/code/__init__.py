"""The keyed code: positions and bits from a secret, and how improbable an agreement is."""
