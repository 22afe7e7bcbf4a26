"""Wires the Host role downwards: its commands, datasets, subjects and scripts."""

from pathlib import Path

from django.apps import AppConfig


class HostConfig(AppConfig):
    name = "host"

    def ready(self) -> None:
        from host import (
            commands,
            datasets,
            farewell,
            graph,
            receivers,
            retained,
            services,
            subjects,
        )
        from messaging import registry as messages
        from messaging import retention
        from scripts import registry

        registry.register_commands(commands.COMMANDS)
        registry.register_datasets(datasets.DATASETS)
        registry.register_ending(services.withdraw_questions)
        registry.register_library("host", Path(__file__).parent / "scripts")
        registry.register_handlers(dict.fromkeys(subjects.SUBJECTS, "host"))
        messages.register_subjects(subjects.SUBJECTS)
        messages.register_discarded(subjects.DISCARDED)
        registry.register_datasets(graph.DATASETS)
        registry.register_handlers(dict.fromkeys(graph.SUBJECTS, "host"))
        messages.register_subjects(graph.SUBJECTS)
        registry.register_farewell(farewell.say)
        retention.register(retained.RETAINED)
        registry.register_pins(retained.pinned)
        receivers.connect()
