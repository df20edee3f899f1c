"""Privacy: forecast beside measurement, and the paper's Table IV measured again.

``measuring``  a folder mixed in many ways, and a report on each
``tables``     the record in Markdown
``puzzles``    images put together again by a puzzle solver, in many ways of mixing
``persons``    sets with several photographs of a person, with and without groups
``figures``    the record of puzzles as a picture
``__main__``   the command line, ``python -m blockmix.bench.privacy``
"""
