"""What the figures learn from, known by its digest."""
