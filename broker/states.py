"""The states of notifiers, chats and tokens at the broker (design section 3)."""

from django.db import models


class NotifierState(models.TextChoices):
    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"


class ChatState(models.TextChoices):
    ASKED = "ASKED"
    DETAILED = "DETAILED"
    OPENED = "OPENED"
    ACTIVE = "ACTIVE"
    WRAPPED = "WRAPPED"
    ABANDONED = "ABANDONED"


ENDED = (ChatState.WRAPPED, ChatState.ABANDONED)


class TokenState(models.TextChoices):
    ISSUED = "ISSUED"
    QUEUED = "QUEUED"  # what it is called is known; another offer of its chat is asked about first
    DETAILED = "DETAILED"  # the person is asked
    OFFERED = "OFFERED"
    SAVED = "SAVED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"  # by its issuer, or with its chat: nobody is asked any more
    REMOVED = "REMOVED"


UNANSWERED = (TokenState.ISSUED, TokenState.QUEUED, TokenState.DETAILED)
UNDECIDED = (*UNANSWERED, TokenState.OFFERED)
OVER = (TokenState.EXPIRED, TokenState.WITHDRAWN)  # a copy that is reported now is let go of


class TokenStatus(models.TextChoices):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"


class EventKind(models.TextChoices):
    STATE = "STATE"
    STATUS = "STATUS"
    LATE = "LATE"  # the wallet reported a token whose offer was over


class Refusal(models.TextChoices):
    """Why an offer is not taken, or not asked about: the Code that its issuer is told."""

    MALFORMED = "MALFORMED"
    NOT_YOUR_CHAT = "NOT_YOUR_CHAT"
    CHAT_ENDED = "CHAT_ENDED"
    BAD_DATES = "BAD_DATES"
    STARTS_TOO_LATE = "STARTS_TOO_LATE"
    TOO_MANY_OFFERS = "TOO_MANY_OFFERS"
    ALREADY_OFFERED = "ALREADY_OFFERED"
    WALLET_UNREACHED = "WALLET_UNREACHED"
    BROKER_FAILED = "BROKER_FAILED"
