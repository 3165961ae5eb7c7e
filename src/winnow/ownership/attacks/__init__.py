"""What a thief, or a malicious accuser, may try; every attack is one function."""
