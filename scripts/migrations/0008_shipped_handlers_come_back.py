"""A shipped handler that somebody withdrew comes back: without it no message of its kind is handled.

That could be done until now, and nothing undid it. Runs that were cancelled by it stay cancelled.
"""

from django.db import migrations
from django.db.models import Q

SHIPPED = ("broker/", "host/", "issuer/", "wallets/")


def bring_back(apps, schema_editor):
    versions = apps.get_model("scripts", "ScriptVersion").objects
    shipped = Q()
    for owner in SHIPPED:
        shipped |= Q(name__startswith=owner)
    versions.using(schema_editor.connection.alias).filter(
        shipped, withdrawn_at__isnull=False
    ).update(withdrawn_at=None, stopped_at=None, stopped_why="")


class Migration(migrations.Migration):
    dependencies = [("scripts", "0007_permissions_of_verbs")]

    operations = [migrations.RunPython(bring_back, migrations.RunPython.noop)]
