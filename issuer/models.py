"""Tokens as their issuer knows them, and the log of what happened to each."""

from __future__ import annotations

from django.db import models
from django_fsm import ConcurrentTransitionMixin, FSMField, transition

from issuer.states import Answer, EventKind, Reason, TokenState, TokenStatus
from messaging.ids import uuid7
from scripts.itemised import Itemised


class Token(ConcurrentTransitionMixin, Itemised):
    """One offer of one signed document to one chat. An offer that ended never comes back."""

    TRACKED = ("state", "status")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253)
    state = FSMField(
        default=TokenState.ISSUED, choices=TokenState.choices, protected=True, max_length=10
    )
    status = models.CharField(
        max_length=10, choices=TokenStatus, default=TokenStatus.ACTIVE, editable=False
    )
    answer = models.CharField(max_length=10, choices=Answer, blank=True)
    reason = models.CharField(max_length=20, blank=True, choices=Reason)
    code = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="Why it was refused"
    )
    broker = models.CharField(max_length=253)
    chat = models.UUIDField(db_index=True)
    public_key = models.CharField(max_length=100, help_text="The chat key that may download it")
    schema = models.CharField(max_length=200)
    starts = models.DateTimeField()
    expires = models.DateTimeField(null=True)
    until = models.DateTimeField(help_text="The offer's deadline, as the broker is told")
    decide_at = models.DateTimeField(help_text="When the issuer decides alone")
    context = models.JSONField(default=dict)
    internals = models.JSONField(default=dict, help_text="Never signed, never sent")
    document = models.JSONField(help_text="Signed once; every download gets these values")
    run = models.UUIDField(null=True, db_index=True, help_text="The run that offered it")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        permissions = [("revoke_token", "Can revoke an accepted token")]

    def __str__(self) -> str:
        return f"{self.schema} {self.pk}"

    @transition(field=state, source=TokenState.ISSUED, target=TokenState.OFFERED)
    def offer(self) -> None:
        """The broker took the offer."""

    @transition(
        field=state, source=[TokenState.ISSUED, TokenState.OFFERED], target=TokenState.ACCEPTED
    )
    def accept(self) -> None:
        self.answer = Answer.ACCEPTED

    @transition(
        field=state, source=[TokenState.ISSUED, TokenState.OFFERED], target=TokenState.DECLINED
    )
    def decline(self) -> None:
        self.answer = Answer.DECLINED

    @transition(
        field=state, source=[TokenState.ISSUED, TokenState.OFFERED], target=TokenState.EXPIRED
    )
    def expire(self) -> None:
        """Nobody answered in time, by the broker's word or by ours."""

    @transition(field=state, source=TokenState.ACCEPTED, target=TokenState.REMOVED)
    def remove(self) -> None:
        """The person deleted it."""


class TokenEvent(models.Model):
    """One thing that happened to a token: each at most once, however often it was reported.

    A state or status that was entered again is another thing: `entry` is the token's number of it.
    """

    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=EventKind)
    value = models.CharField(max_length=20, help_text="The state, status or answer")
    entry = models.PositiveIntegerField(default=0, db_default=0)
    origin = models.CharField(max_length=300, blank=True, help_text="Who brought it about")
    note = models.CharField(max_length=300, blank=True, default="", db_default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token", "kind", "value", "entry"], name="token_event_each_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
