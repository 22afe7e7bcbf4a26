"""The ASGI entry point: `config.asgi:application`."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)
# Of threads that compute, each gets its turn sooner: hundreds of strangers' messages are at work
# beside an honest one, which gives up its turn at every statement.
sys.setswitchinterval(0.001)

from config.handler import ThreadHandler  # noqa: E402 - needs the settings

application = ThreadHandler()
