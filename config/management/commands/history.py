"""`manage.py history [TOKEN ...]`: what happened to tokens, at the issuer and at the broker."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from broker.models import TokenEvent as BrokerEvent
from issuer.models import TokenEvent as IssuerEvent
from messaging.syntax import format_time
from operators.commands import LOOKS, OperatorsCommand


class Command(OperatorsCommand):
    does = {"": LOOKS}
    help = "Print every event of the named tokens, or of all, oldest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tokens", nargs="*", metavar="TOKEN")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        for event in events(options["tokens"]):
            if options["json"]:
                self.stdout.write(json.dumps(event))
            else:
                self.stdout.write("{At}  {Token}  {Side:<7} {Kind:<8} {Value}".format(**event))


def events(tokens: list[str]) -> list[dict[str, str]]:
    """Return the events of both sides as {At, Token, Side, Domain, Kind, Value, Origin}."""
    issued = IssuerEvent.objects.select_related("token")
    mirrored = BrokerEvent.objects.select_related("token")
    if tokens:
        issued = issued.filter(token_id__in=tokens)
        mirrored = mirrored.filter(token__token__in=tokens)
    rows = [_line("issuer", event, str(event.token_id)) for event in issued]
    rows += [_line("broker", event, str(event.token.token)) for event in mirrored]
    return sorted(rows, key=lambda row: row["At"])


def _line(side: str, event: IssuerEvent | BrokerEvent, token: str) -> dict[str, str]:
    return {
        "At": format_time(event.at),
        "Token": token,
        "Side": side,
        "Domain": event.token.domain,
        "Kind": event.kind,
        "Value": event.value,
        "Origin": event.origin,
    }
