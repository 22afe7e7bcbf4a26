"""`manage.py domain`: host a domain, its DNS records and keys, see what peers see, pin a key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging import domain_check, key_life, keys
from messaging.errors import MessagingError
from messaging.models import DomainKey


class Command(BaseCommand):
    """Domains from the command line."""

    help = "Host a domain, publish and rotate its keys, check it from outside, pin a peer's key."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="host a domain, with a new key")
        create.add_argument("name")
        create.add_argument("--title", default="")
        record = verbs.add_parser("dns", help="print the records to publish")
        record.add_argument("name")
        check = verbs.add_parser("check", help="look at it as a peer does, and say what is missing")
        check.add_argument("name")
        pin = verbs.add_parser("pin", help="trust this key of a peer, whatever DNS says")
        pin.add_argument("name")
        pin.add_argument("selector")
        pin.add_argument("key", help="base64 (raw or DER) or PEM of a public key")
        verbs.add_parser("reseal", help="seal all private keys under the first of FIELD_KEYS")
        self._add_key_arguments(verbs.add_parser("key", help="the keys of a domain hosted here"))

    def _add_key_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        for step, text in (
            ("list", "show the keys and their states"),
            ("create", "make the next key; publish it before rotating"),
        ):
            steps.add_parser(step, help=text).add_argument("name")
        rotate = steps.add_parser("rotate", help="sign with the next key; the old still verifies")
        rotate.add_argument("name")
        rotate.add_argument(
            "--unpublished",
            action="store_true",
            help="do not ask DNS first whether peers can find the next key",
        )
        for step, text in (
            ("retire", "destroy the private half; its documents still verify"),
            ("compromise", "refuse whatever this key has signed, from now on"),
        ):
            parser_of_step = steps.add_parser(step, help=text)
            parser_of_step.add_argument("name")
            parser_of_step.add_argument("selector")

    def handle(self, *args: Any, **options: Any) -> None:
        verb = options["verb"] if options["verb"] != "key" else f"key_{options['step']}"
        try:
            getattr(self, f"do_{verb}")(options)
        except (ValueError, MessagingError) as error:
            raise CommandError(str(error)) from error

    def do_create(self, options: dict[str, Any]) -> None:
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
        key = keys.pin_key(options["name"], options["selector"], options["key"])
        self.stdout.write(f"{key.selector} of {key.domain} is pinned.")

    def do_reseal(self, options: dict[str, Any]) -> None:
        changed, lost = key_life.reseal_keys()
        self.stdout.write(f"{changed} private keys were sealed anew.")
        if lost:
            raise CommandError("these do not open: " + "; ".join(lost))
        self.stdout.write("All open under the first of FIELD_KEYS: the others may be taken away.")

    def do_key_list(self, options: dict[str, Any]) -> None:
        for key in DomainKey.objects.filter(domain_id=options["name"].lower()).order_by(
            "created_at"
        ):
            since = key.changed_at or key.created_at
            self.stdout.write(f"{key.selector} {key.state} since {since:%Y-%m-%d %H:%M} UTC")

    def do_key_create(self, options: dict[str, Any]) -> None:
        key = key_life.create_next(options["name"])
        self.stdout.write(f"{key} is made and does not sign yet. Publish it, then rotate:")
        self.do_dns(options)

    def do_key_rotate(self, options: dict[str, Any]) -> None:
        following, before = key_life.rotate(
            options["name"], check_published=not options["unpublished"]
        )
        self.stdout.write(f"{following} signs now; {before} still verifies: leave it in DNS.")

    def do_key_retire(self, options: dict[str, Any]) -> None:
        key = key_life.retire(options["name"], options["selector"])
        self.stdout.write(f"{key} is retired: its private half is gone, its record may go.")

    def do_key_compromise(self, options: dict[str, Any]) -> None:
        key, current = key_life.compromise(options["name"], options["selector"])
        self.stdout.write(f"{key} is refused from now on; {current} signs. Publish at once:")
        self.do_dns(options)
