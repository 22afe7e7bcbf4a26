"""Wallets, their chats, and the broker's mirror of every token offered to them."""

from __future__ import annotations

from django.db import models
from django_fsm import ConcurrentTransitionMixin, FSMField, transition

from broker.states import ChatState, EventKind, NotifierState, TokenState, TokenStatus
from messaging.ids import uuid7
from scripts.itemised import Itemised


class Notifier(models.Model):
    """A notifier whose wallets one of our brokers takes."""

    domain = models.CharField(max_length=253, help_text="Our broker")
    name = models.CharField(max_length=253, help_text="The notifier's domain")
    state = models.CharField(max_length=10, choices=NotifierState, default=NotifierState.ACTIVE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "name"], name="notifier_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.domain}"


class Wallet(models.Model):
    """A person's wallet, known by its key. Hosts and issuers never learn its id."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253)
    public_key = models.CharField(max_length=100)
    notifier = models.CharField(max_length=253)
    language = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "public_key"], name="wallet_once")]

    def __str__(self) -> str:
        return str(self.pk)


class Chat(ConcurrentTransitionMixin, Itemised):
    """A chat of a wallet with a host, under an id that says nothing of the person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253)
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="chats")
    state = FSMField(
        default=ChatState.ASKED, choices=ChatState.choices, protected=True, max_length=10
    )
    hook = models.UUIDField(help_text="The wallet's own name for this opening")
    locator = models.CharField(max_length=1000)
    host = models.CharField(max_length=253)
    schema = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    inputs = models.JSONField(default=dict)
    host_title = models.CharField(max_length=200, blank=True)
    emoji = models.CharField(max_length=20, blank=True, default="", db_default="")
    ended_at = models.DateTimeField(null=True, help_text="When a goodbye was signed")
    public_key = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["wallet", "hook"], name="chat_once")]

    def __str__(self) -> str:
        return f"{self.pk} with {self.host}"

    @transition(field=state, source=ChatState.ASKED, target=ChatState.DETAILED)
    def detail(self) -> None:
        """The host's title is known."""

    @transition(field=state, source=ChatState.DETAILED, target=ChatState.OPENED)
    def open(self) -> None:
        """The wallet made the chat's key."""

    @transition(field=state, source=ChatState.OPENED, target=ChatState.ACTIVE)
    def activate(self) -> None:
        """The host may be told."""

    @transition(field=state, source=ChatState.ACTIVE, target=ChatState.WRAPPED)
    def wrap(self) -> None:
        """The host said goodbye."""

    @transition(field=state, source=ChatState.ACTIVE, target=ChatState.ABANDONED)
    def abandon(self) -> None:
        """The person left."""


class Intent(models.Model):
    """A prompt that a host wants shown. What it says, only the wallet and the host know."""

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="intents")
    sender = models.CharField(max_length=253)
    prompt = models.UUIDField()
    format = models.CharField(max_length=20)
    emoji = models.CharField(max_length=20)
    expires = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender", "prompt"], name="intent_once")]

    def __str__(self) -> str:
        return f"{self.format} from {self.sender}"


class Token(ConcurrentTransitionMixin, Itemised):
    """The broker's mirror of an offered token: what it is called and where it stands."""

    TRACKED = ("state", "status")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253)
    issuer = models.CharField(max_length=253)
    token = models.UUIDField()
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="tokens")
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="tokens")
    state = FSMField(
        default=TokenState.ISSUED, choices=TokenState.choices, protected=True, max_length=10
    )
    status = models.CharField(max_length=10, choices=TokenStatus, default=TokenStatus.ACTIVE)
    revised_at = models.DateTimeField(null=True)
    schema = models.CharField(max_length=200)
    starts = models.DateTimeField()
    expires = models.DateTimeField(null=True)
    until = models.DateTimeField(help_text="When the offer lapses")
    language = models.CharField(max_length=20)
    accepted = models.BooleanField(null=True)
    code = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="Why nobody is asked"
    )
    path = models.CharField(max_length=500, blank=True)
    title = models.CharField(max_length=250, blank=True)
    issuer_title = models.CharField(max_length=200, blank=True)
    schema_title = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "issuer", "token"], name="broker_token_once")
        ]

    def __str__(self) -> str:
        return f"{self.token} of {self.issuer}"

    @transition(field=state, source=TokenState.ISSUED, target=TokenState.DETAILED)
    def detail(self) -> None:
        """Titles are known: the person is asked."""

    @transition(field=state, source=TokenState.ISSUED, target=TokenState.QUEUED)
    def queue(self) -> None:
        """Titles are known, and the person is being asked about another."""

    @transition(field=state, source=TokenState.QUEUED, target=TokenState.DETAILED)
    def ask(self) -> None:
        """Its turn has come."""

    def is_accepted(self) -> bool:
        return self.accepted is True

    def is_turned_down(self) -> bool:
        return self.accepted is False

    @transition(field=state, source=TokenState.DETAILED, target=TokenState.OFFERED)
    def offer(self, *, accepted: bool) -> None:
        """The person has answered."""
        self.accepted = accepted

    @transition(
        field=state,
        source=TokenState.OFFERED,
        target=TokenState.DECLINED,
        conditions=[is_turned_down],  # type: ignore[list-item]
    )
    def decline(self) -> None:
        """The person said no."""

    @transition(
        field=state,
        source=TokenState.OFFERED,
        target=TokenState.SAVED,
        conditions=[is_accepted],  # type: ignore[list-item]
    )
    def keep(self, *, path: str) -> None:
        """The wallet verified and stored it."""
        self.path = path

    @transition(
        field=state,
        source=[
            TokenState.ISSUED,
            TokenState.QUEUED,
            TokenState.DETAILED,
            TokenState.OFFERED,
        ],
        target=TokenState.EXPIRED,
    )
    def expire(self) -> None:
        """Nobody saved it in time."""

    @transition(
        field=state,
        source=[
            TokenState.ISSUED,
            TokenState.QUEUED,
            TokenState.DETAILED,
            TokenState.OFFERED,
        ],
        target=TokenState.WITHDRAWN,
    )
    def withdraw(self, *, code: str = "") -> None:
        """Its issuer took it back, or its chat ended; `code` is what the issuer is told."""
        self.code = code

    @transition(field=state, source=TokenState.SAVED, target=TokenState.REMOVED)
    def remove(self) -> None:
        """The person deleted it."""


class TokenEvent(models.Model):
    """One thing that happened to a mirrored token, at most once for each entering of a state."""

    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=EventKind)
    value = models.CharField(max_length=20)
    entry = models.PositiveIntegerField(default=0, db_default=0)
    origin = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token", "kind", "value", "entry"], name="broker_token_event_each_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
