"""`manage.py seed`: the demonstration's domains and talkers, for a first look."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from config.demo.data import DOMAINS, seed
from operators.commands import OperatorsCommand


class Command(OperatorsCommand):
    does = {"": "messaging.seed_hosteddomain"}
    help = "Put in the demonstration's domains, keys, talkers and titles (safe to repeat)."

    def add_arguments(self, parser: CommandParser) -> None:
        self.say_who(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with self.acting("messaging.hosteddomain", ", ".join(DOMAINS)):
            for locator in seed():
                self.stdout.write(f"locator {locator}")
