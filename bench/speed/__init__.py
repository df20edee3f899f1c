"""Speed of mixing and resizing in memory, beside a copy of the same bytes and other ways.

``cases``        which sets of images are mixed, and how
``rows``         what is timed on a case
``peers``        the copy, and the other ways to mix
``alternation``  timing a row and the copy in turns; ``bench/suites`` runs it under pytest-benchmark
``resizing``     the same of resizing and Pillow
``summary``      a record as a table
``memory``       how much memory mixing takes
``startup``      time of the first calls in a process
"""
