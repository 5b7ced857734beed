from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_ingest import journal
from channels_ingest.models import InboundEvent


class Command(BaseCommand):
    help = "Process events of the journal again; what they stored before is not stored twice."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--event", type=int, help="number of the event")
        which.add_argument("--dead", action="store_true", help="every event that failed for good")

    def handle(self, *args: Any, **options: Any) -> None:
        events = InboundEvent.objects.order_by("pk")
        if options["dead"]:
            events = events.filter(state=InboundEvent.State.DEAD)
        else:
            events = events.filter(pk=options["event"])
            if not events.exists():
                raise CommandError(f"There is no event {options['event']}.")
        for event in events.iterator(chunk_size=100):
            journal.replay(event)
            event.refresh_from_db()
            self.stdout.write(f"{event.pk} {event.state} {event.reason}".rstrip())
