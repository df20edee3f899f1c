"""The lowest floor of blockmix: draw, gather and resizing, as scalar rules and array loops.

Nothing here checks its arguments; `blockmix` checks them once, where a call enters.
"""
