"""What serves all: checks of arguments, whole files, optional libraries, text and streams."""
