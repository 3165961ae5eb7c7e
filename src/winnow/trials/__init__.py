"""Clinical trial matching (PRISM): from a patient's notes to a worklist of trials, each answer with its quotes."""
