"""Chats, prompts and talkers of the domains hosted here."""

from __future__ import annotations

from django.db import models
from django_fsm import ConcurrentTransitionMixin, FSMField, transition

from host.states import (
    ChatState,
    FileType,
    Format,
    PromptState,
    Result,
    TrustAction,
)
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
    emoji = models.CharField(max_length=20, blank=True, default="", db_default="")
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
    rules = models.JSONField(null=True, help_text="What an answer must be like, and other hints")
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

    @transition(field=state, source=PromptState.INSERTED, target=PromptState.WITHDRAWN)
    def withdraw(self) -> None:
        """Nobody is asked any more."""


class Appendix(models.Model):
    """A file that goes with a prompt; the wallet fetches it when the person wants to see it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prompt = models.OneToOneField(Prompt, on_delete=models.CASCADE, related_name="appendix")
    name = models.CharField(max_length=200, blank=True)
    type = models.CharField(max_length=4, choices=FileType)
    pages = models.PositiveIntegerField(default=1)
    content = models.BinaryField()

    class Meta:
        verbose_name_plural = "appendices"

    def __str__(self) -> str:
        return f"{self.type} of {self.prompt_id}"


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


class TalkerFile(models.Model):
    """A talker's file in TALKERS_FOLDER as it was read last. With faults, the talker is still what
    the last sound reading made of it."""

    path = models.CharField(max_length=500, unique=True, help_text="Below TALKERS_FOLDER")
    domain = models.CharField(max_length=253)
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    faults = models.TextField(blank=True)
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.path


class Registered(models.Model):
    """A talker for one occasion: a script of a running file, with inputs, under a random key."""

    domain = models.CharField(max_length=253)
    key = models.CharField(max_length=200)
    script = models.CharField(max_length=200)
    version = models.CharField(max_length=64)
    inputs = models.JSONField(default=dict)
    run = models.UUIDField(null=True, help_text="The run that registered it")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = "registered talker"
        constraints = [models.UniqueConstraint(fields=["domain", "key"], name="registered_once")]

    def __str__(self) -> str:
        return f"{self.script} at {self.domain}"


class Title(models.Model):
    """What a domain or a schema is called in one language; without one, its name is shown."""

    code = models.CharField(max_length=253, help_text="A domain name or a schema code")
    language = models.CharField(max_length=20, default="en-us")
    title = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "language"], name="title_once")]

    def __str__(self) -> str:
        return self.title


class Manifest(models.Model):
    """What a domain hosted here publishes about itself (protocol appendix A)."""

    domain = models.CharField(max_length=253, unique=True)
    language = models.CharField(max_length=20, default="en-us")
    title = models.CharField(max_length=200)
    description = models.CharField(max_length=1000, blank=True)
    emoji = models.CharField(max_length=20, blank=True)
    small_icon = models.CharField(max_length=500, blank=True, help_text="An https address")
    big_icon = models.CharField(max_length=500, blank=True, help_text="An https address")
    sections = models.JSONField(
        default=dict, blank=True, help_text="Further sections, such as Datasets or Delegates"
    )

    def __str__(self) -> str:
        return self.domain


class Schema(models.Model):
    """A schema that a domain hosted here defines; what it is called elsewhere are titles."""

    code = models.CharField(max_length=200, help_text="Without its version: authority/CODE")
    version = models.CharField(max_length=20, default="1.0")
    title = models.CharField(max_length=200)
    description = models.CharField(max_length=1000, blank=True)
    inherits = models.JSONField(default=list, blank=True, help_text="Codes of other schemas")
    location = models.CharField(max_length=500, blank=True)
    format = models.JSONField(default=dict, blank=True, help_text="JSON Schema of its data")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="schema_once")]

    def __str__(self) -> str:
        return f"{self.code}:{self.version}"


class Form(models.Model):
    """A form in a domain's manifest: what it asks for, in steps."""

    domain = models.CharField(max_length=253)
    key = models.CharField(max_length=100)
    language = models.CharField(max_length=20, default="en-us")
    title = models.CharField(max_length=200)
    details = models.TextField(blank=True, max_length=2500)
    steps = models.JSONField(default=list, help_text="[{Schema, Purpose}]")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "key", "language"], name="form_once")
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.domain}"


class Trust(models.Model):
    """One entry of whom a domain trusts, for what, as what (protocol appendix C)."""

    domain = models.CharField(max_length=253, db_index=True, help_text="Who trusts")
    title = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=10, choices=TrustAction, default=TrustAction.GRANT)
    roles = models.JSONField(default=list, blank=True, help_text="VAULT, CONSUMER; empty for any")
    queries = models.JSONField(
        default=list, blank=True, help_text="Schemas, such as a/CODE or a/CODE/*; empty for all"
    )
    domains = models.JSONField(default=list, blank=True, help_text="Who; empty for anybody")
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "trust entry"
        verbose_name_plural = "trust entries"

    def __str__(self) -> str:
        return f"{self.domain} {self.action} {self.title}"
