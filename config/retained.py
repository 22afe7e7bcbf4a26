"""How long the rows of Django's own apps, and of the operators', are kept."""

from __future__ import annotations

from datetime import timedelta

from messaging.retention import Ends, Kept, Rule, days
from operators import logins

RETAINED: dict[str, tuple[Rule, ...]] = {
    "contenttypes.ContentType": (Kept("one row a table"),),
    "auth.Permission": (Kept("a few rows a table"),),
    "auth.Group": (Kept("an operator's"),),
    "auth.User": (Kept("an operator"),),
    "operators.UserDomain": (Kept("an operator's"),),
    "operators.Act": (Ends(days("LOG"), "at", born="at"),),
    "operators.LoginTries": (Ends(logins.wait, "at"),),
    "operators.LoginPlace": (Ends(lambda: logins.KNOWN_FOR, "at"),),
    "sessions.Session": (Ends(timedelta, "expire_date"),),
    "admin.LogEntry": (Ends(days("LOG"), "action_time", born="action_time"),),
}
