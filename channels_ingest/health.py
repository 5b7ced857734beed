"""Whether a channel's connection works, in words for its admin."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from channels_ingest.adapter import Refused, Unavailable
from channels_ingest.models import Connection

_WORKS_AGAIN = [Connection.State.ERROR, Connection.State.NEEDS_REAUTH]
# How often a success is written down; more would be a write for each message.
_EVERY = timedelta(seconds=30)


def worked(channel_id: int) -> None:
    """The provider answered: whatever was wrong is over."""
    now = timezone.now()
    rows = Connection.objects.filter(channel=channel_id)
    if not rows.filter(state__in=_WORKS_AGAIN).update(
        state=Connection.State.ACTIVE, error="", failures=0, last_ok_at=now
    ):
        rows.exclude(last_ok_at__gt=now - _EVERY).update(last_ok_at=now, failures=0, error="")


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


def may_send(channel_id: int) -> bool:
    """False while the queue of a channel is paused."""
    return not Connection.objects.filter(
        channel=channel_id,
        state__in=[Connection.State.NEEDS_REAUTH, Connection.State.DISABLED],
    ).exists()
