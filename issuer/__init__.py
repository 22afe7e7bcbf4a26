"""The Issuer role: tokens offered in a chat, signed once, and the script that waits for the answer."""
