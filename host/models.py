"""Chats, prompts and talkers of the domains hosted here."""

from __future__ import annotations

from django.db import models
from django_fsm import ConcurrentTransitionMixin, FSMField, transition

from host.states import ChatState, Format, PromptState, Result
from messaging.ids import uuid7
from scripts.itemised import Itemised


class Chat(ConcurrentTransitionMixin, Itemised):
    """A chat that a broker opened with one of our domains."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253)
    broker = models.CharField(max_length=253)
    chat = models.UUIDField()
    state = FSMField(
        default=ChatState.OPENED, choices=ChatState.choices, protected=True, max_length=10
    )
    public_key = models.CharField(max_length=100)
    language = models.CharField(max_length=20, default="en-us")
    timezone = models.CharField(max_length=60, blank=True)
    schema = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=200, blank=True)
    inputs = models.JSONField(default=dict)
    tokens = models.JSONField(default=list)
    binds = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "broker", "chat"], name="host_chat_once")
        ]

    def __str__(self) -> str:
        return f"{self.chat} at {self.domain}"

    @transition(field=state, source=ChatState.OPENED, target=ChatState.ACTIVE)
    def activate(self) -> None:
        """The talker may speak."""

    @transition(field=state, source=[ChatState.OPENED, ChatState.ACTIVE], target=ChatState.WRAPPED)
    def wrap(self) -> None:
        """The host said goodbye."""

    @transition(
        field=state, source=[ChatState.OPENED, ChatState.ACTIVE], target=ChatState.ABANDONED
    )
    def abandon(self) -> None:
        """The person left."""


class Prompt(ConcurrentTransitionMixin, models.Model):
    """What a person is told or asked. The broker never sees its text or its answer."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="prompts")
    state = FSMField(
        default=PromptState.INSERTED, choices=PromptState.choices, protected=True, max_length=10
    )
    format = models.CharField(max_length=10, choices=Format)
    text = models.CharField(max_length=250)
    details = models.TextField(blank=True, max_length=2500)
    options = models.JSONField(default=list)
    default = models.CharField(max_length=250, blank=True)
    expires_at = models.DateTimeField()
    result = models.CharField(max_length=10, choices=Result, blank=True)
    answer = models.TextField(blank=True, max_length=5000)
    run = models.UUIDField(null=True, db_index=True)
    created_at = models.DateTimeField()
    replied_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.format} {self.pk}"

    @transition(field=state, source=PromptState.INSERTED, target=PromptState.REPLIED)
    def reply(self, *, result: str, answer: str) -> None:
        self.result = result
        self.answer = answer


class Talker(models.Model):
    """An operator's script, opened by the key of a locator."""

    domain = models.CharField(max_length=253)
    key = models.CharField(max_length=200, help_text="The key of the locator that opens it")
    title = models.CharField(max_length=200)
    source = models.TextField(help_text="The script, in YAML")
    script = models.CharField(max_length=200, editable=False)
    version = models.CharField(max_length=64, editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "key"], name="talker_once")]

    def __str__(self) -> str:
        return f"{self.title} at {self.domain}"


class Title(models.Model):
    """What a domain or a schema is called in one language; without one, its name is shown."""

    code = models.CharField(max_length=253, help_text="A domain name or a schema code")
    language = models.CharField(max_length=20, default="en-us")
    title = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "language"], name="title_once")]

    def __str__(self) -> str:
        return self.title
