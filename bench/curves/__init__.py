"""``blockmix bench``: the paper's running-time curves on this machine (section VI-C).

``plan``       which numbers of images and of blocks are timed
``step``       one thing that is timed
``arrays``     one regime: mixing alone, in memory, beside a copy
``files``      the other: read, resize, mix and write, beside decoding, resizing and encoding alone
``algorithm1`` the paper's own algorithm, as published and with its images in memory
``limits``     what of it this machine can measure
``memory``     how much memory is free
``run``        everything in order, to a record
``findings``   fits, growth and ratios
``records``    a record as a file, and the schema it keeps to
``tables``     the record on the screen
``figures``    the record as pictures
``compare``    two records
``pages``      the tables in README.md and docs/speed.md
"""
