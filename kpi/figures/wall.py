"""What is open at this moment, read from the tickets: only what is unfinished is looked at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from kpi.places import LIVE
from tickets.models import Target, Ticket
from tickets.models.ticket import TicketQuerySet

AGES = (
    (_("less than 4 hours"), timedelta(0), timedelta(hours=4)),
    (_("4 to 24 hours"), timedelta(hours=4), timedelta(hours=24)),
    (_("1 to 3 days"), timedelta(days=1), timedelta(days=3)),
    (_("3 to 7 days"), timedelta(days=3), timedelta(days=7)),
    (_("more than 7 days"), timedelta(days=7), timedelta(days=36_500)),
)


@dataclass
class Wall:
    """The tickets that this user sees, as they are now."""

    user: User

    @cached_property
    def now(self) -> datetime:
        return timezone.now()

    @cached_property
    def _open(self) -> TicketQuerySet:
        return Ticket.objects.visible_to(self.user).unfinished()

    @cached_property
    def _waiting(self) -> TicketQuerySet:
        return self._open.filter(waiting_since__isnull=False)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many there are, wait, are nobody's, are on hold."""
        return self._open.aggregate(
            open=Count("pk"),
            waiting=Count("pk", filter=Q(waiting_since__isnull=False)),
            unassigned=Count("pk", filter=Q(waiting_since__isnull=False, assignee=None)),
            on_hold=Count("pk", filter=Q(status=Ticket.Status.ON_HOLD)),
            chats=Count(
                "pk", filter=Q(waiting_since__isnull=False, channel__kind__in=LIVE, assignee=None)
            ),
        )

    @cached_property
    def teams(self) -> list[tuple[str, int, int, datetime | None]]:
        """Each team's name, open, waiting, and since when the oldest waits."""
        rows = (
            self._open.values("team__name")
            .annotate(
                n=Count("pk"),
                waiting=Count("pk", filter=Q(waiting_since__isnull=False)),
                oldest=Min("waiting_since"),
            )
            .order_by("-waiting", "team__name")
        )
        return [(row["team__name"], row["n"], row["waiting"], row["oldest"]) for row in rows]

    @cached_property
    def ages(self) -> list[tuple[str | Promise, int]]:
        """How long customers have been waiting for an answer."""
        counts = self._waiting.aggregate(
            **{
                f"age{place}": Count(
                    "pk",
                    filter=Q(waiting_since__lte=self.now - begin, waiting_since__gt=self.now - end),
                )
                for place, (_name, begin, end) in enumerate(AGES)
            }
        )
        return [(name, counts[f"age{place}"]) for place, (name, *_ends) in enumerate(AGES)]

    @cached_property
    def oldest(self) -> list[Ticket]:
        rows = self._waiting.select_related("customer", "team", "assignee")
        return list(rows.order_by("waiting_since", "pk")[:5])

    @cached_property
    def breaking(self) -> tuple[int, int]:
        """Promises broken already on open tickets, and those that break within the hour."""
        targets = Target.objects.filter(ticket__in=self._open, state=Target.State.RUNNING)
        counts = targets.aggregate(
            broken=Count("ticket", distinct=True, filter=Q(due_at__lte=self.now)),
            soon=Count(
                "ticket",
                distinct=True,
                filter=Q(due_at__gt=self.now, due_at__lte=self.now + timedelta(hours=1)),
            ),
        )
        return counts["broken"], counts["soon"]

    @cached_property
    def online(self) -> list[User]:
        """Agents who say that they are there."""
        agents = User.objects.agents().filter(status=User.Status.ONLINE)
        if not self.user.sees_all:
            agents = agents.filter(teams__in=self.user.teams.all()).distinct()
        return list(agents)
