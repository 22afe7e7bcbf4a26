"""Makes messaging a Django app, and checks its settings at start."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from messaging import checks, feedback, registry, retained, retention

        checks.connect()
        retention.register(retained.RETAINED)
        registry.register_askers({feedback.ORIGIN: feedback.hear_manifest})
