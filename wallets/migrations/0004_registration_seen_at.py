"""When a wallet last asked: registrations that nobody uses end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallets", "0003_notification_sender_and_chat"),
    ]

    operations = [
        migrations.AddField(
            model_name="registration",
            name="seen_at",
            field=models.DateTimeField(help_text="When the wallet last asked, to a day", null=True),
        ),
    ]
