"""What recognises a repeat outlives what a message said; how far pruning has come."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0006_permissions_of_verbs"),
    ]

    operations = [
        migrations.CreateModel(
            name="Pruning",
            fields=[
                (
                    "rule",
                    models.CharField(
                        help_text="Table, and number of rule",
                        max_length=100,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "position",
                    models.CharField(
                        blank=True, help_text="The last key looked at", max_length=300
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        db_index=True, help_text="When to go on; a lease meanwhile"
                    ),
                ),
                (
                    "removed",
                    models.PositiveBigIntegerField(
                        default=0, help_text="How many rows ended so far"
                    ),
                ),
                (
                    "fault",
                    models.CharField(
                        blank=True, help_text="Why a row could not end", max_length=500
                    ),
                ),
                ("worked_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name_plural": "prunings",
            },
        ),
        migrations.AddField(
            model_name="inboxmessage",
            name="is_emptied",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="What it said is gone; repeats are recognised",
            ),
        ),
    ]
