"""The lowest floor of blockmix: the draw and the gather, as scalar rules and array loops.

Nothing here checks its arguments; `blockmix` checks them once, where a call enters.
"""
