"""The last app to be ready: by now every table is filled, so the shipped scripts can be loaded."""

from django.apps import AppConfig


class DeploymentConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from scripts import library

        library.load_shipped()
