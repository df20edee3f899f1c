"""Speed of mixing in memory, beside a copy of the same bytes and other ways to mix.

``cases``        which sets of images are mixed, and how
``rows``         what is timed on a case
``peers``        the copy, and the other ways
``alternation``  a row timed beside the copy, in turns; under pytest-benchmark in ``bench/suites``
``summary``      a record as a table
``memory``       how much memory mixing takes
``startup``      what the first call of a process costs
"""
