"""The two sets that are compared, the originals and the mixed ones: in memory, and from folders."""
