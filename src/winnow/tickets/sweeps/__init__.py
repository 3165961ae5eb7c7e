"""Many searches: the grid, the file that tells how far each cell is, and running them anywhere."""
