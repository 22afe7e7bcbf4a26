import django.db.models.deletion
from django.db import migrations, models

import messaging.ids


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Subscription",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=messaging.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("endpoint", models.CharField(max_length=1000)),
                ("created_at", models.DateTimeField()),
                (
                    "pushed_at",
                    models.DateTimeField(
                        help_text="Empty since the wallet last fetched", null=True
                    ),
                ),
                ("failures", models.PositiveSmallIntegerField(default=0, help_text="In a row")),
                (
                    "registration",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="subscriptions",
                        to="wallets.registration",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("registration", "endpoint"), name="subscription_once"
                    )
                ],
            },
        ),
    ]
