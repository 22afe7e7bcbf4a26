"""An index of the runs that have not ended; made without holding up writers where that is possible."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class AddIndexBesideWriters(AddIndexConcurrently):
    """CREATE INDEX CONCURRENTLY on PostgreSQL, an ordinary index elsewhere."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddIndex.database_forwards(
                self, app_label, schema_editor, from_state, to_state
            )

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddIndex.database_backwards(
                self, app_label, schema_editor, from_state, to_state
            )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("scripts", "0002_quarantine_and_stopped_versions"),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name="run",
            index=models.Index(
                condition=models.Q(("state__in", ("READY", "WAITING"))),
                fields=["script", "trigger"],
                name="run_live",
            ),
        ),
    ]
