"""When a mailbox was made, and since when a version of a script is of no use."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scripts", "0010_run_state_is_a_machine"),
    ]

    operations = [
        migrations.AddField(
            model_name="hook",
            name="created_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name="scriptversion",
            name="unused_at",
            field=models.DateTimeField(help_text="Since when nothing refers to it", null=True),
        ),
    ]
