"""The report on a mixed set: every measure and attack as plain data, verdicts, and an HTML page."""
