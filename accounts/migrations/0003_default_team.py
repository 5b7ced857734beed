from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from helpdesk.polish import sort_key


def add_default_team(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Team = apps.get_model("accounts", "Team")
    # Historical models have no save() of ours, which would give the sort key.
    name = "Obsługa"
    defaults = {"name": name, "sort_key": sort_key(name), "is_default": True}
    Team.objects.get_or_create(slug="support", defaults=defaults)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_audit_append_only")]

    operations = [migrations.RunPython(add_default_team, migrations.RunPython.noop)]
