"""Sets of images too large for one array: read sample by sample, mixed by cohort, written."""
