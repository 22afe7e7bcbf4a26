"""`manage.py domain`: host a domain, its DNS records and keys, see what peers see, pin a key."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from django.core.management.base import CommandError, CommandParser

from messaging import domain_check, key_life, keys
from messaging.errors import MessagingError
from messaging.models import DomainKey
from operators.commands import LOOKS, OperatorsCommand


class Command(OperatorsCommand):
    """Domains from the command line."""

    does = {
        "create": "messaging.create_hosteddomain",
        "dns": LOOKS,
        "check": LOOKS,
        "pin": "messaging.pin_peerkey",
        "reseal": "messaging.reseal_domainkey",
        "key list": LOOKS,
        "key create": "messaging.create_domainkey",
        "key rotate": "messaging.rotate_domainkey",
        "key retire": "messaging.retire_domainkey",
        "key compromise": "messaging.compromise_domainkey",
    }

    help = "Host a domain, publish and rotate its keys, check it from outside, pin a peer's key."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="host a domain, with a new key")
        create.add_argument("name")
        create.add_argument("--title", default="")
        self.say_who(create)
        record = verbs.add_parser("dns", help="print the records to publish")
        record.add_argument("name")
        check = verbs.add_parser("check", help="look at it as a peer does, and say what is missing")
        check.add_argument("name")
        pin = verbs.add_parser("pin", help="trust this key of a peer, whatever DNS says")
        pin.add_argument("name")
        pin.add_argument("selector")
        pin.add_argument("key", help="base64 (raw or DER) or PEM of a public key")
        self.say_who(pin)
        self.say_who(
            verbs.add_parser("reseal", help="seal all private keys under the first of FIELD_KEYS")
        )
        self._add_key_arguments(verbs.add_parser("key", help="the keys of a domain hosted here"))

    def _add_key_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        steps.add_parser("list", help="show the keys and their states").add_argument("name")
        create = steps.add_parser("create", help="make the next key; publish it before rotating")
        create.add_argument("name")
        self.say_who(create)
        rotate = steps.add_parser("rotate", help="sign with the next key; the old still verifies")
        rotate.add_argument("name")
        rotate.add_argument(
            "--unpublished",
            action="store_true",
            help="do not ask DNS first whether peers can find the next key",
        )
        self.say_who(rotate)
        for step, text in (
            ("retire", "destroy the private half; its documents still verify"),
            ("compromise", "refuse whatever this key has signed, from now on"),
        ):
            parser_of_step = steps.add_parser(step, help=text)
            parser_of_step.add_argument("name")
            parser_of_step.add_argument("selector")
            self.say_who(parser_of_step)

    def handle(self, *args: Any, **options: Any) -> None:
        verb = options["verb"] if options["verb"] != "key" else f"key_{options['step']}"
        try:
            getattr(self, f"do_{verb}")(options)
        except (ValueError, MessagingError) as error:
            raise CommandError(str(error)) from error

    def do_create(self, options: dict[str, Any]) -> None:
        with self._acting_on(options["name"]):
            domain = keys.create_domain(options["name"], options["title"])
        self.stdout.write(f"{domain.name} is hosted here. Publish its key:")
        self.do_dns({"name": domain.name})

    def do_dns(self, options: dict[str, Any]) -> None:
        for name, value in key_life.records(options["name"]):
            self.stdout.write(f'{name} TXT "{value}"')
        name = options["name"].lower()
        self.stdout.write(f"; and an A, AAAA or CNAME record of pw.{name}, leading to this server,")
        self.stdout.write("; all in a zone that is signed with DNSSEC. Then: domain check " + name)

    def do_check(self, options: dict[str, Any]) -> None:
        findings = domain_check.findings(options["name"])
        for finding in findings:
            self.stdout.write(f"{'ok     ' if finding.holds else 'MISSING'} {finding.text}")
        missing = sum(not finding.holds for finding in findings)
        if missing:
            raise CommandError(f"{missing} of {len(findings)} are missing", returncode=1)
        self.stdout.write(f"{options['name'].lower()}: peers can talk to it.")

    def do_pin(self, options: dict[str, Any]) -> None:
        with self.acting("messaging.peerkey", f"{options['selector']} of {options['name']}"):
            key = keys.pin_key(options["name"], options["selector"], options["key"])
        self.stdout.write(f"{key.selector} of {key.domain} is pinned.")

    def do_reseal(self, options: dict[str, Any]) -> None:
        with self.acting("messaging.domainkey", "all"):
            changed, lost = key_life.reseal_keys()
        self.stdout.write(f"{changed} private keys were sealed anew.")
        if lost:
            raise CommandError("these do not open: " + "; ".join(lost))
        self.stdout.write("All open under the first of FIELD_KEYS: the others may be taken away.")

    def _acting_on(self, name: str) -> AbstractContextManager[None]:
        return self.acting("messaging.hosteddomain", name.lower(), domain=name.lower())

    def _acting_on_key(self, options: dict[str, Any]) -> AbstractContextManager[None]:
        """The record of a key is found by its row, as that of the same verb at `/ops/`."""
        name, selector = options["name"].lower(), options["selector"].lower()
        key = DomainKey.objects.filter(domain_id=name, selector=selector).first()
        return self.acting("messaging.domainkey", selector if key is None else key.pk, domain=name)

    def do_key_list(self, options: dict[str, Any]) -> None:
        for key in DomainKey.objects.filter(domain_id=options["name"].lower()).order_by(
            "created_at"
        ):
            since = key.changed_at or key.created_at
            self.stdout.write(f"{key.selector} {key.state} since {since:%Y-%m-%d %H:%M} UTC")

    def do_key_create(self, options: dict[str, Any]) -> None:
        with self._acting_on(options["name"]):
            key = key_life.create_next(options["name"])
        self.stdout.write(f"{key} is made and does not sign yet. Publish it, then rotate:")
        self.do_dns(options)

    def do_key_rotate(self, options: dict[str, Any]) -> None:
        check = not options["unpublished"]
        with self._acting_on(options["name"]):
            following, before = key_life.rotate(options["name"], check_published=check)
        self.stdout.write(f"{following} signs now; {before} still verifies: leave it in DNS.")

    def do_key_retire(self, options: dict[str, Any]) -> None:
        with self._acting_on_key(options):
            key = key_life.retire(options["name"], options["selector"])
        self.stdout.write(f"{key} is retired: its private half is gone, its record may go.")

    def do_key_compromise(self, options: dict[str, Any]) -> None:
        with self._acting_on_key(options):
            key, current = key_life.compromise(options["name"], options["selector"])
        self.stdout.write(f"{key} is refused from now on; {current} signs. Publish at once:")
        self.do_dns(options)
