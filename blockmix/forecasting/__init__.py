"""What a mixing will give away, computed from its parameters alone."""
