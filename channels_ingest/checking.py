"""Looks once a day whether connections still work that can break without anybody noticing."""

from channels_ingest import adapter, health, waking
from channels_ingest.adapter import Check
from channels_ingest.models import Connection


def check_all() -> None:
    """Queue a check of each active connection whose kind wants one."""
    kinds = [each.kind.name for each in adapter.registered() if each.checked_daily]
    rows = Connection.objects.filter(channel__kind__in=kinds, channel__active=True)
    waking.check(rows.exclude(state=Connection.State.DISABLED).values_list("pk", flat=True))


def check(connection_id: int) -> Check:
    """Try a connection now and keep what was found, for the health page."""
    connection = Connection.objects.select_related("channel").get(pk=connection_id)
    result = connection.adapter.check(connection)
    if result.ok:
        health.worked(connection.channel_id)
    elif result.needs_reauth:
        health.needs_reauth(connection.channel_id, result.text)
    else:
        health.failed(connection.channel_id, result.text)
    return result
