"""What a mixing will give away, from its parameters alone: a floor below folders and reports."""
