"""Who does the work of a run: engines for folders, and workers to which tasks are handed."""
