"""Every command line: one application, and a module for each family of commands."""
