"""The corpus of forged messages: named cases, each with the answer it must get."""
