"""Fill the database with invented traffic, to look at and to measure on."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from crm.models import Identity
from demo import world
from demo.sample import making, storing
from kpi import rebuilding
from tickets.models import Message, Ticket


class Command(BaseCommand):
    help = "Make N tickets of invented customers; the same seed makes the same data."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tickets", type=int, default=1_000)
        parser.add_argument("--messages-per-ticket", type=int, default=4)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--force", action="store_true", help="also where there are tickets of real customers"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["force"] and _has_foreign_rows():
            raise CommandError(
                "This database holds tickets that are no sample. Use another one, or --force."
            )
        began = time.monotonic()
        tickets, seed = options["tickets"], options["seed"]
        people = making.customers(tickets, seed)
        if Identity.objects.filter(value=people[0].email).exists():
            raise CommandError("The sample of this seed is loaded already. Take another --seed.")
        place = world.make()
        talks = making.conversations(
            tickets,
            options["messages_per_ticket"],
            seed=seed,
            agents=len(place.agents),
            now=timezone.localtime(),
        )
        count = storing.store(people, talks, place)
        rebuilding.rebuild()
        self.stdout.write(f"{count} tickets in {time.monotonic() - began:.0f} s")


def _has_foreign_rows() -> bool:
    sample = Message.objects.filter(source_key__startswith="sample:").values("ticket")
    return Ticket.objects.exclude(pk__in=sample).exists()
