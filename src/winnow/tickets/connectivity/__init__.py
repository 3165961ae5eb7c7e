"""Stability to the noise of SGD: linear mode connectivity of children of one checkpoint (Frankle et al. 2020)."""
