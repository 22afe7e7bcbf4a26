"""Who may reach which domain, and what operators have done."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class UserDomain(models.Model):
    """A domain hosted here that a user may reach at `/ops/`; without one he reaches none."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="domains"
    )
    domain = models.ForeignKey(
        "messaging.HostedDomain", on_delete=models.CASCADE, related_name="users"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "domain"], name="user_domain_once")]
        permissions = [
            ("reach_every_domain", "Can reach every domain, and what belongs to none"),
        ]

    def __str__(self) -> str:
        return str(self.domain_id)


class Act(models.Model):
    """What somebody did to one object at `/ops/` or from the command line, and why.

    Written before it is done, so that no act goes without; `outcome` is what came of it. Names are
    kept as they were, not linked: the record outlives the account and the object.
    """

    press = models.UUIDField(help_text="One confirmation: pressed twice, it is done once")
    at = models.DateTimeField(db_index=True)
    by = models.CharField(max_length=200, help_text="The account, or os: and the system's user")
    verb = models.CharField(max_length=150, help_text="The permission that it took")
    reason = models.CharField(max_length=500, blank=True)
    model = models.CharField(max_length=100)
    object_id = models.CharField(max_length=400, db_index=True)
    object = models.CharField(max_length=200, help_text="As it was called then")
    domain = models.CharField(max_length=253, blank=True, help_text="Whose it is")
    outcome = models.CharField(max_length=500, blank=True, help_text="Empty: it broke off")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["press", "model", "object_id"], name="act_once")
        ]

    def __str__(self) -> str:
        return f"{self.verb} by {self.by}"


class LoginTries(models.Model):
    """Wrong passwords that count together (see logins.py); whose they are the key does not tell."""

    share = models.CharField(primary_key=True, max_length=64)
    count = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(help_text="Of the last")

    def __str__(self) -> str:
        return f"{self.count} until {self.at}"


class LoginPlace(models.Model):
    """That an account has logged in from an address; which, the key does not tell."""

    pair = models.CharField(primary_key=True, max_length=64)
    at = models.DateTimeField(help_text="Of the last login")

    def __str__(self) -> str:
        return self.pair[:8]
