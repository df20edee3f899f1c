"""The exit codes of all commands; 0 means that the work is done."""

FAILED_WORK = 1  # a file cannot be read or written, or an unexpected error
WRONG_USE = 2  # an argument breaks a rule, or the inputs do not fit each other
MISSED = 3  # the work is done, but a threshold is missed or a benchmark became slower
INTERRUPTED = 130  # by the user
