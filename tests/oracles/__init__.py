"""Slow twins of the core in plain NumPy, written from the formulas and readable as documentation."""
