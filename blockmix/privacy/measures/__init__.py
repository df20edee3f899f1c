"""Measures of a mixed set: where its blocks come from, what is lost, what stays recognisable."""
