from django.db import migrations
from django_fsm import FSMField


class Migration(migrations.Migration):
    """Only Django's idea of the column changes: it is the same text in the table."""

    dependencies = [("scripts", "0009_datasets_are_held_by_their_writers")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="run",
                    name="state",
                    field=FSMField(
                        choices=[
                            ("READY", "Ready"),
                            ("WAITING", "Waiting"),
                            ("DONE", "Done"),
                            ("FAILED", "Failed"),
                            ("DECLINED", "Declined"),
                            ("CANCELLED", "Cancelled"),
                            ("QUARANTINED", "Quarantined"),
                        ],
                        default="READY",
                        max_length=12,
                        protected=True,
                    ),
                )
            ]
        )
    ]
