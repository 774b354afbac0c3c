"""How networks and features are trained: settings known by name, and what they build and run."""
