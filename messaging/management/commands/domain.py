"""`manage.py domain`: host a domain, print its DNS record, pin a peer's key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging import dns_keys, keys
from messaging.errors import UnknownDomain


class Command(BaseCommand):
    """Domains from the command line."""

    help = "Host a domain, show the DNS record of its key, or pin the key of a peer."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="host a domain, with a new key")
        create.add_argument("name")
        create.add_argument("--title", default="")
        record = verbs.add_parser("dns", help="print the TXT record that publishes the key")
        record.add_argument("name")
        pin = verbs.add_parser("pin", help="trust this key of a peer, whatever DNS says")
        pin.add_argument("name")
        pin.add_argument("selector")
        pin.add_argument("key", help="base64 (raw or DER) or PEM of an Ed25519 public key")

    def handle(self, *args: Any, **options: Any) -> None:
        verbs = {"create": self.create, "dns": self.show_dns, "pin": self.pin}
        try:
            verbs[options["verb"]](options)
        except (ValueError, UnknownDomain) as error:
            raise CommandError(str(error)) from error

    def create(self, options: dict[str, Any]) -> None:
        domain = keys.create_domain(options["name"], options["title"])
        self.stdout.write(f"{domain.name} is hosted here. Publish its key:")
        self.show_dns({"name": domain.name})

    def show_dns(self, options: dict[str, Any]) -> None:
        selector, public = keys.published_key(options["name"])
        name = dns_keys.record_name(options["name"].lower(), selector)
        self.stdout.write(f'{name} TXT "{dns_keys.record_value(public)}"')

    def pin(self, options: dict[str, Any]) -> None:
        key = keys.pin_key(options["name"], options["selector"], options["key"])
        self.stdout.write(f"{key.selector} of {key.domain} is pinned.")
