"""Privacy: forecast beside measurement, and the paper's Table IV measured again.

``measuring``  a folder mixed in many ways, and a report on each
``tables``     the record in Markdown
``figures``    the record as a picture
``__main__``   the command line, ``python -m blockmix.bench.privacy``
"""
