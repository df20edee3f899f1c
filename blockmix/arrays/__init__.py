"""Arrays of every library: their location, the owner of their memory, and their bytes."""
