"""The files that a job will write: their names, and what they may replace."""
