"""`manage.py pushkey`: make the key of Web Push, and print the settings that turn it on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from operators.commands import LOOKS, OperatorsCommand
from wallets import vapid


class Command(OperatorsCommand):
    """Prints; keeps nothing."""

    does = {"": LOOKS}

    help = "Make a key for Web Push and print it as settings. Browsers subscribe to one key."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "contact", help="where push services reach you, as mailto:ops@theatre.example"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            vapid.check_contact(options["contact"])
        except ValueError as error:
            raise CommandError(f"{options['contact']}: {error}") from None
        self.stdout.write(f"VAPID_PRIVATE_KEY={vapid.new_key()}")
        self.stdout.write(f"VAPID_CONTACT={options['contact']}")
