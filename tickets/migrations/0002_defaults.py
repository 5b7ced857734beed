from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

WORK_DAY = [["08:00", "16:00"]]


def make_defaults(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """One calendar (Monday to Friday, 8 to 16, Polish holidays) and one policy, so that clocks run."""
    if apps.get_model("tickets", "Policy").objects.filter(is_default=True).exists():
        return
    calendar = apps.get_model("tickets", "Calendar").objects.create(
        name="Godziny pracy", is_default=True
    )
    apps.get_model("tickets", "CalendarVersion").objects.create(
        calendar=calendar, week=[WORK_DAY] * 5 + [[], []]
    )
    policy = apps.get_model("tickets", "Policy").objects.create(name="Standard", is_default=True)
    apps.get_model("tickets", "PolicyVersion").objects.create(
        policy=policy,
        calendar=calendar,
        first_response_minutes=4 * 60,
        next_response_minutes=8 * 60,
        resolution_minutes=24 * 60,
    )


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]
    operations = [migrations.RunPython(make_defaults, migrations.RunPython.noop)]
