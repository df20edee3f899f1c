"""Utility: what mixing costs a model that is trained on mixed images.

``plan``           ways, recipes and plans of training
``plans``          the plans that ``--plan`` offers
``images``         labelled images in memory
``data``           sets that are apart: training, test, held out
``generated``      images to try a plan on
``ways``           from a way to a training set
``combine``        MixUp and CutMix
``models``         the models by name
``small_resnet``   the default model
``optimizers``     the optimizers of recipes
``scores``         what is said of a trained model
``train``          one run: a model trained on one training set
``rows``           files of results
``jobs``           what is to be done for a plan, with keys
``clock``          what of it ends in time
``worker``         what runs in the worker processes
``crew``           the worker processes
``best``           the ways that are worth further seeds
``run``            a plan from its first run to the record
``protection``     what a way of making a training set protects
``single_blocks``  how often one block names its person, for every grid
``results``        the rows of a record, gathered by way and model
``pareto``         what nothing else beats
``records``        the record as a file
``tables``         the record in Markdown, beside the paper's Tables II and III
``figures``        the record as pictures, like the paper's Figures 3 to 10, 12 and 13
``frontier``       accuracy against what is given away
``costs``          what ``blockmix advise`` shows of the cost
``pages``          the tables of a record in pages
"""
