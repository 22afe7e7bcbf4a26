"""The engine against a page of plain Python: starts, answers, faults, deliveries, in any order."""
