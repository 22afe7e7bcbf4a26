"""`manage.py outbox`: what could not be delivered, or told, and trying it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet

from messaging import breaker, outbox
from messaging.each import each
from messaging.models import Destination, OutboxMessage, Untold
from messaging.states import BreakerState, OutboxState
from operators.commands import LOOKS, OperatorsCommand


class Command(OperatorsCommand):
    """Dead letters and destinations that do not answer, from the command line."""

    does = {
        "dead": LOOKS,
        "resend": "messaging.resend_outboxmessage",
        "untold": LOOKS,
        "retell": "messaging.retell_untold",
        "down": LOOKS,
        "probe": "messaging.probe_destination",
    }

    help = "What was given up, which listeners raised, which destinations do not answer."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        dead = verbs.add_parser("dead", help="list dead messages, the newest first")
        dead.add_argument("--to", help="only those to this domain")
        dead.add_argument("--most", type=int, default=100)
        resend = verbs.add_parser("resend", help="send dead messages again")
        resend.add_argument("ids", nargs="*", type=UUID, help="as `outbox dead` shows them")
        resend.add_argument("--to", help="all dead messages to this domain")
        self.say_who(resend)
        verbs.add_parser("untold", help="list listeners that raised, the newest first")
        retell = verbs.add_parser("retell", help="tell listeners again")
        retell.add_argument("ids", nargs="+", type=int, help="as `outbox untold` shows them")
        self.say_who(retell)
        verbs.add_parser("down", help="list destinations that do not answer")
        probe = verbs.add_parser("probe", help="try a destination that is down now")
        probe.add_argument("domain")
        self.say_who(probe)

    def handle(self, *args: Any, **options: Any) -> None:
        verbs = {
            "dead": self.do_dead,
            "resend": self.do_resend,
            "untold": self.do_untold,
            "retell": self.do_retell,
            "down": self.do_down,
            "probe": self.do_probe,
        }
        verbs[options["verb"]](options)

    def do_dead(self, options: dict[str, Any]) -> None:
        for message in _dead(options["to"]).order_by("-finished_at")[: options["most"]]:
            at = message.finished_at
            when = "" if at is None else at.strftime("%Y-%m-%d %H:%M:%S")
            self.stdout.write(f"{message.pk} {when} {message}: {message.last_error}")

    def do_resend(self, options: dict[str, Any]) -> None:
        if bool(options["ids"]) == bool(options["to"]):
            raise CommandError("say either which messages (see `outbox dead`) or --to DOMAIN")
        ids = options["ids"] or list(_dead(options["to"]).values_list("pk", flat=True))
        freed = sum(each("message", ids, self._resent, self._failed))
        self.stdout.write(f"{freed} of {len(ids)} will be sent again")

    def _resent(self, message_id: UUID) -> bool:
        message = OutboxMessage.objects.filter(pk=message_id).only("sender").first()
        if message is None:
            return False
        with self.acting("messaging.outboxmessage", message_id, domain=message.sender):
            return outbox.resend(message_id)

    def _retold(self, untold_id: int) -> bool:
        untold = Untold.objects.filter(pk=untold_id).select_related("message").first()
        if untold is None:
            return False
        with self.acting("messaging.untold", untold_id, domain=untold.message.sender):
            return outbox.retell(untold_id)

    def _failed(self, item: object, fault: Exception) -> None:
        self.stderr.write(f"{item}: {fault}")

    def do_untold(self, options: dict[str, Any]) -> None:
        for untold in Untold.objects.select_related("message").order_by("-since"):
            left = "given up" if untold.due_at is None else f"{untold.attempts} attempts"
            self.stdout.write(
                f"{untold.pk} {untold.listens} of {untold.message}, {left}: {untold.error}"
            )

    def do_retell(self, options: dict[str, Any]) -> None:
        freed = sum(each("listener", options["ids"], self._retold, self._failed))
        self.stdout.write(f"{freed} of {len(options['ids'])} will be told again")

    def do_down(self, options: dict[str, Any]) -> None:
        for down in Destination.objects.exclude(state=BreakerState.CLOSED).order_by("changed_at"):
            since = down.changed_at.strftime("%Y-%m-%d %H:%M:%S")
            self.stdout.write(f"{down} since {since}, {down.failures} failures: {down.last_error}")

    def do_probe(self, options: dict[str, Any]) -> None:
        name = options["domain"].lower()
        with self.acting("messaging.destination", name):
            if not breaker.probe_now(name):
                raise CommandError(f"{name} is not down")
        self.stdout.write(f"{options['domain']} is tried now")


def _dead(recipient: str | None) -> QuerySet[OutboxMessage]:
    dead = OutboxMessage.objects.filter(state=OutboxState.DEAD)
    return dead.filter(recipient=recipient.lower()) if recipient else dead
