"""Claims: identities, secrets, commitments, and the folder that a judge is given."""
