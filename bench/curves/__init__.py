"""``blockmix bench``: the paper's running-time curves on this machine (section VI-C).

``plan``       which numbers of images and of blocks are timed
``step``       one measurement
``arrays``     the regime of arrays: mixing alone, in memory, beside a copy
``files``      the regime of files: read, resize, mix and write, beside the ceiling and Pillow
``recoding``   these two: files decoded, resized and encoded, and nothing else
``algorithm1`` the paper's own algorithm, as published and with its images in memory
``limits``     the part of a plan that this machine can measure
``run``        all measurements in order, to a record
``findings``   fits, growth and ratios
``records``    a record as a file, checked against its schema
``tables``     a record on the screen
``figures``    a record as pictures
``compare``    two records
``pages``      the tables in README.md and docs/speed.md
"""
