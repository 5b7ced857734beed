"""What demo mode shows: sign-ins, shops with channels that work, and some weeks of traffic."""

import itertools
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from demo import connections, people, world
from demo.sample import making, storing
from demo.sample.storing import World
from kpi import rebuilding
from tickets.models import Ticket

_TICKETS, _WAITING, _WEEKS, _MESSAGES, _SEED = 260, 24, 3, 4, 1


class Command(BaseCommand):
    help = "Make the demo's data, once, and print its sign-ins. Only in demo mode."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo data are for demo mode only: see HELPDESK_DEMO.")
        words = people.make()
        place = world.make(agents=people.agents(), is_demo=True)
        connections.connect(place)
        if not Ticket.objects.exists():
            _load_traffic(place)
        self.stdout.write(words)
        self.stdout.write(f"The customer's side: {settings.BASE_URL}/demo/")


def _load_traffic(place: World) -> None:
    """Some weeks that are over, and today's queue."""
    now, agents = timezone.localtime(), len(place.agents)
    customers = making.customers(_TICKETS, _SEED)
    past = making.conversations(
        _TICKETS, _MESSAGES, seed=_SEED, agents=agents, now=now, weeks=_WEEKS
    )
    today = making.waiting(_WAITING, seed=_SEED, agents=agents, now=now, people=len(customers))
    storing.store(customers, itertools.chain(past, today), place)
    rebuilding.rebuild()
