"""What a notifier keeps: the wallets it serves, and what waits for each."""

from __future__ import annotations

from django.db import models

from messaging.ids import uuid7


class NotifierBroker(models.Model):
    """The broker to which one of our notifiers brings its wallets."""

    domain = models.CharField(max_length=253, unique=True, help_text="Our notifier")
    broker = models.CharField(max_length=253)

    def __str__(self) -> str:
        return f"{self.domain} brings wallets to {self.broker}"


class Registration(models.Model):
    """A wallet served by one of our notifiers."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253)
    wallet = models.UUIDField()
    public_key = models.CharField(max_length=100)
    broker = models.CharField(max_length=253)
    language = models.CharField(max_length=20)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, help_text="When the wallet last asked, to a day")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "wallet"], name="registration_once")
        ]

    def __str__(self) -> str:
        return f"{self.wallet} at {self.domain}"


class Subscription(models.Model):
    """A browser of a wallet that wants to be woken: where its vendor takes pushes for it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="subscriptions"
    )
    endpoint = models.CharField(max_length=1000)
    created_at = models.DateTimeField()
    pushed_at = models.DateTimeField(null=True, help_text="Empty since the wallet last fetched")
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["registration", "endpoint"], name="subscription_once")
        ]

    def __str__(self) -> str:
        return f"a browser of {self.registration_id}"


class Notification(models.Model):
    """A broker's message for a wallet, kept as it was signed until the wallet acknowledges it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="notifications"
    )
    subject = models.CharField(max_length=101)
    correlation = models.UUIDField()
    message = models.JSONField()
    sender = models.CharField(
        max_length=253, blank=True, default="", db_default="", help_text="The host that prompts"
    )
    chat = models.UUIDField(null=True, help_text="Where it does")
    created_at = models.DateTimeField(db_index=True)
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "correlation"], name="notification_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["registration", "id"],
                condition=models.Q(acknowledged_at=None),
                name="notification_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} for {self.registration_id}"
