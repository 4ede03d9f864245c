"""Closed schemas of the files that persons write: read in one go, or all that is wrong with one, each with its path."""
