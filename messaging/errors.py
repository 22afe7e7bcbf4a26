"""What can go wrong with keys and messages of our own, on one screen."""


class MessagingError(Exception):
    """Base of messaging's own faults."""


class UnknownDomain(MessagingError):
    """The domain is not hosted here, or has no current key to sign with."""


class KeyLifeError(MessagingError, ValueError):
    """A key cannot be made to do this in the state it is in."""


class CannotSign(MessagingError):
    """A private key of our own cannot be used now; nothing is sent in its stead."""


class SignerFailed(CannotSign):
    """The key service does not answer, or not with a signature of the key."""


class SealBroken(CannotSign):
    """A sealed value cannot be opened: changed, moved to another row, or its key is gone."""


class KeyUnavailable(MessagingError):
    """Whether a peer has this key cannot be told now; asking again later may help."""


class Unreachable(MessagingError):
    """A message could not be delivered this time; trying again may help."""


class Unsendable(MessagingError, ValueError):
    """A message that no peer would take; it must not enter the outbox."""
