"""The judge: looks at a suspect, a verdict, and its page."""
