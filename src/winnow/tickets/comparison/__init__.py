"""Any runs and branches side by side: one figure, one table, what differs between the recipes. No torch."""
