"""What several rooms of the benchmarks use.

``paper``      the paper's experiments: on what it measured, and what
``blocks``     blocks of equal size, by their number
``originals``  the images: from a folder, or made by ``faces``
``faces``      smooth pictures that cost a decoder about what faces do
``machine``    what a record says of the machine and the versions
``checkout``   where the benchmarks lie, and the commit
``programs``   the output of other programs
``markdown``   tables between the marks of a page
"""
