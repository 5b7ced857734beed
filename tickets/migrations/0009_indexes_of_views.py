from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

UNFINISHED = Q(
    status__in=["new", "open", "pending", "on_hold"], spam=False, merged_into__isnull=True
)


class Migration(migrations.Migration):
    """Views of unfinished tickets and their counters read no others on their way."""

    atomic = False

    dependencies = [("tickets", "0008_next_at")]

    operations = [
        AddIndexConcurrently(
            "ticket",
            models.Index(
                fields=["channel", "-last_message_at", "-id"],
                name="ticket_chan_unfinished",
                condition=UNFINISHED,
            ),
        ),
        AddIndexConcurrently(
            "ticket",
            models.Index(
                fields=["waiting_since", "id"],
                name="ticket_waits",
                condition=UNFINISHED & Q(waiting_since__isnull=False),
            ),
        ),
        RemoveIndexConcurrently("ticket", "ticket_waiting"),
    ]
