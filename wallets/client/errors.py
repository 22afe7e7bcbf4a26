"""What can go wrong for a wallet, on one screen."""


class WalletError(Exception):
    """Base of what a wallet tells its person."""


class Unreachable(WalletError):
    """Nobody answered; trying again later may help."""


class Refused(WalletError):
    """The other side said no; `status` is its HTTP code."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Untrusted(WalletError):
    """An answer or a document is not what it claims to be."""
