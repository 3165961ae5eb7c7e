"""Alignment: undoing what a thief may do to the order, the scale and the number of channels."""
