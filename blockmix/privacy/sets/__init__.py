"""The two sets that are compared, originals and mixed images, in memory and from folders."""
