"""Wires the Notifier role downwards: its datasets, subjects and scripts."""

from pathlib import Path

from django.apps import AppConfig


class WalletsConfig(AppConfig):
    name = "wallets"

    def ready(self) -> None:
        from messaging import registry as messages
        from messaging import retention
        from scripts import registry
        from wallets import checks, datasets, retained, subjects

        checks.connect()
        retention.register(retained.RETAINED)
        registry.register_datasets(datasets.DATASETS)
        registry.register_library("wallets", Path(__file__).parent / "scripts")
        registry.register_handlers(dict.fromkeys(subjects.SUBJECTS, "wallets"))
        messages.register_subjects(subjects.SUBJECTS)
