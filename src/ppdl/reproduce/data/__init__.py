"""Images that the figures learn from."""
