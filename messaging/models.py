"""The rows of messaging: hosted domains and their keys, peers' keys, and the two mailboxes."""

from __future__ import annotations

from django.db import models

from messaging.ids import uuid7
from messaging.states import (
    BreakerState,
    InboxState,
    KeySource,
    KeyState,
    Listens,
    LookupOutcome,
    OutboxState,
)

DOMAIN_LENGTH = 253
LABEL_LENGTH = 63
SUBJECT_LENGTH = 101
KEY_LENGTH = 60
PEER_KEY_LENGTH = 800  # RSA of 4096 bits


class HostedDomain(models.Model):
    """A domain that this deployment speaks for. Its name is in lower case."""

    name = models.CharField(primary_key=True, max_length=DOMAIN_LENGTH)
    title = models.CharField(max_length=250, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        permissions = [
            ("create_hosteddomain", "Can host a domain"),
            ("seed_hosteddomain", "Can put in the demonstration"),
        ]

    def __str__(self) -> str:
        return self.name


class DomainKey(models.Model):
    """A key pair of a hosted domain; old ones stay, so that what they signed still verifies.

    `is_current` says the same as ACTIVE, for the release before, which knows no states.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.ForeignKey(HostedDomain, on_delete=models.CASCADE, related_name="keys")
    selector = models.CharField(max_length=LABEL_LENGTH)
    public_key = models.CharField(max_length=KEY_LENGTH)
    private_key = models.TextField(
        blank=True,
        help_text="Sealed and bound to this row, or a mark: a key service has it",
    )
    is_current = models.BooleanField(default=True)
    state = models.CharField(
        max_length=11, choices=KeyState, default=KeyState.ACTIVE, db_default=KeyState.ACTIVE
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, help_text="When it entered its state")

    class Meta:
        permissions = [
            ("create_domainkey", "Can make the next key of a domain"),
            ("rotate_domainkey", "Can make a domain sign with its next key"),
            ("retire_domainkey", "Can destroy a private key that signs no more"),
            ("compromise_domainkey", "Can have all refused that a key has signed"),
            ("reseal_domainkey", "Can seal all private keys anew"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["domain", "selector"], name="domain_key_selector"),
            models.UniqueConstraint(
                fields=["domain"],
                condition=models.Q(is_current=True),
                name="domain_key_one_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.selector} of {self.domain_id}"

    @property
    def bound_to(self) -> str:
        """What the sealed private key is bound to."""
        return f"messaging_domainkey:{self.pk}"


class PeerKey(models.Model):
    """A public key of another domain: pinned by an operator, or kept from DNS.

    One is kept from DNS only when a signature has verified with it, so nobody fills this table by
    naming domains. It verifies messages until it expires. It is kept longer, because documents that
    it signed must verify when the domain has withdrawn it after a rotation.
    """

    domain = models.CharField(max_length=DOMAIN_LENGTH)
    selector = models.CharField(max_length=LABEL_LENGTH)
    public_key = models.CharField(max_length=PEER_KEY_LENGTH)
    source = models.CharField(max_length=6, choices=KeySource)
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)
    created_at = models.DateTimeField()

    class Meta:
        permissions = [("pin_peerkey", "Can pin the key of a peer")]
        constraints = [
            models.UniqueConstraint(fields=["domain", "selector"], name="peer_key_selector")
        ]

    def __str__(self) -> str:
        return f"{self.selector} of {self.domain}"


class KeyLookup(models.Model):
    """The look-up of one key in DNS: who is asking now, and what the last answer was.

    The row is the lock: of all processes that need a key, the one that claims it asks. Anybody can
    have one written by naming a domain, so it is gone a minute later; a key that is found waits
    here for a signature that verifies with it. `until` is empty then, so that the release before,
    which looks for such a key among PeerKey, asks anew.
    """

    domain = models.CharField(max_length=DOMAIN_LENGTH)
    zone = models.CharField(max_length=DOMAIN_LENGTH, default="", db_default="", db_index=True)
    selector = models.CharField(max_length=LABEL_LENGTH)
    public_key = models.CharField(
        max_length=PEER_KEY_LENGTH, blank=True, default="", db_default="", help_text="As found"
    )
    key_until = models.DateTimeField(null=True, help_text="How long DNS vouches for the key")
    outcome = models.CharField(max_length=7, choices=LookupOutcome, default=LookupOutcome.ASKED)
    until = models.DateTimeField(null=True, help_text="How long a no holds")
    claimed_until = models.DateTimeField(db_index=True)
    fence = models.PositiveIntegerField(default=1, help_text="Counts claims")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "selector"], name="key_lookup_once")
        ]

    def __str__(self) -> str:
        return f"{self.selector} of {self.domain}"


class InboxMessage(models.Model):
    """A message that passed checks 1 to 9 of protocol 2.4, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    repeat_key = models.CharField(max_length=520, unique=True, help_text="Protocol 2.5")
    sender = models.CharField(max_length=DOMAIN_LENGTH)
    recipient = models.CharField(max_length=DOMAIN_LENGTH)
    subject = models.CharField(max_length=SUBJECT_LENGTH)
    correlation = models.UUIDField(db_index=True)
    timestamp = models.DateTimeField()
    hash = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64, help_text="Without Timestamp and Selector")
    envelope = models.JSONField()
    sender_key = models.CharField(
        max_length=64, blank=True, help_text="Fingerprint of the key that verified it"
    )
    mode = models.CharField(max_length=5)
    state = models.CharField(max_length=9, choices=InboxState, default=InboxState.RECEIVED)
    reason = models.CharField(max_length=500, blank=True)
    response_status = models.PositiveSmallIntegerField(null=True)
    response = models.JSONField(null=True)
    received_at = models.DateTimeField(db_index=True)
    handled_at = models.DateTimeField(null=True)
    is_emptied = models.BooleanField(
        default=False, db_default=False, help_text="What it said is gone; repeats are recognised"
    )

    def __str__(self) -> str:
        return f"{self.subject} from {self.sender}"


class OutboxMessage(models.Model):
    """A message owed to a peer: sent at least once, with the same correlation every time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=200, unique=True, help_text="Queued once per key")
    sender = models.CharField(max_length=DOMAIN_LENGTH)
    recipient = models.CharField(max_length=DOMAIN_LENGTH)
    subject = models.CharField(max_length=SUBJECT_LENGTH)
    correlation = models.UUIDField(unique=True)
    body = models.JSONField()
    origin = models.CharField(max_length=100, blank=True, db_index=True, help_text="The run")
    revision = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="The run's, when it was queued; 0 for one of before"
    )
    number = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Which of that revision's messages it is"
    )
    caused_by = models.CharField(
        max_length=DOMAIN_LENGTH, blank=True, default="", db_default="", help_text="Whose share"
    )
    expects_response = models.BooleanField(default=False)
    state = models.CharField(max_length=4, choices=OutboxState, default=OutboxState.DUE)
    attempts = models.PositiveIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0, help_text="Counts claims; each commit checks it")
    faults = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Attempts that ended in an exception nobody foresaw"
    )
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    envelope = models.TextField(blank=True, help_text="The bytes last signed")
    signed_at = models.DateTimeField(null=True)
    response = models.JSONField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("resend_outboxmessage", "Can send a dead message again")]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state=OutboxState.DUE),
                name="outbox_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient}"


class Untold(models.Model):
    """A listener that raised when it was told what became of a message, which has ended anyway.

    It is told again a few times; without `due_at`, only when an operator says so.
    """

    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="untold")
    listens = models.CharField(max_length=7, choices=Listens, help_text="What it is to be told")
    attempts = models.PositiveSmallIntegerField(help_text="To tell it, since an operator last said")
    due_at = models.DateTimeField(null=True, db_index=True, help_text="When it is told again")
    error = models.CharField(max_length=500, help_text="What it raised last")
    since = models.DateTimeField()

    class Meta:
        permissions = [("retell_untold", "Can have a listener told again")]
        constraints = [models.UniqueConstraint(fields=["message", "listens"], name="untold_once")]
        verbose_name = "untold listener"
        verbose_name_plural = "untold listeners"

    def __str__(self) -> str:
        return f"{self.listens} of {self.message_id}"


class Destination(models.Model):
    """A domain elsewhere that was written to: whether it has ever answered, and is asked now."""

    domain = models.CharField(max_length=DOMAIN_LENGTH, primary_key=True)
    state = models.CharField(
        max_length=9, choices=BreakerState, default=BreakerState.CLOSED, db_index=True
    )
    failures = models.PositiveIntegerField(default=0, help_text="In a row")
    until = models.DateTimeField(null=True, help_text="When one message may try")
    last_error = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField(help_text="When it went down or came back")
    reached_at = models.DateTimeField(null=True, help_text="When it first answered")

    class Meta:
        permissions = [("probe_destination", "Can try a destination that is down")]

    def __str__(self) -> str:
        return self.domain


class Refusal(models.Model):
    """How many messages were refused on a day (UTC) for a reason: all that is kept of them."""

    day = models.DateField()
    reason = models.CharField(max_length=20)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "reason"], name="refusal_per_day")]

    def __str__(self) -> str:
        return f"{self.reason} on {self.day}"


class Pruning(models.Model):
    """How far a rule of retention.py has come, and who works on it now."""

    rule = models.CharField(primary_key=True, max_length=100, help_text="Table, and number of rule")
    position = models.CharField(max_length=300, blank=True, help_text="The last key looked at")
    due_at = models.DateTimeField(db_index=True, help_text="When to go on; a lease meanwhile")
    removed = models.PositiveBigIntegerField(default=0, help_text="How many rows ended so far")
    fault = models.CharField(max_length=500, blank=True, help_text="Why a row could not end")
    worked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "prunings"

    def __str__(self) -> str:
        return self.rule
