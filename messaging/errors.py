"""What can go wrong with keys and messages of our own, on one screen."""


class MessagingError(Exception):
    """Base of messaging's own faults."""


class UnknownDomain(MessagingError):
    """The domain is not hosted here, or has no current key to sign with."""


class SealBroken(MessagingError):
    """A sealed value cannot be opened: changed, moved to another row, or its key is gone."""


class KeyUnavailable(MessagingError):
    """Whether a peer has this key cannot be told now; asking again later may help."""


class Unreachable(MessagingError):
    """A message could not be delivered this time; trying again may help."""


class Unsendable(MessagingError, ValueError):
    """A message that no peer would take; it must not enter the outbox."""
