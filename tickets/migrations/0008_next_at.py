from django.db import migrations

# Clocks that run from before wait for their end at least; policies had no steps.
_FILL = """
    UPDATE tickets_target SET next_at = due_at
    WHERE state = 'running' AND breached_at IS NULL AND next_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0007_policies")]
    operations = [migrations.RunSQL(_FILL, migrations.RunSQL.noop)]
