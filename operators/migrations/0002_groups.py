"""The groups viewer, operator and author. What they may do is set after each migration, when all
permissions are there (operators/groups.py)."""

from django.db import migrations

NAMES = ("viewer", "operator", "author")
ASIDE = " (own)"


def make(apps, schema_editor):
    """A group that has one of the names already keeps its members and permissions under another."""
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    for name in NAMES:
        groups.filter(name=name).update(name=name + ASIDE)
        groups.create(name=name)


def unmake(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    groups.filter(name__in=NAMES).delete()
    for name in NAMES:
        groups.filter(name=name + ASIDE).update(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("operators", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(make, unmake)]
