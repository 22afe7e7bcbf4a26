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


class TokenState(models.TextChoices):
    ISSUED = "ISSUED"
    DETAILED = "DETAILED"
    OFFERED = "OFFERED"
    SAVED = "SAVED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    REMOVED = "REMOVED"


UNDECIDED = (TokenState.ISSUED, TokenState.DETAILED, TokenState.OFFERED)


class TokenStatus(models.TextChoices):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"


class EventKind(models.TextChoices):
    STATE = "STATE"
    STATUS = "STATUS"
    LATE = "LATE"  # the wallet reported a token whose offer had lapsed
