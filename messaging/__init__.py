"""Envelopes, keys, the inbox and the outbox: how domains talk. Knows no other app."""
