"""What an array is: where it lies, whose it is, and which bytes its images are."""
