"""A wallet in Python: makes its own keys, speaks HTTP only, keeps its tokens in a folder."""

from wallets.client.errors import Refused, Unreachable, WalletError
from wallets.client.wallet import Wallet

__all__ = ["Refused", "Unreachable", "Wallet", "WalletError"]
