from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from tickets.models import Ticket
from tickets.sla import replaying


class Command(BaseCommand):
    help = "Compute the clocks of tickets again from the event log, by the terms that held for each"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--ticket", type=int, nargs="*", help="Numbers; without any, all")

    def handle(self, *args: Any, **options: Any) -> None:
        tickets = Ticket.objects.order_by("pk")
        if options["ticket"]:
            tickets = tickets.filter(number__in=options["ticket"])
        looked_at = changed = 0
        for pk in tickets.values_list("pk", flat=True).iterator(chunk_size=2_000):
            changed += replaying.recompute(pk)
            looked_at += 1
        self.stdout.write(f"{looked_at} tickets, {changed} clocks changed")
