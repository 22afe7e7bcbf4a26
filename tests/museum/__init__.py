"""Runs parked by a release, kept, so that every later one proves that it can resume them."""
