"""Training of a network: epochs, L-BFGS, stopping, progress and callbacks."""
