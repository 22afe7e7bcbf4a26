"""The states of chats and prompts as their host sees them."""

from django.db import models


class ChatState(models.TextChoices):
    OPENED = "OPENED"  # known, and prompts may be sent; no talker speaks in it
    ACTIVE = "ACTIVE"
    WRAPPED = "WRAPPED"
    ABANDONED = "ABANDONED"


TALKING = (ChatState.OPENED, ChatState.ACTIVE)


class PromptState(models.TextChoices):
    INSERTED = "INSERTED"
    REPLIED = "REPLIED"


class Format(models.TextChoices):
    INFO = "INFO"
    DONE = "DONE"
    FAIL = "FAIL"
    CONFIRM = "CONFIRM"
    TEXT = "TEXT"
    ONE = "ONE"


STATUS_FORMATS = (Format.INFO, Format.DONE, Format.FAIL)


class Result(models.TextChoices):
    OK = "OK"
    CANCEL = "CANCEL"
    YES = "YES"
    NO = "NO"
