"""The wallet's page in Chromium, by clicking, against a server that runs."""
