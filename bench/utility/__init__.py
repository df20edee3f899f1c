"""Utility: what mixing costs a model that is trained on mixed images.

``plan``           ways, recipes and plans of training
``plans``          the plans that ``--plan`` offers
``protection``     what a way of making a training set protects
``single_blocks``  how often one block names its person, for every grid
``results``        the rows of a record, gathered by way and model
``pareto``         what nothing else beats
``records``        the record as a file
``tables``         the record in Markdown, beside the paper's Tables II and III
``figures``        the record as pictures, like the paper's Figures 3 to 10, 12 and 13
``frontier``       accuracy against what is given away
``costs``          what ``blockmix advise`` tells of the cost
``pages``          the tables of a record in pages
"""
