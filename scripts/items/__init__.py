"""Datasets that operators define for their own scripts (8.1): rows of one generic table."""
