"""Looking for texts that the reader of scripts does not stand; not part of the suite."""
