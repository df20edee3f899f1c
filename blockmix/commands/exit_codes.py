"""The exit codes of all commands; 0 is that of work that was done."""

FAILED_WORK = 1  # a file that cannot be read or written, a fault
WRONG_USE = 2  # an argument that breaks a rule; nothing was begun
MISSED = 3  # the work is done, but a threshold is missed or a benchmark became slower
INTERRUPTED = 130  # by the user
