"""The schemes of Chen et al. 2021 (arXiv 2111.00162): a withheld key mask, a QR code in the mask, a trigger set."""
