"""The states of a token at its issuer (design section 3)."""

from django.db import models


class TokenState(models.TextChoices):
    ISSUED = "ISSUED"
    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    REMOVED = "REMOVED"


UNDECIDED = (TokenState.ISSUED, TokenState.OFFERED)
DOWNLOADABLE = (TokenState.ISSUED, TokenState.OFFERED, TokenState.ACCEPTED)


class TokenStatus(models.TextChoices):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"


class Answer(models.TextChoices):
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"


class EventKind(models.TextChoices):
    STATE = "STATE"
    STATUS = "STATUS"
    CONFLICT = "CONFLICT"  # an answer that contradicts the first one
    LATE = "LATE"  # accepted after the offer had lapsed
