"""Ground floor of blockmix: the draw and the gather, as scalar rules and array loops.

Nothing here checks its arguments; `blockmix` does that once, at the door.
"""
