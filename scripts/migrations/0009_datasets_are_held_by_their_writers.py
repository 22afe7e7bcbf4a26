"""On PostgreSQL, whoever writes a row of a dataset holds that dataset until he commits.

`scripts/items/holding.py` takes the same lock before it reads. The trigger is for all who do not
ask there, the workers of the release before among them.
"""

from typing import Any

from django.db import migrations

HOLD = """
CREATE FUNCTION scripts_hold_dataset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1129530451, (COALESCE(NEW.set_id, OLD.set_id) % 2147483648)::int);
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER scripts_item_hold BEFORE INSERT OR UPDATE OR DELETE ON scripts_item
FOR EACH ROW EXECUTE FUNCTION scripts_hold_dataset();
"""
LET_GO = """
DROP TRIGGER scripts_item_hold ON scripts_item;
DROP FUNCTION scripts_hold_dataset();
"""


def _execute(sql: str, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(sql, params=None)


def hold(apps: Any, schema_editor: Any) -> None:
    _execute(HOLD, schema_editor)


def let_go(apps: Any, schema_editor: Any) -> None:
    _execute(LET_GO, schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("scripts", "0008_shipped_handlers_come_back"),
    ]

    operations = [
        migrations.RunPython(hold, let_go),
    ]
