"""Independent component analysis by reconstruction."""
