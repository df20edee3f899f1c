"""Folders of images: a source with a folder for each label, and a destination like it."""
