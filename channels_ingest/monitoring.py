"""What operators see of the channels: whether messages flow, and since when they do not."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_ingest.email import storms
from channels_ingest.models import Connection, InboundEvent
from crm.models import Identity
from helpdesk import health
from tickets.models import Delivery

# What waits longer than this is late: the sweepers come by three times a minute.
_LATE = timedelta(minutes=5)
# A mailbox is looked at every minute, or every five where the server tells what is new.
_SILENT = timedelta(minutes=15)
# No need to count further to know that something is wrong.
_MOST = 1_000

_BROKEN = [Connection.State.ERROR, Connection.State.NEEDS_REAUTH]


@health.check("journal")
def _journal() -> None:
    late = InboundEvent.objects.filter(
        state__in=InboundEvent.WAITING, next_attempt_at__lt=timezone.now() - _LATE
    )
    if count := late[:_MOST].count():
        raise health.Unhealthy(
            ngettext(
                "%(count)s event waits to be processed.",
                "%(count)s events wait to be processed.",
                count,
            )
            % {"count": count}
        )


@health.check("outbox")
def _outbox() -> None:
    if count := _undelivered().filter(next_attempt_at__lt=timezone.now() - _LATE)[:_MOST].count():
        raise health.Unhealthy(
            ngettext(
                "%(count)s message waits to be sent.",
                "%(count)s messages wait to be sent.",
                count,
            )
            % {"count": count}
        )


@health.check("channels")
def _channels() -> None:
    broken = _in_use().filter(state__in=_BROKEN).values_list("channel__name", flat=True)
    if names := sorted(broken):
        raise health.Unhealthy(_("These do not work: %(names)s.") % {"names": ", ".join(names)})
    silent_since = timezone.now() - _SILENT
    silent = [
        row.channel.name
        for row in _in_use().filter(channel__created_at__lt=silent_since)
        if row.adapter.is_polled(row) and (row.last_ok_at or silent_since) <= silent_since
    ]
    if silent:
        names = sorted(silent)
        raise health.Unhealthy(
            _("These were not read for 15 minutes: %(names)s.") % {"names": ", ".join(names)}
        )


@health.check("storms")
def _storms() -> None:
    if count := storming().count():
        raise health.Unhealthy(
            ngettext(
                "%(count)s sender writes more mail than a person can; nothing answers it.",
                "%(count)s senders write more mail than a person can; nothing answers them.",
                count,
            )
            % {"count": count}
        )


def storming() -> QuerySet[Identity]:
    """Who has sent a storm of mail within the last day, newest first known."""
    return Identity.objects.filter(pk__in=storms.current()).select_related("customer")


@health.gauge(
    "helpdesk_journal_oldest_seconds", "Age of the oldest unprocessed event", labels=["kind"]
)
def _oldest_event() -> Iterator[tuple[list[str], float]]:
    waiting = InboundEvent.objects.filter(state__in=InboundEvent.WAITING)
    for kind, at in waiting.values_list("kind").annotate(Min("received_at")):
        yield [kind], _age_s(at)


@health.gauge("helpdesk_journal_dead", "Events that failed for good", labels=["kind"])
def _dead_events() -> Iterator[tuple[list[str], float]]:
    for kind, count in _dead().values_list("kind").annotate(Count("pk")):
        yield [kind], count


@health.gauge(
    "helpdesk_outbox_oldest_seconds", "Age of the oldest message not yet sent", labels=["kind"]
)
def _oldest_delivery() -> Iterator[tuple[list[str], float]]:
    rows = _undelivered().values_list("channel__kind").annotate(Min("created_at"))
    for kind, at in rows:
        yield [kind], _age_s(at)


@health.gauge(
    "helpdesk_channel_last_ok_seconds",
    "Time since a channel last worked",
    labels=["channel", "kind"],
)
def _last_ok() -> Iterator[tuple[list[str], float]]:
    for row in _in_use().filter(last_ok_at__isnull=False):
        if row.last_ok_at is not None:
            yield [str(row.channel.public_id), row.channel.kind], _age_s(row.last_ok_at)


def _dead() -> QuerySet[InboundEvent]:
    return InboundEvent.objects.filter(state=InboundEvent.State.DEAD)


def _undelivered() -> QuerySet[Delivery]:
    """Queued and not put off on purpose, on channels that may send."""
    now = timezone.now()
    return Delivery.objects.filter(
        Q(not_before__isnull=True) | Q(not_before__lte=now),
        state=Delivery.State.QUEUED,
        channel__active=True,
    )


def _in_use() -> QuerySet[Connection]:
    return (
        Connection.objects.select_related("channel")
        .filter(channel__active=True)
        .exclude(state=Connection.State.DISABLED)
    )


def _age_s(at: datetime) -> float:
    return (timezone.now() - at).total_seconds()
