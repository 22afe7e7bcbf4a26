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


class Reason(models.TextChoices):
    """Why an offer ended without a yes; empty when the person said no, or nobody said anything."""

    EXPIRED = "EXPIRED"  # the broker's timer
    UNDELIVERED = "UNDELIVERED"  # its message never reached the broker
    REFUSED = "REFUSED"  # the broker did not take it, or could not put it before the person
    WITHDRAWN = "WITHDRAWN"  # the issuer took it back


# The issuer has ended the offer without the person's word: a yes that comes after is late.
UNANSWERED = ("", Reason.UNDELIVERED, Reason.REFUSED, Reason.WITHDRAWN)


class EventKind(models.TextChoices):
    STATE = "STATE"
    STATUS = "STATUS"
    CONFLICT = "CONFLICT"  # an answer that contradicts the first one
    LATE = "LATE"  # accepted after the offer had ended without the person's word
    REFUSED = "REFUSED"  # its broker discarded a message about it; the note says why
