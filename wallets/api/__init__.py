"""The door for wallets: what waits for them, and that they have it."""
