"""The script language: plain Python that Django happens to use."""
