"""Wires the Broker role downwards: its datasets, subjects and scripts."""

from pathlib import Path

from django.apps import AppConfig


class BrokerConfig(AppConfig):
    name = "broker"

    def ready(self) -> None:
        from broker import datasets, receivers, refusals, retained, subjects
        from messaging import registry as messages
        from messaging import retention
        from scripts import registry

        registry.register_datasets(datasets.DATASETS)
        registry.register_library("broker", Path(__file__).parent / "scripts")
        registry.register_handlers(dict.fromkeys(subjects.SUBJECTS, "broker"))
        messages.register_subjects(subjects.SUBJECTS)
        messages.register_refusers({"Issue@Broker": refusals.refuse_offer})
        retention.register(retained.RETAINED)
        retention.register_needs(retained.NEEDS)
        messages.register_discarded(refusals.DISCARDED)
        receivers.connect()
