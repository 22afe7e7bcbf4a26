"""The states of messages and the sources of keys; the only place that spells them."""

from django.db import models


class InboxState(models.TextChoices):
    RECEIVED = "RECEIVED"  # stored, its handler has not ended
    HANDLED = "HANDLED"
    DISCARDED = "DISCARDED"  # its handler refused it


ENDED = (InboxState.HANDLED, InboxState.DISCARDED)


class OutboxState(models.TextChoices):
    DUE = "DUE"
    SENT = "SENT"
    DEAD = "DEAD"  # given up, until an operator sends it again


class Listens(models.TextChoices):
    """What a listener wants to know of an ended message (see outbox/settling.py)."""

    ANSWER = "ANSWER"  # what the peer answered, or why there is no answer
    OUTCOME = "OUTCOME"  # that it was delivered, or given up


class BreakerState(models.TextChoices):
    """Whether messages leave for a destination (see breaker.py)."""

    CLOSED = "CLOSED"  # as they come
    OPEN = "OPEN"  # it does not answer: all wait
    HALF_OPEN = "HALF_OPEN"  # one message is trying, the others wait


class KeySource(models.TextChoices):
    PINNED = "PINNED"  # by an operator; never expires
    DNS = "DNS"


class KeyState(models.TextChoices):
    """The life of a key of a domain hosted here."""

    NEXT = "NEXT"  # to be published; verifies, does not sign yet
    ACTIVE = "ACTIVE"  # signs
    PREVIOUS = "PREVIOUS"  # signed until a rotation; messages under way still verify
    RETIRED = "RETIRED"  # its private half is gone; only documents still verify
    COMPROMISED = "COMPROMISED"  # its private half is gone; nothing verifies


# Of messages and of documents: which keys count when something must be verified.
VERIFY_MESSAGES = (KeyState.NEXT, KeyState.ACTIVE, KeyState.PREVIOUS)
VERIFY_DOCUMENTS = (*VERIFY_MESSAGES, KeyState.RETIRED)


class LookupOutcome(models.TextChoices):
    ASKED = "ASKED"  # somebody is asking, or died while asking
    FOUND = "FOUND"
    MISSING = "MISSING"
    FAILED = "FAILED"  # DNS could not say
