"""Engines: who carries out the plan of a run, cohort by cohort."""
