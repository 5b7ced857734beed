from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_TEXT = (
    "Dzień dobry,\n\notrzymaliśmy Państwa wiadomość i odpowiemy najszybciej, jak to możliwe. "
    "Numer zgłoszenia: {number}.\n\nTa wiadomość została wysłana automatycznie."
)


def make_rules(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """A mailbox that acknowledged by a setting of its own does it by a rule now."""
    rules = apps.get_model("tickets", "Rule").objects
    connections = apps.get_model("channels_ingest", "Connection").objects
    for row in connections.filter(settings__acknowledge=True).select_related("channel"):
        conditions = [
            {"fact": "channel", "op": "is", "value": str(row.channel_id)},
            {"fact": "first", "op": "is", "value": "yes"},
        ]
        text = row.settings.get("acknowledge_text") or _TEXT
        rules.create(
            name=f"Potwierdzenie: {row.channel.name}"[:100],
            active=True,
            trigger="message.received",
            tree={
                "when": {"on": "message.received"},
                "if": {"match": "all", "conditions": conditions},
                "then": [{"do": "reply", "value": text}],
                "stop": False,
            },
        )


class Migration(migrations.Migration):
    dependencies = [
        ("channels_ingest", "0003_connection_paused_until"),
        ("tickets", "0013_ready_rules"),
    ]
    operations = [migrations.RunPython(make_rules, migrations.RunPython.noop)]
