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
    WITHDRAWN = "WITHDRAWN"  # nobody is asked any more: the chat ended, or the script went back


class Format(models.TextChoices):
    INFO = "INFO"
    TEMP = "TEMP"
    DONE = "DONE"
    FAIL = "FAIL"
    CONFIRM = "CONFIRM"
    ONE = "ONE"
    MANY = "MANY"
    TEXT = "TEXT"
    DIGITS = "DIGITS"
    QUANTITY = "QUANTITY"
    AMOUNT = "AMOUNT"
    STARS = "STARS"
    DATE = "DATE"
    TIME = "TIME"


STATUS_FORMATS = (Format.INFO, Format.TEMP, Format.DONE, Format.FAIL)


class Result(models.TextChoices):
    OK = "OK"
    CANCEL = "CANCEL"
    YES = "YES"
    NO = "NO"


class FileType(models.TextChoices):
    PNG = "PNG"
    JPEG = "JPEG"
    PDF = "PDF"


class TrustAction(models.TextChoices):
    GRANT = "GRANT"
    REVOKE = "REVOKE"
    INHERIT = "INHERIT"


class TrustRole(models.TextChoices):
    VAULT = "VAULT"
    CONSUMER = "CONSUMER"
    ANY = "ANY"
