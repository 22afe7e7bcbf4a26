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


class KeySource(models.TextChoices):
    PINNED = "PINNED"  # by an operator; never expires
    DNS = "DNS"
