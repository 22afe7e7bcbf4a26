"""The ASGI entry point: `config.asgi:application`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from config.handler import ThreadHandler  # noqa: E402 - needs the settings

application = ThreadHandler()
