"""What a mixing will give away, from its parameters alone: a floor below folders and reports.

``forecast``   expected figures of a class
``linking``, ``chances``   the arithmetic behind it
``advice``     which parameters reach a target
``words``      forecasts as text
"""
