"""SuperTickets: an architecture and its sparse weights, searched and pruned in one training (You et al., ECCV 2022)."""
