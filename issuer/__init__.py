"""The Issuer role: tokens offered in a chat and signed once, and the script that waits."""
