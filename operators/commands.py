"""The base of management commands: each says which permission its verbs take, and records them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from operators import acts
from operators.acts import Doer, Subject

# What a command does that is no verb of an operator: it only looks, it plays on stores that it
# makes and throws away, or it is the server itself.
LOOKS = "looks"
PLAYS = "plays"
SERVES = "serves"
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "TRUNCATE", "DROP", "ALTER", "CREATE")


class OperatorsCommand(BaseCommand):
    """`does` maps each verb (`resend`, `key rotate`; empty for a command without) to the permission
    that it takes, or to LOOKS, PLAYS or SERVES. What LOOKS cannot write to the database."""

    does: dict[str, str] = {}
    # The options that name a verb, and its step.
    words: tuple[str, ...] = ("verb", "step")
    doer = Doer("")
    permission = LOOKS

    def say_who(self, parser: CommandParser) -> None:
        """Add the options that every verb has which changes something."""
        parser.add_argument(
            "--by", default="", metavar="ACCOUNT", help="whose decision it is: an account of /ops/"
        )
        parser.add_argument("--why", default="", metavar="TEXT", help="kept in the record")

    def execute(self, *args: Any, **options: Any) -> str | None:
        given = (options.get(name) for name in self.words)
        self.permission = self.does[" ".join(str(word) for word in given if word)]
        if self.permission in (PLAYS, SERVES):
            return super().execute(*args, **options)
        if self.permission == LOOKS:
            with connection.execute_wrapper(_refuse_writes):
                return super().execute(*args, **options)
        self.doer = self._doer(options.get("by", ""), options.get("why", ""))
        return super().execute(*args, **options)

    def _doer(self, account: str, why: str) -> Doer:
        """Return who does it: the system's user, and the account whose decision it is.

        Raises CommandError for an account that is none, or that may not do this.
        """
        by = acts.system_user()
        if account:
            users = get_user_model().objects
            user = users.filter(username=account, is_active=True, is_staff=True).first()
            if user is None:
                raise CommandError(f"there is no account {account} at /ops/")
            if not user.has_perm(self.permission):
                raise CommandError(f"{account} may not do this: it takes {self.permission}")
            by = f"{account} ({by})"
        return Doer(by, why)

    @contextmanager
    def acting(self, model: str, object_id: object, *, domain: str = "") -> Iterator[None]:
        """Record what is done to an object, before it is done, and whether it was refused.

        `model` as `messaging.domainkey`; `domain` whose it is.
        """
        subject = Subject(model, str(object_id), str(object_id), domain)
        act = acts.begin(self.doer, self.permission, subject)
        try:
            yield
        except Exception as fault:
            if act is not None:
                acts.end(act, f"refused: {fault}")
            raise
        if act is not None:
            acts.end(act, "done")


def _refuse_writes(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if sql.lstrip(" (").upper().startswith(WRITES):
        raise CommandError("this command says that it only looks; it was about to write")
    return execute(sql, params, many, context)
