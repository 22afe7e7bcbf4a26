"""The last app to be ready: by now every table is filled, so the shipped scripts can be loaded."""

from django.apps import AppConfig


class DeploymentConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import retained
        from messaging import retention
        from scripts import library

        retention.register(retained.RETAINED)
        library.load_shipped()
