"""Finds what nobody was woken for: each row that waits and whose time has come."""

from channels_ingest import delivering, files, journal, waking
from tickets.models import Delivery


def sweep() -> None:
    """Queue strays of the journal, the outbox and the files; end leases that ran out."""
    for event in journal.strays():
        waking.process(event)
    delivering.end_lost_leases()
    waking.deliver(Delivery.objects.select_related("channel").filter(pk__in=delivering.due()))
    waking.fetch_files(files.waiting())
