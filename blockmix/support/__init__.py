"""Shared by all: checks of arguments, atomic files, optional libraries, text and streams."""
