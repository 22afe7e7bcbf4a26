"""Wires the Issuer role downwards: ISSUE, its dataset, subjects and scripts."""

from pathlib import Path

from django.apps import AppConfig


class IssuerConfig(AppConfig):
    name = "issuer"

    def ready(self) -> None:
        from issuer import commands, datasets, receivers, retained, services, subjects
        from messaging import registry as messages
        from messaging import retention
        from scripts import registry

        registry.register_commands(commands.COMMANDS)
        registry.register_datasets(datasets.DATASETS)
        registry.register_ending(services.let_go)
        registry.register_library("issuer", Path(__file__).parent / "scripts")
        registry.register_handlers(dict.fromkeys(subjects.SUBJECTS, "issuer"))
        messages.register_subjects(subjects.SUBJECTS)
        messages.register_delivered(subjects.DELIVERED)
        messages.register_undeliverable(subjects.UNDELIVERABLE)
        messages.register_resendable(subjects.RESENDABLE)
        messages.register_discarded(subjects.DISCARDED)
        retention.register(retained.RETAINED)
        retention.register_needs(retained.NEEDS)
        receivers.connect()
