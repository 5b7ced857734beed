"""Whether a channel's connection works, in words for its admin."""

from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from channels_ingest.adapter import Refused, Unavailable
from channels_ingest.models import Connection
from tickets import receiving
from tickets.incoming import Restriction

_WORKS_AGAIN = [Connection.State.ERROR, Connection.State.NEEDS_REAUTH]
# How long a provider's stop is taken to last, where it says nothing of its end.
_RESTRICTED = timedelta(days=1)
# How often a success is written down; more would be a write for each message.
_EVERY = timedelta(seconds=30)


def worked(channel_id: int) -> None:
    """The provider answered: whatever was wrong is over."""
    now = timezone.now()
    rows = Connection.objects.filter(channel=channel_id)
    if not rows.filter(state__in=_WORKS_AGAIN).update(
        state=Connection.State.ACTIVE, error="", failures=0, last_ok_at=now, paused_until=None
    ):
        rows.exclude(last_ok_at__gt=now - _EVERY).update(last_ok_at=now, failures=0, error="")


def fetched(channel_id: int) -> None:
    """Fetching works. That says nothing of a sign-in that was refused when we sent."""
    refused = Connection.objects.filter(
        channel=channel_id, state=Connection.State.NEEDS_REAUTH
    ).update(last_ok_at=timezone.now())
    if not refused:
        worked(channel_id)


def sent(channel_id: int) -> None:
    """Sending works, and so does the sign-in; trouble with fetching stays told until that works."""
    now = timezone.now()
    rows = Connection.objects.filter(channel=channel_id)
    if rows.filter(state=Connection.State.ERROR, paused_until__isnull=True).exists():
        rows.update(last_ok_at=now)
    else:
        worked(channel_id)


def failed(channel_id: int, error: str) -> None:
    """A passing fault; the sentence is shown until the next success."""
    Connection.objects.filter(channel=channel_id).update(
        state=Connection.State.ERROR,
        error=error,
        last_error_at=timezone.now(),
        failures=F("failures") + 1,
    )


def needs_reauth(channel_id: int, error: str) -> None:
    """The provider refuses our credentials: nothing goes out until an admin signs in again."""
    Connection.objects.filter(channel=channel_id).update(
        state=Connection.State.NEEDS_REAUTH, error=error, last_error_at=timezone.now()
    )


def report(channel_id: int, error: Refused | Unavailable) -> None:
    """What a provider said when we fetched or sent."""
    if isinstance(error, Refused) and error.needs_reauth:
        needs_reauth(channel_id, str(error))
    else:
        failed(channel_id, str(error))


def paused(channel_id: int, error: str, until: datetime) -> None:
    """The provider stopped the account: what is queued stays queued until then."""
    Connection.objects.filter(channel=channel_id).exclude(
        state__in=[Connection.State.NEEDS_REAUTH, Connection.State.DISABLED]
    ).update(
        state=Connection.State.ERROR,
        error=error,
        last_error_at=timezone.now(),
        paused_until=until,
    )


def restriction(
    item: Restriction, *, event_id: int | None = None, source_key: str | None = None
) -> None:
    """The provider told by an event of its own that it stops the account, or goes on."""
    if item.error:
        paused(item.channel_id, item.error, timezone.now() + _RESTRICTED)
    else:
        Connection.objects.filter(channel=item.channel_id, paused_until__isnull=False).update(
            state=Connection.State.ACTIVE, error="", paused_until=None
        )


def may_send(channel_id: int) -> bool:
    """False while the queue of a channel is paused."""
    return not Connection.objects.filter(stopped(), channel=channel_id).exists()


def stopped(prefix: str = "") -> Q:
    """The condition on connections (`prefix` leads to them) through which nothing goes out now."""
    return Q(
        **{f"{prefix}state__in": [Connection.State.NEEDS_REAUTH, Connection.State.DISABLED]}
    ) | Q(**{f"{prefix}paused_until__gt": timezone.now()})


receiving.take.register(Restriction, restriction)
