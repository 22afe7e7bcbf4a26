"""Makes operators a Django app, and its site the one of `/ops/`."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class SiteConfig(AdminConfig):
    """Django's admin, served by our own site."""

    default_site = "operators.site.OperatorsSite"


class OperatorsConfig(AppConfig):
    name = "operators"

    def ready(self) -> None:
        from operators import checks, groups, logins

        checks.connect()
        groups.connect()
        logins.connect()
