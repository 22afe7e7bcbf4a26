"""`manage.py seed`: the demonstration's domains and talkers, for a first look."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from config.demo.data import seed


class Command(BaseCommand):
    help = "Put in the demonstration's domains, keys, talkers and titles (safe to repeat)."

    def handle(self, *args: Any, **options: Any) -> None:
        for locator in seed():
            self.stdout.write(f"locator {locator}")
