"""Compute the figures anew from the event log, after an upgrade that changed how they are made."""

import time
from typing import Any

from django.core.management.base import BaseCommand

from history.models import Event
from kpi import rebuilding
from kpi.story import KINDS


class Command(BaseCommand):
    help = "Compute all figures anew from the event log; pages show the old ones until it is done."

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        tickets = rebuilding.rebuild()
        took = time.monotonic() - began
        events = Event.objects.filter(kind__in=KINDS).count()
        rate = events / max(took, 0.001)
        self.stdout.write(f"{tickets} tickets, {events} events in {took:.0f} s ({rate:.0f}/s)")
