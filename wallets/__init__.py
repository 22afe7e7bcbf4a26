"""The Notifier role, the wallet's API, and in client/ the wallet itself."""
