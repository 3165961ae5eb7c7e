"""Engines fitted to experts' answers: the calibrated head, the reader, and a chat model by LoRA."""
