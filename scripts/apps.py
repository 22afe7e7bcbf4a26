"""Wires the engine: its own command words, and the upward calls it takes from messaging."""

from django.apps import AppConfig
from django.conf import settings


class ScriptsConfig(AppConfig):
    name = "scripts"

    def ready(self) -> None:
        from messaging import registry as messages
        from messaging import retention
        from scripts import commands, public, receivers, registry, retained, services
        from scripts.language.limits import Limits, limits

        limits.set(Limits(**settings.SCRIPT_LIMITS))
        registry.register_commands(commands.COMMANDS)
        messages.set_handler(services.start_message_run, services.drive)
        messages.set_answerer(public.answer)
        messages.set_response_listener(services.deliver_response)
        retention.register(retained.RETAINED)
        receivers.connect()
